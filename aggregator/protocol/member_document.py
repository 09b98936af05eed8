"""Reads the documents beacons have about themselves into plain values, whatever their form."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

import msgspec

from aggregator.protocol.bodies import MAX_DEPTH, depth, text_bytes
from aggregator.protocol.tolerant import is_readable
from aggregator.protocol.wire import Failure, Reply

MAX_TEXT: Final = 10_000
MAX_URL: Final = 2_000
MAX_TEXTS: Final = 1_000
"""The most texts of one list."""
MAX_PROBLEMS: Final = 20
"""The most problems of one document that are told one by one."""

Json = Mapping[str, Any]


def decoded(reply: Reply) -> Any | str:
    """Decode a reply of status 200 as JSON; a text says why it cannot be.

    A JSON document that is itself a text is nothing a beacon says, and is refused too.
    """
    if reply.status != 200:
        return f"HTTP status {reply.status}"
    body = text_bytes(reply)
    if isinstance(body, Failure):
        return body.message
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        start = body[:200].lstrip().lower()
        return "an HTML page" if start.startswith(b"<") else "not JSON"
    if depth(body) is None:
        return f"nested more than {MAX_DEPTH} levels deep"
    return "JSON, but not an object" if isinstance(document, str) else document


def document_of(reply: Reply) -> dict[str, Any] | str:
    """Decode a document that is one object, or a list of one; a text says why it is none."""
    document = decoded(reply)
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    if isinstance(document, (dict, str)):
        return document
    return "JSON, but not an object"


def response_of(document: Json) -> Json:
    """Give what stands under `response`; the document itself where a server left it out."""
    response = document.get("response")
    return response if isinstance(response, Mapping) else document


def named_items(value: Any, most: int | None = None) -> Iterator[tuple[str, Json]]:
    """Give the objects of a mapping with their keys, or of a list with empty ones.

    Only the first `most` places are looked at.
    """
    pairs: Iterable[tuple[object, Any]] = ()
    if isinstance(value, Mapping):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = (("", item) for item in value)
    yield from ((str(key), item) for key, item in islice(pairs, most) if isinstance(item, Mapping))


def text(value: object) -> str | None:
    """Give a text of bounded length; numbers are texts too (`"apiVersion": 1.0`)."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    clean = "".join(c for c in value if c.isprintable() or c in "\n\t").strip()
    return clean[:MAX_TEXT] or None


def texts(value: object) -> tuple[str, ...]:
    """Give the texts of a list, or the one text that stands where a list should."""
    items = value[:MAX_TEXTS] if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(told for item in items if (told := text(item)) is not None))


def link(value: object) -> str | None:
    """Give an address that may be shown as a link: of the web, or of mail."""
    told = text(value)
    if told is None or not told.lower().startswith(("https://", "http://", "mailto:")):
        return None
    address = told[:MAX_URL]
    is_mail = address.lower().startswith("mailto:")
    return address if is_mail or is_readable(address) else None


def few(problems: Iterable[str], document: str) -> tuple[str, ...]:
    """Give the first problems of a document, and how many more there are."""
    told = tuple(problems)
    more = len(told) - MAX_PROBLEMS
    if more <= 0:
        return told
    return (*told[:MAX_PROBLEMS], f"its /{document} has {more} more such problems")
