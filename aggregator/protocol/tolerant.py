"""Reads single values as real members write them: generous in form, never inventing a meaning.

What cannot be read is None or unknown; nothing here raises.
"""

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from yarl import URL

from aggregator.model.answer import Exists, Handover

MAX_TEXT: Final = 300
"""The most characters of a member's own words that are passed on."""
MAX_HANDOVERS: Final = 100
MAX_URL: Final = 2_000
MAX_COUNT: Final = 10**15

_YES: Final = {"true", "yes", "y", "1", "found"}
_NO: Final = {"false", "no", "n", "0", "not found", "overlap"}
# "overlap": other variants lie there, the allele asked for does not (old Beacon implementations).
_COUNT: Final = re.compile(r"[0-9]{1,15}(?:\.0+)?|[0-9]{1,3}(?:,[0-9]{3}){1,4}")
_UNSAFE_URL: Final = re.compile(r"[\s\x00-\x1f\x7f<>\"\\]")


def exists_of(value: Any) -> Exists:
    """Read a verdict: booleans, 0 and 1, and the words servers use for them."""
    if value is True:
        return Exists.YES
    if value is False:
        return Exists.NO
    if isinstance(value, (int, float)):
        return Exists.of(bool(value)) if value in {0, 1} else Exists.UNKNOWN
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _YES:
            return Exists.YES
        if word in _NO:
            return Exists.NO
    return Exists.UNKNOWN


def count_of(value: Any) -> int | None:
    """Read a count: a number, or digits as text; ranges such as `<10` tell no count."""
    if value is None:
        return None
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if not _COUNT.fullmatch(text):
            return None
        return int(text.replace(",", "").partition(".")[0])
    if isinstance(value, float):
        if not value.is_integer():
            return None
        value = int(value)
    if isinstance(value, int) and 0 <= value <= MAX_COUNT:
        return value
    return None


def frequency_of(value: Any) -> float | None:
    """Read a frequency; 0 is how servers write "not told" (a hit has one above 0)."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) and 0 < value <= 1 else None


def text_of(value: Any, limit: int = MAX_TEXT) -> str | None:
    """Read a short text for people: one line, no control characters, at most `limit` long."""
    if value is None:
        return None
    if isinstance(value, str) and len(value) <= limit and value.isascii() and value.isprintable():
        # what nearly all texts are; the rest below gives the same for them
        if "  " not in value:
            return value.strip() or None
    elif isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    # Only the beginning is looked at: an error page may be megabytes.
    raw = str(value) if not isinstance(value, str) else value[: 4 * limit]
    if not raw.isprintable():
        # Line breaks become spaces; other controls, and marks that turn text around, vanish.
        raw = "".join(c for c in raw if c.isspace() or not unicodedata.category(c).startswith("C"))
    text = " ".join(raw.split())
    if len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    return text or None


def id_of(value: Any) -> str | None:
    """Read an identifier; numbers are taken as they are written, blanks as none."""
    return text_of(value)


def info_of(value: Any) -> dict[str, Any]:
    """Read `info`: an object, v1's list of `{key, value}`, a bare text, or nothing."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, str):
        text = text_of(value, 10 * MAX_TEXT)
        return {"note": text} if text else {}
    if not isinstance(value, list):
        return {}
    read: dict[str, list[Any]] = {}
    for item in value:
        if not isinstance(item, Mapping):
            continue
        if "key" in item:
            read.setdefault(str(item["key"]), []).append(item.get("value"))
        else:
            for key, told in item.items():
                read.setdefault(str(key), []).append(told)
    return {key: told[0] if len(told) == 1 else told for key, told in read.items()}


def handovers_of(*values: Any) -> tuple[Handover, ...]:
    """Read handovers: lists, single objects or null; only those with a web address are kept."""
    found: dict[Handover, None] = {}
    for value in values:
        if value is None:
            continue
        for item in value if isinstance(value, list) else [value]:
            handover = _handover(item) if isinstance(item, Mapping) else None
            if handover is not None and len(found) < MAX_HANDOVERS:
                found[handover] = None
    return tuple(found)


def is_web_address(value: Any) -> bool:
    """Whether a text is a plain http(s) address, safe to show as a link."""
    if not isinstance(value, str) or len(value) > MAX_URL or _UNSAFE_URL.search(value):
        return False
    return is_readable(value)


def is_readable(address: str) -> bool:
    """Whether an http(s) address can be taken apart to its host and port, as for a call."""
    try:
        url = URL(address)
        return url.scheme in {"http", "https"} and bool(url.host) and url.port is not None
    except (ValueError, IndexError):  # UnicodeError of hosts that are no names; a bug of yarl
        return False


def versions_of(value: Any) -> tuple[int, ...]:
    """Read the numbers of a version: `v1.0.1`, `1.1.0-rc0`, 1.0 (a number) or `2.0`."""
    match = re.search(r"\d{1,4}(?:\.\d{1,4}){0,3}", text_of(value) or "")
    return tuple(int(number) for number in match[0].split(".")) if match else ()


def _handover(item: Mapping[str, Any]) -> Handover | None:
    url = item.get("url")
    if isinstance(url, str):
        url = url.strip()
    if not is_web_address(url):
        return None
    kind = item.get("handoverType")
    named = kind if isinstance(kind, Mapping) else {"id": kind}
    identifier = text_of(named.get("id")) or "CUSTOM"
    label = text_of(named.get("label")) or identifier
    # beacon-python writes `description` where the specification says `note`.
    note = text_of(item.get("note")) or text_of(item.get("description"))
    return Handover(id=identifier, label=label, url=str(url), note=note)
