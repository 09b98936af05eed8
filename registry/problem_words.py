"""What is wrong with a value, in words of ours: for people who never heard of the library."""

from collections.abc import Callable, Mapping
from typing import Any, Final

DAY: Final = "expected a day, as 2030-12-31, or a moment, as 2030-12-31T08:00:00Z"
_LIST: Final = "expected a list"
_KEYS: Final = "expected keys and values"
_TEXT: Final = "expected a text"
_NUMBER: Final = "expected a number"
_WHOLE: Final = "expected a whole number"
_YES: Final = "expected true or false"
_PLAIN: Final[Mapping[str, str]] = {
    "missing": "is needed",
    "extra_forbidden": "unknown key",
    **dict.fromkeys(("tuple_type", "list_type", "set_type", "frozen_set_type"), _LIST),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type"), _KEYS),
    **dict.fromkeys(("string_type", "string_unicode"), _TEXT),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), _NUMBER),
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), _WHOLE),
    **dict.fromkeys(("bool_type", "bool_parsing"), _YES),
}
_LIMITED: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "enum": lambda told: f"expected {told['expected']}",
    "literal_error": lambda told: f"expected {told['expected']}",
    "greater_than": lambda told: f"expected more than {_number(told['gt'])}",
    "greater_than_equal": lambda told: f"expected at least {_number(told['ge'])}",
    "less_than": lambda told: f"expected less than {_number(told['lt'])}",
    "less_than_equal": lambda told: f"expected at most {_number(told['le'])}",
    "string_too_long": lambda told: f"expected at most {_number(told['max_length'])} characters",
    "string_too_short": lambda told: "is empty" if told["min_length"] == 1 else "is too short",
    "too_long": lambda told: f"more than {_number(told['max_length'])} in the list",
    "too_short": lambda told: f"expected at least {_number(told['min_length'])} in the list",
}
"""Errors whose words need what the library tells of them."""
_MOMENTS: Final = ("date_", "datetime_")


def place_and_words(error: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """Give where in the document one of pydantic's errors is, and what is wrong there."""
    kind, place = error["type"], tuple(map(str, error["loc"]))
    if kind.startswith(_MOMENTS):
        # a day or a moment is tried as both; the last part of the place says as which
        return place[:-1] if place[-1:] in {("date",), ("datetime",)} else place, DAY
    if kind in _LIMITED:
        return place, _LIMITED[kind](error["ctx"])
    return place, _PLAIN.get(kind) or error["msg"].removeprefix("Value error, ")


def _number(value: float) -> str:
    return f"{value:,.10g}"
