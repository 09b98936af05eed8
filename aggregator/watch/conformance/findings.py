"""Collects the verdicts of a run, one for every rule of the protocol."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from aggregator.protocol.wire import Request
from aggregator.watch.conformance.asking import Exchange
from aggregator.watch.conformance.documents import Deviation
from aggregator.watch.conformance.report import Finding, Judgement, Verdict
from aggregator.watch.conformance.rule import Rule
from aggregator.watch.conformance.shape_faults import MISSING

NOT_ASKED: Final = "Not asked"
UNTOLD: Final = "not shown: it came to a credential"
WITHHELD: Final = "is not as the schema has it"
_QUOTED: Final = re.compile(r"“.*”", re.DOTALL)
"""From the first mark to the last: what a member says may hold marks of its own."""


def _as_it_is(text: str) -> str:
    return text


class Findings:
    """What was found; a rule speaks once, the first time counts.

    `masked` takes our own credential out of a text, in whatever a member repeats of it.
    """

    def __init__(self, rules: Mapping[str, Rule], masked: Callable[[str], str] = _as_it_is) -> None:
        self._rules = rules
        self._masked = masked
        self._found: dict[str, Finding] = {}

    def add(self, rule: str, judgement: Judgement, exchange: Exchange | None = None) -> None:
        """Note the judgement on a rule, with the exchange that showed it."""
        if rule not in self._rules:
            raise KeyError(rule)
        is_shown = exchange is not None and judgement.verdict is not Verdict.SKIPPED
        if exchange is not None and exchange.has_token:
            judgement = _without_content(judgement)
            if exchange.is_theirs:
                judgement = replace(judgement, expected=UNTOLD if judgement.expected else "")
                exchange = replace(exchange, request=_without_parameters(exchange.request))
        masked = self._masked
        self._found.setdefault(
            rule,
            Finding(
                rule,
                judgement.verdict,
                masked(f"{judgement.message.rstrip('.')}."),
                masked(judgement.expected),
                masked(judgement.got),
                masked(exchange.curl) if exchange is not None and is_shown else "",
                judgement.deviations,
            ),
        )

    def skip(self, rule: str, why: str) -> None:
        """Note why a rule is not judged."""
        self.add(rule, Judgement(Verdict.SKIPPED, why))

    def all(self) -> tuple[Finding, ...]:
        """Give the verdict on every rule, in their order."""
        for rule in self._rules:
            self.skip(rule, NOT_ASKED)
        return tuple(self._found[rule] for rule in self._rules)


def _without_content(judgement: Judgement) -> Judgement:
    """Leave out what a member told this network and need not tell everybody.

    Of its own words a message holds none outside quotation marks, and a bare path none at all.
    """
    message = judgement.message
    if judgement.deviations:
        message = message.partition(":")[0]
    return replace(
        judgement,
        message=_QUOTED.sub("“…”", message),
        expected=_QUOTED.sub("“…”", judgement.expected),
        got=UNTOLD if judgement.got else "",
        deviations=tuple(map(_bare, judgement.deviations)),
    )


def _without_parameters(request: Request) -> Request:
    return replace(request, url=request.url.partition("?")[0], body=None)


def _bare(one: Deviation) -> Deviation:
    message = MISSING if one.message == MISSING else WITHHELD
    return replace(one, path=one.bare_path, message=message)
