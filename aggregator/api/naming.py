"""Tells members of the same name apart."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from aggregator.api.texts import MAX_NAME, clean

_FEWEST: Final = 12
"""So much of a name is shown beside an id, however long that is."""


def told_apart(named: Iterable[tuple[str, str]], limit: int = MAX_NAME) -> dict[str, str]:
    """Give what each is to be called, by id, of pairs of id and name; cut to about `limit`.

    A name that several have, or seem to have once it is cut, is followed by the id: `Name (id)`.
    So is a name that is what another is called then.
    """
    names = dict(named)
    shown = {member_id: clean(name, limit) for member_id, name in names.items()}
    found = Counter(name.casefold() for name in shown.values())
    newly = {member_id for member_id, name in shown.items() if found[name.casefold()] > 1}
    told: dict[str, str] = {}
    while newly:
        told |= {member_id: _with_id(names[member_id], member_id, limit) for member_id in newly}
        taken = {told[member_id].casefold() for member_id in newly}
        newly = {member_id for member_id, name in shown.items() if name.casefold() in taken}
        newly -= told.keys()
    return shown | told


def _with_id(name: str, member_id: str, limit: int) -> str:
    told = f" ({member_id})"
    return clean(name, max(_FEWEST, limit - len(told))) + told
