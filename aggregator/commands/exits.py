"""Exit codes of the command line."""

from collections.abc import Mapping
from typing import Any, Final

from aggregator.commands.remote import members_of, verdict_of
from aggregator.model.merged import NetworkAnswer, Verdict
from aggregator.model.outcome import Ending

FOUND = 0
USAGE = 2
UNKNOWN = 3
UNUSABLE = 4
"""Settings, members or a connection that cannot be used."""
NOT_FOUND = 10
INTERRUPTED = 130
PIPE_CLOSED = 141
"""The reader of a pipe left: what a shell says of a program that SIGPIPE ended."""

_BY_VERDICT: Final = {
    Verdict.FOUND: FOUND,
    Verdict.NOT_FOUND: NOT_FOUND,
    Verdict.UNKNOWN: UNKNOWN,
}


def code_of(answer: NetworkAnswer) -> int:
    """Give the code of an answer; a yes of nobody who can be relied on is no `FOUND`."""
    found = answer.ended(Ending.FOUND)
    return _code(answer.verdict, [outcome.is_untrusted for outcome in found])


def code_of_document(document: Mapping[str, Any]) -> int:
    """Give the code of an answer as a network wrote it, also of one in words not known here."""
    found = [one for one in members_of(document) if one.get("answer") == Ending.FOUND.value]
    return _code(verdict_of(document), [one.get("untrusted") is True for one in found])


def _code(verdict: Verdict, doubts: list[bool]) -> int:
    """`doubts`: of each that reports it, whether it also reports what cannot exist."""
    if verdict is Verdict.FOUND and doubts and all(doubts):
        return UNKNOWN
    return _BY_VERDICT[verdict]
