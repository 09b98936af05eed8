"""Feeds are valid Atom, whatever the texts in them hold."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from aggregator.api.atom import Entry, Feed, tag_uri, written
from tests.atom_feeds import ATOM, problems

AT = datetime(2026, 5, 3, 13, 5, 30, 999, tzinfo=UTC)


def entry(**changes: object) -> Entry:
    given: dict[str, object] = {
        "id": "tag:net.example,2026-05-03:events/m",
        "title": "Ours: has not answered since 13:05 UTC",
        "at": AT,
        "summary": "outage",
        "link": "https://net.example/health/m",
        "topic": "outage",
    }
    return Entry(**(given | changes))  # type: ignore[arg-type]


def feed(*entries: Entry, **changes: object) -> Feed:
    given: dict[str, object] = {
        "id": "tag:net.example,2026:health",
        "title": "Network: health",
        "subtitle": "What happened.",
        "author": "Network",
        "link": "https://net.example/health/feed.atom",
        "page": "https://net.example/health",
        "updated": AT,
        "entries": entries,
    }
    return Feed(**(given | changes))  # type: ignore[arg-type]


def test_a_feed_has_what_the_specification_wants() -> None:
    root = ET.fromstring(written(feed(entry())))
    assert problems(root) == []
    assert root.findtext(f"{ATOM}updated") == "2026-05-03T13:05:30Z"
    assert root.findtext(f"{ATOM}entry/{ATOM}title") == "Ours: has not answered since 13:05 UTC"
    assert root.find(f"{ATOM}entry/{ATOM}category").get("term") == "outage"  # type: ignore[union-attr]
    links = {each.get("rel"): each.get("href") for each in root.findall(f"{ATOM}link")}
    assert links == {
        "self": "https://net.example/health/feed.atom",
        "alternate": "https://net.example/health",
    }


def test_an_empty_feed_is_one_too() -> None:
    assert problems(ET.fromstring(written(feed()))) == []


def test_moments_are_told_in_utc() -> None:
    elsewhere = datetime(2026, 5, 3, 15, 5, tzinfo=timezone(timedelta(hours=2)))
    root = ET.fromstring(written(feed(entry(at=elsewhere))))
    assert root.findtext(f"{ATOM}entry/{ATOM}updated") == "2026-05-03T13:05:00Z"


def test_the_checks_of_these_tests_see_what_is_wrong() -> None:
    twice = ET.fromstring(written(feed(entry(), entry())))
    assert problems(twice) == ["two entries have one id"]
    nameless = ET.fromstring(written(feed(author="")))
    assert problems(nameless) == ["author/name is empty"]
    relative = ET.fromstring(written(feed(id="health")))
    assert problems(relative) == ["the id health is no URI"]


@given(st.text(), st.text())
def test_every_text_gives_a_well_formed_feed_that_says_it(title: str, link: str) -> None:
    root = ET.fromstring(written(feed(entry(title=title, summary=title, link=link, topic=title))))
    told = root.findtext(f"{ATOM}entry/{ATOM}title") or ""
    allowed = [c for c in title if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff")]
    kept = "".join(c for c in allowed if not "\ud800" <= c <= "\udfff")
    assert told == kept.replace("\r\n", "\n").replace("\r", "\n")
    assert len(root.findall(f"{ATOM}entry")) == 1


@given(st.text(), st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_name_that_stays_is_a_uri_and_tells_parts_apart(authority: str, part: str) -> None:
    made = tag_uri(authority, "2026", "events", part)
    head, _, rest = made.partition(",2026:")
    assert head.startswith("tag:")
    assert head[4:].strip("-.") == head[4:]
    assert head[4:].isascii()
    assert rest.isascii()
    assert not set(rest) & set(' <>"{}|\\^`')
    assert unquote(rest.removeprefix("events/")) == part
