"""When a feed was changed last is later for every text than for the one before it."""

from datetime import UTC, datetime, timedelta

from aggregator.api.feeds import Changes

NOON = datetime(2026, 5, 3, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_a_text_keeps_the_moment_it_was_first_seen() -> None:
    changes = Changes()
    assert changes.when("feed", b"one", at(0.7)) == NOON
    assert changes.when("feed", b"one", at(500)) == NOON
    assert changes.when("other", b"one", at(500)) == at(500)


def test_two_texts_within_one_second_are_told_apart() -> None:
    changes = Changes()
    moments = [changes.when("feed", text, at(0.9)) for text in (b"one", b"two", b"one")]
    assert moments == [NOON, at(1), at(2)]


def test_only_so_many_feeds_are_remembered() -> None:
    changes = Changes()
    changes.when("first", b"one", NOON)
    changes.when("second", b"one", NOON)
    for number in range(Changes.LIMIT - 2):
        changes.when(str(number), b"one", NOON)
    # looked at again, so that another is the oldest now
    assert changes.when("first", b"one", at(60)) == NOON
    changes.when("one more", b"one", NOON)
    assert changes.when("first", b"one", at(60)) == NOON
    assert changes.when("second", b"one", at(60)) == at(60)
