"""What a beacon may say of itself when it joins and later, and how entries are checked. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from aggregator.base.errors import BadQuery
from registry.models import OPERATOR_ONLY, MemberEntry, Organization, describe_problems
from registry.records import as_document


class Registration(BaseModel):
    """What a beacon says of itself when it joins; anything else is the operator's to say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    url: str
    name: str = ""
    description: str = ""
    organization: Organization | None = None
    protocol: str = "auto"
    assemblies: tuple[str, ...] = ()
    contact: str = Field(default="", max_length=320)

    @field_validator("contact")
    @classmethod
    def _check_contact(cls, value: str) -> str:
        value = value.strip()
        name, at, host = value.rpartition("@")
        if value and not (
            at and name and "." in host and value.isprintable() and not {*" <>,"} & {*value}
        ):
            raise ValueError("an e-mail address, as name@example.org")
        return value

    def entry(self) -> MemberEntry:
        """Give the entry it makes; raises `ValidationError`."""
        return MemberEntry.model_validate(
            self.model_dump(exclude={"contact"}, exclude_defaults=True, mode="json")
        )


def checked_entry(document: Mapping[str, Any]) -> MemberEntry:
    """Read an entry; raises `BadQuery` naming every field that is wrong."""
    return checked(lambda: MemberEntry.model_validate(dict(document)))


def checked_registration(document: Mapping[str, Any]) -> Registration:
    """Read a registration; raises `BadQuery` naming every field that is wrong."""
    forbidden = sorted(OPERATOR_ONLY & document.keys())
    problems = [f"{name}: only the operator of this network sets it" for name in forbidden]
    rest = {name: value for name, value in document.items() if name not in OPERATOR_ONLY}
    registration = None
    try:
        registration = Registration.model_validate(rest)
    except ValidationError as error:
        problems += describe_problems("", error.errors())
    known = {name: value for name, value in rest.items() if name in MemberEntry.model_fields}
    try:
        MemberEntry.model_validate(known)
    except ValidationError as error:
        problems += describe_problems("", error.errors())
    if problems or registration is None:
        raise BadQuery(tuple(dict.fromkeys(problems)))
    return registration


def checked(make: Callable[[], MemberEntry]) -> MemberEntry:
    """Make an entry; raises `BadQuery` naming every field that is wrong."""
    try:
        return make()
    except ValidationError as error:
        raise BadQuery(describe_problems("", error.errors())) from None


def edited(entry: MemberEntry, changes: Mapping[str, Any]) -> MemberEntry:
    """Give an entry with other fields; None is a field's default. Raises `BadQuery`."""
    if "id" in changes and changes["id"] != entry.id:
        raise BadQuery(["id: it cannot be changed; add a member with the other id instead"])
    document = {**as_document(entry), **changes}
    return checked_entry({key: value for key, value in document.items() if value is not None})


def with_own(entry: MemberEntry, proposed: MemberEntry | None) -> MemberEntry:
    """Take from a proposal what a member may say of itself; the rest stays as it is now."""
    if proposed is None:
        return entry
    own = Registration.model_fields.keys() & MemberEntry.model_fields.keys()
    return entry.model_copy(update={name: getattr(proposed, name) for name in own})
