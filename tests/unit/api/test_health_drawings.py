"""What is drawn of health: which bar, how high, said in which words; and the line of times."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from aggregator.api.health_drawings import Band, Bar, Slot, bars, counted, sparkline, top_ms
from registry.history import Uptime

START = datetime(2026, 5, 3, 12, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)


def slot(at: int = 0, *, up: int = 0, down: int = 0, slow: int = 0, **rest: float) -> Slot:
    start = START + at * HALF_HOUR
    return Slot(start, start + HALF_HOUR, Uptime(up, down), slow, **rest)


def rectangles(svg: str) -> list[dict[str, str]]:
    return [dict(one.attrib) for one in ElementTree.fromstring(svg).iter("rect")]


@pytest.mark.parametrize(
    ("one", "bar"),
    [
        (slot(up=30), Bar.UP),
        (slot(up=29, down=1), Bar.UP),  # one lost packet
        (slot(up=28, down=2), Bar.UP),
        (slot(up=27, down=3), Bar.PARTLY),
        (slot(up=16, down=14), Bar.PARTLY),
        (slot(up=15, down=15), Bar.DOWN),
        (slot(down=1), Bar.DOWN),
        (slot(up=30, slow=15), Bar.SLOW),
        (slot(up=30, slow=14), Bar.UP),
        (slot(), Bar.NONE),
        (Slot(START, START, Uptime(unknown=30)), Bar.NONE),
        (Slot(START, START, Uptime(paused=30)), Bar.NONE),
        (Slot(START, START, Uptime(up=1, unknown=29)), Bar.UP),
    ],
)
def test_a_bar_is_what_its_checks_say(one: Slot, bar: Bar) -> None:
    assert one.bar is bar


def test_bars_differ_in_class_and_height_and_stand_on_one_line() -> None:
    slots = [slot(0, up=9), slot(1, up=9, slow=9), slot(2, up=6, down=3), slot(3, down=9), slot(4)]
    drawn = bars(slots, summary="5", title=lambda one: one.bar.value)
    assert rectangles(drawn) == [
        {
            "class": kind,
            "x": str(5 * at),
            "y": str(24 - height),
            "width": "4",
            "height": str(height),
        }
        for at, (kind, height) in enumerate(
            [("up", 24), ("slow", 16), ("partly", 12), ("down", 8), ("none", 2)]
        )
    ]


def test_every_bar_has_a_title_and_the_whole_is_one_picture_with_its_sum() -> None:
    slots = [slot(0, up=30), slot(1, down=30)]
    drawn = bars(slots, summary='24 h: "1" <up>', title=lambda one: f"<{one.bar}> & more")
    root = ElementTree.fromstring(drawn)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == '24 h: "1" <up>'
    assert root.attrib["viewBox"] == "0 0 9 24"
    assert [one.text for one in root.iter("title")] == ["<up> & more", "<down> & more"]
    assert "style" not in drawn


def test_no_slots_make_an_empty_picture() -> None:
    assert rectangles(bars([], summary="nothing", title=str)) == []
    assert sparkline([], [], summary="nothing") == ""


def test_bars_are_counted_by_kind() -> None:
    found = counted([slot(up=3), slot(up=3), slot(down=3)])
    assert found == {Bar.UP: 2, Bar.SLOW: 0, Bar.PARTLY: 0, Bar.DOWN: 1, Bar.NONE: 0}


class TestSparkline:
    def test_lines_run_from_the_oldest_to_the_newest_and_higher_is_longer(self) -> None:
        slots = [slot(0, p50_ms=100.0, p95_ms=200.0), slot(1, p50_ms=50.0, p95_ms=100.0)]
        lines = self.lines(sparkline(slots, [], summary=""))
        assert lines == [("p95", "150,0 450,60"), ("p50", "150,60 450,90")]

    def test_a_line_is_broken_where_nothing_is_known(self) -> None:
        known = {"p50_ms": 100.0, "p95_ms": 100.0}
        slots = [slot(0, **known), slot(1, **known), slot(2), slot(3, **known)]
        p95 = [points for kind, points in self.lines(sparkline(slots, [], summary="")) if
               kind == "p95"]  # fmt: skip
        assert p95 == ["75,0 225,0", "523.5,0 526.5,0"]

    def test_nothing_known_draws_no_line(self) -> None:
        assert self.lines(sparkline([slot(0), slot(1)], [], summary="")) == []

    def test_outages_are_bands_cut_at_the_edges(self) -> None:
        slots = [slot(0, up=1), slot(1, up=1)]  # one hour
        bands = [
            Band(START - HALF_HOUR, START + HALF_HOUR / 2, "began before"),
            Band(START + HALF_HOUR, START + 9 * HALF_HOUR, "lasts & lasts"),
            Band(START - 2 * HALF_HOUR, START - HALF_HOUR, "long ago"),
        ]
        drawn = sparkline(slots, bands, summary="s")
        assert [(one["x"], one["width"]) for one in rectangles(drawn)] == [
            ("0", "150"),
            ("300", "300"),
        ]
        assert "lasts &amp; lasts" in drawn
        assert "long ago" not in drawn

    def test_a_short_outage_is_seen(self) -> None:
        band = Band(START, START + timedelta(seconds=1), "blink")
        (one,) = rectangles(sparkline([slot(0), slot(1)], [band], summary=""))
        assert one["width"] == "1"

    @staticmethod
    def lines(svg: str) -> list[tuple[str, str]]:
        root = ElementTree.fromstring(svg)
        return [(one.attrib["class"], one.attrib["points"]) for one in root.iter("polyline")]


@pytest.mark.parametrize(
    ("highest", "top"),
    [
        (0.5, 1),
        (1, 1),
        (1.1, 2),
        (200, 200),
        (201, 500),
        (501, 1000),
        (9999, 10000),
        (120_000, 2e5),
    ],
)
def test_the_upper_edge_is_a_round_number_above_everything(highest: float, top: float) -> None:
    assert top_ms([slot(0, p95_ms=highest)]) == top
