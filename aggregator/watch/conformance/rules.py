"""The rules a member is judged by: stable names, titles, what to change, where it is written."""

from collections.abc import Mapping
from typing import Final

from aggregator.watch.conformance.rule import Rule
from aggregator.watch.conformance.rules_v1 import V1
from aggregator.watch.conformance.rules_v2 import V2
from registry.models import Protocol

RULES: Final[Mapping[Protocol, Mapping[str, Rule]]] = {Protocol.V2: V2, Protocol.V1: V1}
"""The rules of each protocol that has any, by their id, in the order of a report."""
EVERY_RULE: Final[Mapping[str, Rule]] = {**V2, **V1}
