"""What a look at a followed registry showed, in words for operators."""

from collections.abc import Sequence
from typing import Final

from aggregator.protocol.member_list_items import Listed
from registry.looks import Taken

_NAMED: Final = 10
"""How many members or problems are named; of more the number is given."""


def result_of(listed: Listed, taken: Taken) -> str:
    """Say in words what a look showed."""
    changes = taken.changes
    count = len(listed.entries)
    told = [f"{count:,} beacon{'' if count == 1 else 's'} listed."]
    new = tuple(name for name in changes.added if name not in taken.back)
    for names, what in (
        (changes.removed, "removed"),
        (taken.missed, "not listed, to be removed if the next look does not find them either"),
        (new, "new, waiting for approval" if taken.waits else "added"),
        (taken.back, "back, as they were"),
        (changes.changed, "changed"),
        (taken.known, "here already and left alone"),
    ):
        if names:
            told.append(f"{len(names):,} {what}: {_some(names, ', ')}.")
    kept = [f"{name} {', '.join(fields)}" for name, fields in changes.kept.items()]
    if kept:
        told.append(f"Kept as an operator left it: {_some(kept, '; ')}.")
    if taken.stayed:
        why = (
            "more than half of the members are missing from the list"
            if listed.is_whole
            else "the list could not be read as a whole"
        )
        told.append(f"{taken.stayed:,} not listed any more stay, because {why}.")
    if problems := (*listed.problems, *taken.problems):
        told.append(f"Problems: {_some(problems, '; ')}.")
    if not (changes or kept or taken.stayed or taken.missed):
        told.insert(1, "Nothing changed.")
    return " ".join(told)


def _some(names: Sequence[str], separator: str) -> str:
    more = len(names) - _NAMED
    told = separator.join(names[:_NAMED])
    return f"{told} and {more:,} more" if more > 0 else told
