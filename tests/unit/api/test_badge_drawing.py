"""Badges are well-formed pictures of the words they hold, whatever these are."""

import itertools
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.api.badge_drawing import LABEL_FILL, LABEL_INK, Badge, Tone, draw, width_of
from aggregator.api.texts import clean

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    '"><script>alert(1)</script>',
    "' onload='alert(1)",
    "</title></svg><svg onload=alert(1)>",
    "&amp;&lt;",
    "]]><!--",
    "x;fill:url(//evil.example)",
    "\u202eevil\u202c",
    "\x00\x08\x1f",
    "\ud800",
    "日本語ビーコン",
    "e\u0301" * 30,
)


def read(badge: Badge) -> ET.Element:
    return ET.fromstring(draw(badge))


def texts(root: ET.Element) -> list[str]:
    return [each.text or "" for each in root.iter(f"{SVG}text")]


def test_a_badge_says_its_label_and_message_to_everybody() -> None:
    root = read(Badge("uptime 30 d", "99.95 %", Tone.GOOD, "Ours – uptime 30 d: 99.95 %"))
    assert texts(root) == ["uptime 30 d", "99.95 %"]
    assert root.get("role") == "img"
    assert root.get("aria-label") == "Ours – uptime 30 d: 99.95 %"
    assert [each.text for each in root.iter(f"{SVG}title")] == ["Ours – uptime 30 d: 99.95 %"]


def test_without_words_of_its_own_it_is_described_by_label_and_message() -> None:
    assert read(Badge("health", "down", Tone.BAD)).get("aria-label") == "health: down"


def test_a_badge_without_a_label_is_its_message_alone() -> None:
    root = read(Badge("", "up", Tone.GOOD))
    assert texts(root) == ["up"]
    assert not list(root.iter(f"{SVG}path"))


def test_the_parts_lie_beside_each_other_and_fill_the_picture() -> None:
    root = read(Badge("certificate", "62 days", Tone.GOOD))
    left, right = root.iter(f"{SVG}text")
    ends = float(left.get("x", "")) + float(left.get("textLength", ""))
    split = int(re.findall(r"H(\d+)V", next(root.iter(f"{SVG}path")).get("d", ""))[0])
    assert ends < split < float(right.get("x", ""))
    ends = float(right.get("x", "")) + float(right.get("textLength", ""))
    assert 4 <= float(root.get("width", "")) - ends <= 8


def test_widths_are_those_of_letters() -> None:
    assert width_of("m") > 3 * width_of("i")
    assert width_of("00") == pytest.approx(2 * width_of("7"))
    assert width_of("日") == 11
    assert width_of("e\u0301") == width_of("e")
    assert width_of("") == 0


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(share * one for share, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    lower, upper = sorted((luminance(one), luminance(other)))
    return (upper + 0.05) / (lower + 0.05)


@pytest.mark.parametrize(("fill", "ink"), [(LABEL_FILL, LABEL_INK), *(one.value for one in Tone)])
def test_letters_can_be_read_on_every_colour(fill: str, ink: str) -> None:
    assert contrast(fill, ink) >= 4.5


def test_tones_are_told_apart_without_colour() -> None:
    """By their lightness: good, doubtful and bad are what must not be taken for each other."""
    for one, other in itertools.combinations((Tone.GOOD, Tone.DOUBTFUL, Tone.BAD), 2):
        assert contrast(one.fill, other.fill) >= 1.5


def is_harmless(root: ET.Element) -> bool:
    """Nothing but the shapes and texts of a badge, without styles, scripts or references."""
    tags = {each.tag for each in root.iter()}
    names = {name for each in root.iter() for name in each.attrib}
    allowed = {"width", "height", "viewBox", "role", "aria-label", "rx", "fill", "d", "x", "y"}
    allowed |= {"font-family", "font-size", "aria-hidden", "textLength", "lengthAdjust"}
    shapes = {f"{SVG}{name}" for name in ("svg", "title", "rect", "path", "g", "text")}
    return tags <= shapes and names <= allowed


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_stay_words(text: str) -> None:
    shown = clean(text, 60)
    root = read(Badge(shown, "up", Tone.GOOD, f"{shown} – health: up"))
    assert is_harmless(root)
    assert texts(root)[-1] == "up"


@given(st.text(), st.text(min_size=1), st.sampled_from(Tone))
def test_every_text_gives_a_harmless_picture(label: str, message: str, tone: Tone) -> None:
    shown = clean(label, 60), clean(message, 60)
    root = read(Badge(*shown, tone, f"{clean(label)}: {clean(message)}"))
    assert is_harmless(root)
    assert [" ".join(one.split()) for one in texts(root)] == [
        each for index, each in enumerate(shown) if index or each
    ]
