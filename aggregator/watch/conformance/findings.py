"""Collects the verdicts of a run, one for every rule of the protocol."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from aggregator.watch.conformance.asking import Exchange
from aggregator.watch.conformance.report import Finding, Judgement, Verdict
from aggregator.watch.conformance.rule import Rule

NOT_ASKED: Final = "Not asked"
UNTOLD: Final = "not shown: it came to a credential"
_QUOTED: Final = re.compile(r"“[^”]*”|\"[^\"]*\"")


class Findings:
    """What was found; a rule speaks once, the first time counts."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._rules = rules
        self._found: dict[str, Finding] = {}

    def add(self, rule: str, judgement: Judgement, exchange: Exchange | None = None) -> None:
        """Note the judgement on a rule, with the exchange that showed it."""
        if rule not in self._rules:
            raise KeyError(rule)
        is_shown = exchange is not None and judgement.verdict is not Verdict.SKIPPED
        if exchange is not None and exchange.has_token:
            judgement = _without_content(judgement)
        self._found.setdefault(
            rule,
            Finding(
                rule,
                judgement.verdict,
                f"{judgement.message.rstrip('.')}.",
                judgement.expected,
                judgement.got,
                exchange.curl if exchange is not None and is_shown else "",
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
    """Leave out what a member told this network and need not tell everybody."""
    return replace(
        judgement,
        message=_QUOTED.sub("“…”", judgement.message),
        got=UNTOLD if judgement.got else "",
        deviations=tuple(
            replace(one, message=_QUOTED.sub("“…”", one.message)) for one in judgement.deviations
        ),
    )
