"""Who wins when a declaration and the registry differ: field by field, the operator.

What is declared (a seed file, a registry that is followed) is remembered beside what the registry
holds. A field follows its declaration as long as nobody changed it in the registry; one that was
changed there stays, and the difference is told. Pure.
"""

from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)


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


def _fields(model: BaseModel) -> dict[str, object]:
    return model.model_dump(mode="json", exclude_defaults=True)
