"""Who wins when a declaration and the registry differ: field by field, the operator.

What is declared (a seed file, a registry that is followed) is remembered beside what the registry
holds. A field follows its declaration as long as nobody changed it in the registry; one that was
changed there stays, and the difference is told. Pure.
"""

from dataclasses import dataclass
from typing import Final, TypeVar

from pydantic import BaseModel

from registry.models import MemberEntry
from registry.places import place_of_url
from registry.records import MemberRecord

M = TypeVar("M", bound=BaseModel)

_NO_CREDENTIAL: Final = MemberEntry.model_fields["token"].default


@dataclass(frozen=True, slots=True)
class Joined:
    """What comes of a new declaration."""

    document: dict[str, object]
    """The fields to hold from now on; those left out are at their default."""
    kept: tuple[str, ...]
    """Fields that stay as they are in the registry although the declaration says otherwise."""


def join(declared_before: M | None, held: M, declared_now: M) -> Joined:
    """Join a new declaration with what the registry holds.

    Without an earlier declaration, fields that nobody set in the registry are taken from the new
    one.
    """
    before = {} if declared_before is None else _fields(declared_before)
    here, there = _fields(held), _fields(declared_now)
    document: dict[str, object] = {}
    kept = []
    for name in type(held).model_fields:
        old, mine, theirs = before.get(name), here.get(name), there.get(name)
        value = theirs if mine == old else mine
        if value != theirs:
            kept.append(name)
        if value is not None:
            document[name] = value
    return Joined(document, tuple(kept))


def moved(
    record: MemberRecord, made: MemberEntry, listed: MemberEntry, *, waits: bool
) -> tuple[MemberEntry, MemberEntry | None]:
    """Give a member of a list as it stays, and what waits for an operator.

    A list that says another address than before may send questions elsewhere: that waits if the
    list `waits`, and always where a credential of ours would go with them.
    """
    here, before = record.entry.url, record.declared
    waiting = None if record.proposed is None else record.proposed.url
    is_news = before is None or before.url != listed.url
    if is_news and (before is None or before.url == here or waiting is not None):
        must_wait = waits or record.entry.token != _NO_CREDENTIAL
        waiting = listed.url if must_wait else None
        made = made.model_copy(update={"url": here if must_wait else listed.url})
    if waiting is None or place_of_url(waiting) == place_of_url(made.url):
        return made, None
    return made, made.model_copy(update={"url": waiting})


def _fields(model: BaseModel) -> dict[str, object]:
    return model.model_dump(mode="json", exclude_defaults=True)
