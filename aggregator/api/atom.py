"""Writes Atom feeds (RFC 4287). Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Final
from urllib.parse import quote

_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for, escaped or not."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    id: str
    """A URI that stays, whatever address it is found at."""
    title: str
    at: datetime
    summary: str
    link: str
    """The page about it."""
    topic: str


@dataclass(frozen=True, slots=True)
class Feed:
    """What happened, newest first."""

    id: str
    title: str
    subtitle: str
    author: str
    link: str
    """Its own address."""
    page: str
    """The page it tells of."""
    updated: datetime
    """When it was last changed; of a feed without entries, since when there could have been any."""
    entries: Sequence[Entry] = field(default=())


def tag_uri(authority: str, date: str, *parts: str) -> str:
    """Give a name that stays (RFC 4151), whatever the parts hold.

    `date` is a year, or a year, month and day, in which the authority was its own.
    """
    host = re.sub(r"[^a-z0-9.-]+", "-", authority.lower()).strip("-.") or "beacon-network"
    return f"tag:{host},{date}:" + "/".join(quote(part, safe=":") for part in parts)


def written(feed: Feed) -> bytes:
    """Write a feed as XML."""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">',
        _element("id", feed.id),
        _element("title", feed.title),
        _element("subtitle", feed.subtitle),
        _element("updated", _moment(feed.updated)),
        f"<author>{_element('name', feed.author)}</author>",
        _link("self", feed.link, "application/atom+xml"),
        _link("alternate", feed.page, "text/html"),
        *(_entry(entry) for entry in feed.entries),
        "</feed>\n",
    ]
    return "\n".join(lines).encode("utf-8")


def _entry(entry: Entry) -> str:
    return "\n".join(
        (
            "<entry>",
            _element("id", entry.id),
            _element("title", entry.title),
            _element("updated", _moment(entry.at)),
            _element("published", _moment(entry.at)),
            _link("alternate", entry.link, "text/html"),
            f'<category term="{_text(entry.topic)}"/>',
            _element("summary", entry.summary),
            "</entry>",
        )
    )


def _element(name: str, text: str) -> str:
    return f"<{name}>{_text(text)}</{name}>"


def _link(relation: str, address: str, media_type: str) -> str:
    return f'<link rel="{relation}" type="{media_type}" href="{_text(address)}"/>'


def _text(text: str) -> str:
    return escape(_FORBIDDEN.sub("", text), quote=True)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
