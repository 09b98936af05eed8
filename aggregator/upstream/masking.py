"""Takes a credential of ours out of texts in which a member may have repeated it. Pure."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from urllib.parse import quote

HIDDEN: Final = "(a credential)"
_SHORTEST: Final = 4
"""Shorter words are no secrets, and occur everywhere."""
_PREFIX: Final = 8
"""So much of the beginning of a credential gives it away: texts are cut anywhere."""
_SCHEMES: Final = frozenset({"bearer", "basic", "token", "apikey", "digest"})


def masker(authorization: str | None) -> Callable[[str], str]:
    """Make what takes our credential out of what a member may have repeated of it."""
    ends: dict[str, set[str]] = {}
    for one in _secrets(authorization or ""):
        ends.setdefault(one[:_PREFIX].lower(), set()).add(one[_PREFIX:].lower())
    patterns = [(re.compile(re.escape(begin), re.IGNORECASE), ends[begin]) for begin in ends]

    def masked(text: str) -> str:
        for pattern, rests in patterns:
            text = _without(text, pattern, rests)
        return text

    return masked


def _secrets(authorization: str) -> Iterator[str]:
    """Give the words of a credential, as they are and as documents and addresses write them."""
    words = [one for one in authorization.split() if one.lower() not in _SCHEMES]
    if authorization.lower().startswith("basic "):
        words += [part for word in words for part in _decoded(word)]
    for word in words:
        for one in (word, quote(word, safe=""), word.replace("/", "\\/")):
            if len(one) >= _SHORTEST:
                yield one


def _decoded(word: str) -> tuple[str, ...]:
    """Give the name and the password of Basic, and the password alone."""
    try:
        text = base64.b64decode(word, validate=True).decode()
    except (binascii.Error, ValueError):
        return ()
    return text, text.partition(":")[2]


def _without(text: str, pattern: re.Pattern[str], rests: Iterable[str]) -> str:
    """Take what begins like a secret out of a text, whole or cut off behind its beginning."""
    kept, at = [], 0
    while (found := pattern.search(text, at)) is not None:
        kept += [text[at : found.start()], HIDDEN]
        at = found.end() + max(_alike(text, found.end(), rest) for rest in rests)
    return "".join((*kept, text[at:]))


def _alike(text: str, at: int, wanted: str) -> int:
    """Count the characters of a text from a place on that are as wanted."""
    pairs = zip(text[at : at + len(wanted)], wanted, strict=False)
    return next((n for n, (one, other) in enumerate(pairs) if one.lower() != other), len(wanted))
