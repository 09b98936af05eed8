"""What operators send to `/admin/api`: every field checked, none ignored."""

import re
from typing import Annotated, Any, Literal, TypeVar

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from aggregator.api.http import read_body
from aggregator.base.errors import BadQuery, NotFound
from registry.models import MAX_URL, MEMBER_ID, describe_problems
from registry.registration import Registration

B = TypeVar("B", bound=BaseModel)

ListForm = Literal["auto", "ga4gh", "elixir", "ega", "csv", "seed"]
"""How a list of members may be written."""
LIST_FORMS: tuple[ListForm, ...] = ("auto", "ga4gh", "elixir", "ega", "csv", "seed")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def plain(text: str) -> str:
    """Give a text back; raises `ValueError` for one with control characters."""
    if _CONTROL.search(text):
        raise ValueError("no control characters")
    return text


Note = Annotated[str, Field(max_length=500), AfterValidator(plain)]
Address = Annotated[str, Field(max_length=MAX_URL), AfterValidator(plain)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NoBody(_Body):
    """Nothing is to be said."""


class NoteBody(_Body):
    """Why."""

    note: Note = ""


class PauseBody(_Body):
    """Until when, as a date or moment, and why."""

    until: Annotated[str, Field(max_length=40), AfterValidator(plain)] | None = None
    note: Note = ""


class OrderBody(_Body):
    """The members that come first."""

    order: list[str]


class InvitationBody(_Body):
    """An invitation: `days` and `uses` None stand for an open end and any number."""

    kind: Literal["invitation"] = "invitation"
    note: Note = ""
    days: int | None = None
    uses: int | None = 1


class AppointmentBody(_Body):
    """An operator's token."""

    kind: Literal["operator"]
    name: str


class ImportBody(_Body):
    """A list to take members from: at an address, or as it is."""

    url: Address | None = None
    text: Annotated[str, Field(min_length=1)] | None = Field(default=None, alias="list")
    form: ListForm = "auto"
    groups: list[str] = []
    waits: bool = False


class FollowBody(_Body):
    """A registry whose members are followed."""

    id: str
    url: Address
    form: ListForm = "auto"
    groups: list[str] = []
    trusted: bool = False


async def body_of(request: web.Request, kind: type[B]) -> B:
    """Read a body; raises `BadQuery` naming every field that is wrong."""
    return checked_body(kind, await read_body(request))


def checked_body(kind: type[B], document: dict[str, Any]) -> B:
    """Check a body; raises `BadQuery` naming every field that is wrong."""
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        raise BadQuery(describe_problems("", error.errors())) from None


def checked_contact(text: object) -> str:
    """Check the e-mail address for outages; None is none. Raises `BadQuery`."""
    stand_in = {"id": "checked", "url": "https://checked.example"}
    return checked_body(Registration, {**stand_in, "contact": text or ""}).contact


def id_in_path(request: web.Request, noun: str = "member") -> str:
    """Give the id a path names; raises `NotFound` for what can be no id."""
    named = request.match_info["id"]
    if not MEMBER_ID.fullmatch(named):
        raise NotFound(f"There is no {noun} “{named[:80]}”.")
    return named
