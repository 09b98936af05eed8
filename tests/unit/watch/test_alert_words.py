"""What a message says where it is about much."""

from typing import Any

import pytest

from aggregator.watch.alerts.words import MOST_LINES, Place, letter
from registry.alerts import OPERATOR, Delivery, Held, Kind, State, Target, Wishes
from tests.alert_kit import NOON

PLACE = Place("Our network", "", str, lambda one: False)
TARGET = Target("5f0c", OPERATOR, Kind.EMAIL, "ann@example.org", "s", Wishes(), NOON, 0)


def text_of(document: dict[str, Any]) -> str:
    told = Delivery(
        *(17, "5f0c", "k", "", State.DUE, Held.NOTHING, document, 0),
        *(NOON, NOON, NOON, None, ""),
    )
    return letter(told, TARGET, PLACE, NOON, links={}).text


def item(number: int) -> dict[str, Any]:
    at = NOON.isoformat()
    return {"type": "event", "what": "changed", "at": at, "member": "", "text": f"it is {number}"}


@pytest.mark.parametrize(
    ("beyond", "more", "said"),
    [(0, 0, None), (1, 0, "- and 1 more"), (7, 0, "- and 7 more"), (50, 1_200, "- and 1,250 more")],
)
def test_a_mail_lists_some_and_says_how_many_more_there_are(
    beyond: int, more: int, said: str | None
) -> None:
    items = [item(number) for number in range(MOST_LINES + beyond)]
    text = text_of(item(0) | {"type": "digest", "items": items, "more": more, "members": 3})
    lines = text.splitlines()
    assert lines[0] == f"{len(items) + more:,} changes of 3 beacons."
    assert sum("it is " in line for line in lines) == MOST_LINES
    assert [line for line in lines if " more" in line] == ([said] if said else [])
