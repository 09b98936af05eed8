"""Moments, lengths and messages as sentences have them."""

from datetime import UTC, datetime, timedelta

import pytest

from registry import health_words as words
from registry.health import QuestionFacts, Standing, Trait

NOON = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "told"),
    [
        (timedelta(), "0 s"),
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=45), "45 s"),
        (timedelta(minutes=52, seconds=20), "52 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(hours=3, minutes=5), "3 h 5 min"),
        (timedelta(days=2, hours=4, minutes=9), "2 d 4 h"),
        (timedelta(days=2, minutes=9), "2 d"),
    ],
)
def test_a_length_is_told_in_its_largest_units(length, told):
    assert words.lasting(length) == told


def test_a_moment_of_another_day_is_told_with_its_day():
    assert words.moment(NOON, NOON) == "12:05 UTC"
    assert words.moment(NOON, NOON + timedelta(days=1)) == "1 March 2026 12:05 UTC"


def test_messages_end_a_sentence_and_are_bounded():
    assert words.short(" the  certificate\nis expired. ") == "the certificate is expired"
    assert len(words.short("x" * 9_000)) == 300


def test_an_outage_without_a_cause_is_told():
    assert words.went_down(None, NOON, NOON) == "has not answered since 12:05 UTC"


@pytest.mark.parametrize("trait", Trait)
def test_every_trait_is_told_when_it_begins_and_when_it_ends(trait):
    began = words.trait_began(trait, Standing(), QuestionFacts(1, 3, 2))
    assert began
    assert words.trait_ended(trait) not in {"", began}
