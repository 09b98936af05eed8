"""Reads what v2 members say beside an answer: a text, an object with a description, or a list."""

from collections.abc import Sequence
from typing import Any, Final

from aggregator.protocol.failures import error_text

MAX_WARNINGS: Final = 5
"""How many warnings of one kind are passed on."""


def texts_of(value: Any) -> list[str]:
    """Read the first messages for people, cut to a length that can be shown."""
    items = [item for item in (value if isinstance(value, list) else [value]) if item]
    return [text for item in items[:MAX_WARNINGS] if (text := error_text(item))]


def uncut_texts(values: Sequence[Any]) -> list[str]:
    """Give every text in messages of any shape, whole: what is looked for may stand anywhere."""
    left = list(values)
    texts: list[str] = []
    while left:
        one = left.pop()
        if isinstance(one, str):
            texts.append(one)
        elif isinstance(one, dict):
            left += one.values()
        elif isinstance(one, list):
            left += one
    return texts
