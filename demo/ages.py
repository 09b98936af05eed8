"""Ages in filters: whole years, written `41` or, as ISO 8601 does, `P41Y`."""

import operator
import re
from collections.abc import Callable, Mapping

_COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "=": operator.eq,
    "!": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_YEARS = re.compile(r"P?(\d{1,3})Y?")


def is_condition(comparison: str, value: str) -> bool:
    """Whether this is a condition on an age at all."""
    return comparison in _COMPARISONS and _YEARS.fullmatch(value) is not None


def meets(age: int, comparison: str, value: str) -> bool:
    """Whether an age in years meets a condition; what is none is met by nobody."""
    years = _YEARS.fullmatch(value)
    compare = _COMPARISONS.get(comparison)
    return compare is not None and years is not None and compare(age, int(years[1]))
