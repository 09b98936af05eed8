"""Compares the filters an answer of Beacon v2 echoes with those that were sent.

Echoes are texts, objects or one comma list (framework v2.1.1 wants texts, sections/
beaconResponseMeta.json), and many name ids alone: what an echo does not tell is not compared.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

NOT_TOLD: Final = ("", "string", "null", "none", "not provided")
"""Texts that stand for "not told", in lower case."""

_COMPARISON: Final = re.compile(r"(.*?):?([<>=!]+)(.*)", re.DOTALL)
_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?", re.ASCII)
_OPERATORS: Final = {"==": "=", "!=": "!", "<>": "!", "=<": "<=", "=>": ">="}


@dataclass(frozen=True, slots=True)
class _Filter:
    """A filter as far as it is told; ids in one spelling, empty texts for what is not told."""

    id: str
    operator: str = ""
    value: str = ""

    @property
    def ontology(self) -> str:
        """The prefix of a term: `hp` of `HP:0001250`."""
        prefix, colon, _ = self.id.partition(":")
        return prefix if colon else ""


def filters_differ(sent: Any, echoed: Any) -> bool:
    """Whether an echo tells other filters than those that were sent.

    Every filter that was sent must be there, with its operator and value where both are told, and
    no other one but terms of the same ontology, which may stand below one that was sent. An echo
    without readable filters tells nothing.
    """
    ours = _read(sent)
    readings = [told for told in (_read(echoed), _read(_joined(echoed))) if told]
    return bool(readings) and all(_contradicts(ours, told) for told in readings)


def _contradicts(sent: Sequence[_Filter], told: Sequence[_Filter]) -> bool:
    if any(not any(_agree(one, other) for other in told) for one in sent):
        return True
    known = {one.id for one in sent}
    ontologies = {one.ontology for one in sent if one.ontology}
    return any(one.id not in known and one.ontology not in ontologies for one in told)


def _agree(sent: _Filter, told: _Filter) -> bool:
    if sent.id != told.id:
        return False
    if sent.operator and told.operator and sent.operator != told.operator:
        return False
    return not sent.value or not told.value or _same_value(sent.value, told.value)


def _same_value(sent: str, told: str) -> bool:
    numbers = [float(one) if _NUMBER.fullmatch(one) else None for one in (sent, told)]
    if numbers.count(None) == 1:
        return True  # the member's own unit, as days for a duration
    return numbers[0] == numbers[1] if None not in numbers else _spelled(sent) == _spelled(told)


def _read(filters: Any) -> list[_Filter]:
    items = filters.split(",") if isinstance(filters, str) else filters
    listed = items if isinstance(items, list) else [items]
    return [one for item in listed if (one := _filter(item)) is not None]


def _joined(filters: Any) -> Any:
    """Split a list of comma lists, as naive readers of an address echo it."""
    if not isinstance(filters, list):
        return None
    return [
        piece
        for item in filters
        for piece in (item.split(",") if isinstance(item, str) else [item])
    ]


def _filter(item: Any) -> _Filter | None:
    given = {"id": item} if isinstance(item, str) else item
    if not isinstance(given, dict):
        return None
    name, operator, value = (_text(given.get(key)) for key in ("id", "operator", "value"))
    if (found := _COMPARISON.fullmatch(name)) is not None:
        name = found[1]
        operator, value = operator or found[2], value or found[3].strip()
    if not (identifier := _spelled(name)):
        return None
    return _Filter(identifier, _OPERATORS.get(operator, operator), value)


def _spelled(text: str) -> str:
    return text.strip().replace("_", ":").casefold()


def _text(value: Any) -> str:
    """Give a value as text; empty for what is not told."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    text = str(value).strip()
    return "" if text.lower() in NOT_TOLD else text
