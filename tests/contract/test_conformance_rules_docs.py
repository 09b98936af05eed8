"""The documentation lists every rule of conformance, and none that is gone."""

import re

from aggregator.watch.conformance.documents import Kind
from aggregator.watch.conformance.rules import EVERY_RULE, RULES
from registry.models import Protocol
from tests.contract.test_docs import first_cells, section, text

HEADINGS = {Protocol.V2: "## Rules of version 2", Protocol.V1: "## Rules of version 1"}


def test_every_rule_is_in_the_documentation_with_its_title_and_place() -> None:
    page = text("docs/conformance.md")

    for protocol, heading in HEADINGS.items():
        part = section(page, heading)
        assert first_cells(part) == list(RULES[protocol])
        for rule in RULES[protocol].values():
            assert f"| `{rule.id}` | {rule.title} | [" in part
            assert f"]({rule.spec}) |" in part


def test_rules_are_named_by_their_version_and_say_what_to_change() -> None:
    for protocol, rules in RULES.items():
        for name, rule in rules.items():
            assert name == rule.id
            assert re.fullmatch(rf"{protocol.value}(\.[a-zA-Z_]+)+", rule.id)
            assert rule.title[0].isupper()
            assert rule.fix.endswith(".")
            assert rule.spec.startswith("https://")
    assert len(EVERY_RULE) == sum(map(len, RULES.values()))


def test_every_document_of_version_2_has_a_rule() -> None:
    documents = (Kind.INFO, Kind.SERVICE_INFO, Kind.CONFIGURATION, Kind.MAP, Kind.ENTRY_TYPES)

    for kind in (*documents, Kind.FILTERING_TERMS):
        assert f"v2.{kind.value}.schema" in EVERY_RULE
