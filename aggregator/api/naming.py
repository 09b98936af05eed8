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
    """
    pairs = list(named)
    shown = {member_id: clean(name, limit) for member_id, name in pairs}
    found = Counter(name.casefold() for name in shown.values())
    return {
        member_id: _with_id(name, member_id, limit)
        if found[shown[member_id].casefold()] > 1
        else shown[member_id]
        for member_id, name in pairs
    }


def _with_id(name: str, member_id: str, limit: int) -> str:
    told = f" ({member_id})"
    return clean(name, max(_FEWEST, limit - len(told))) + told
