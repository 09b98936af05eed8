"""Other people's words, made fit to be shown: one line, no tricks, not too long.

Templates escape; this is about what escaping does not help against: marks that turn the reading
direction around, control characters in terminals and tables, names of a hundred kilobytes.
"""

import unicodedata
from typing import Final
from urllib.parse import urlsplit

from aggregator.protocol.tolerant import is_web_address

MAX_NAME: Final = 120
MAX_SENTENCE: Final = 700
MAX_QUERY: Final = 1_000
_JOINERS: Final = "\u200c\u200d"
"""Some scripts need them; all other invisible marks go."""


def clean(text: str | None, limit: int = MAX_NAME) -> str:
    """Give a text in one line of at most `limit` characters, without control characters."""
    if not text:
        return ""
    raw = text[: 4 * limit]
    if not raw.isprintable():
        raw = "".join(
            " " if c.isspace() else c
            for c in raw
            if c.isspace() or c in _JOINERS or not unicodedata.category(c).startswith("C")
        )
    line = " ".join(raw.split())
    if len(line) > limit or len(text) > 4 * limit:
        line = line[: limit - 1].rstrip() + "…"
    return line


def link_host(url: str) -> str | None:
    """Give the host of an address that may be shown as a link; None for any other."""
    if not is_web_address(url):
        return None
    host = urlsplit(url).hostname or ""
    try:
        # Written as the wire has it: a name in look-alike letters shows as what it is.
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return None
