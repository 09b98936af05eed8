"""The formats of text the specification names: date and time, address, address with variables.

RFC 3339 (seconds and an offset are required), RFC 3986 (absolute, ASCII) and RFC 6570. The
patterns never look back, so that a long wrong text costs no more than its length.
"""

import re
from datetime import datetime
from typing import Final

_DATE_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
_PLAIN: Final = r"\w\-.~!$&'()*+,;=:@/"
_ESCAPE: Final = r"%[0-9A-Fa-f]{2}"
_HOST_IN_BRACKETS: Final = rf"(?://(?:[{_PLAIN}%]*@)?\[[0-9A-Fa-f:.]+\](?::\d*)?)?"
_PATH: Final = rf"(?:[{_PLAIN}]|{_ESCAPE})*"
_TAIL: Final = rf"(?:[{_PLAIN}?]|{_ESCAPE})*"
_URI: Final = re.compile(
    rf"[A-Za-z][A-Za-z\d+.\-]*:{_HOST_IN_BRACKETS}{_PATH}(?:\?{_TAIL})?(?:#{_TAIL})?", re.ASCII
)
_VARIABLE: Final = rf"(?:\w|{_ESCAPE})(?:[\w.]|{_ESCAPE})*(?::\d{{1,4}}|\*)?"
_URI_TEMPLATE: Final = re.compile(
    rf"""(?:[^\x00-\x20"'%<>\\^`{{|}}]|{_ESCAPE}|"""
    rf"""\{{[+#./;?&=,!@|]?{_VARIABLE}(?:,{_VARIABLE})*\}})*"""
)


def is_date_time(text: str) -> bool:
    """Tell whether a text is a date with time and offset, such as 2026-01-02T03:04:05Z."""
    if not _DATE_TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text.upper())
    except ValueError:  # no such day or hour
        return False
    return True


def is_uri(text: str) -> bool:
    """Tell whether a text is a complete address, with its scheme."""
    return _URI.fullmatch(text) is not None


def is_uri_template(text: str) -> bool:
    """Tell whether a text is an address, complete or not, with or without {variables}."""
    return _URI_TEMPLATE.fullmatch(text) is not None
