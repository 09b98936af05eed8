"""Kept answers: their stored form, and a store bounded in entries, bytes and time."""

import msgspec
import pytest

from aggregator.cache.store import MemoryAnswers, StoredAnswer, decode, encode
from aggregator.model.answer import Answer, Exists, Handover, ResultSet
from aggregator.model.query import Granularity
from tests.builders import Clock, answer

RECORD = b'{"variantInternalId": "x",  "big": 12345678901234567890, "n": [1.10, null]}'

FULL = Answer(
    exists=Exists.YES,
    count=3,
    unit="genomicVariant records",
    granularity=Granularity.RECORD,
    result_sets=(
        ResultSet(
            id="a",
            exists=Exists.YES,
            count=3,
            frequency=1.2e-6,
            results=(msgspec.Raw(RECORD), msgspec.Raw(b"{}")),
            handovers=(Handover("EDAM:2572", "BAM", "https://x.org/a.bam", "note"),),
            info={"deep": {"list": [1, None]}},
            beacon_id="org.leaf",
            name="Set A",
        ),
        ResultSet(id="b", exists=Exists.UNKNOWN),
    ),
    handovers=(Handover("CUSTOM", "More", "https://x.org"),),
    warnings=("careful",),
    beacon_id="org.x",
    api_version="v2.0",
)


def store(clock=None, *, max_entries=10, max_bytes=1000):
    return MemoryAnswers(max_entries=max_entries, max_bytes=max_bytes, clock=clock or Clock())


async def kept(answers, *keys):
    return await answers.get_many(keys)


# --- the stored form ---


def test_an_answer_is_the_same_after_a_round_trip():
    stored = StoredAnswer(1700000000.25, FULL, (0, 2))
    back = decode(encode(stored))
    assert back is not None
    assert (back.fetched_at, back.hits) == (1700000000.25, (0, 2))
    assert encode(back) == encode(stored)


def test_records_come_back_as_the_members_own_bytes():
    back = decode(encode(StoredAnswer(0.0, FULL)))
    assert back is not None
    assert bytes(back.answer.result_sets[0].results[0]) == RECORD


def test_a_no_is_an_answer():
    back = decode(encode(StoredAnswer(0.0, answer(False))))
    assert back is not None
    assert back.answer.exists is Exists.NO


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"{}", b"null", b"\xff", b"[" * 100_000),
        encode(StoredAnswer(0.0, FULL))[:-5],
        b'{"fetched_at": "yesterday", "answer": {"exists": "yes"}}',
        b'{"fetched_at": 1, "answer": {"exists": "perhaps"}}',
    ],
    ids=["empty", "other", "null", "bytes", "deep", "cut", "wrong type", "wrong word"],
)
def test_what_cannot_be_read_is_a_miss(raw):
    assert decode(raw) is None


# --- the store in memory ---


async def test_keys_are_read_in_the_order_asked():
    answers = store()
    await answers.put("a", b"1", 60)
    await answers.put("b", b"2", 60)
    assert await kept(answers, "b", "c", "a") == [b"2", None, b"1"]


async def test_a_value_is_gone_when_its_time_is_over():
    clock = Clock()
    answers = store(clock)
    await answers.put("a", b"1", 60)
    clock.pass_s(59.9)
    assert await kept(answers, "a") == [b"1"]
    clock.pass_s(0.1)
    assert await kept(answers, "a") == [None]


async def test_an_expired_value_gives_its_room_back():
    clock = Clock()
    answers = store(clock)
    await answers.put("a", b"1", 60)
    clock.pass_s(60)
    await kept(answers, "a")
    assert len(answers) == 0


async def test_the_least_recently_used_entry_goes_first():
    answers = store(max_entries=2)
    await answers.put("a", b"1", 60)
    await answers.put("b", b"2", 60)
    await kept(answers, "a")
    await answers.put("c", b"3", 60)
    assert await kept(answers, "a", "b", "c") == [b"1", None, b"3"]


async def test_bytes_are_bounded():
    answers = store(max_bytes=10)
    for key in "abc":
        await answers.put(key, b"1234", 60)
    assert await kept(answers, "a", "b", "c") == [None, b"1234", b"1234"]


async def test_a_replaced_value_counts_once():
    answers = store(max_bytes=10)
    for _ in range(10):
        await answers.put("a", b"1234", 60)
    await answers.put("b", b"1234", 60)
    assert await kept(answers, "a", "b") == [b"1234", b"1234"]


async def test_a_new_value_replaces_the_old_one_and_its_time():
    clock = Clock()
    answers = store(clock)
    await answers.put("a", b"old", 10)
    await answers.put("a", b"new", 60)
    clock.pass_s(30)
    assert await kept(answers, "a") == [b"new"]


async def test_a_value_that_would_crowd_out_the_others_is_not_kept():
    answers = store(max_bytes=10)
    await answers.put("a", b"1234", 60)
    await answers.put("big", b"123456", 60)
    assert await kept(answers, "a", "big") == [b"1234", None]


async def test_a_value_too_large_to_keep_takes_the_older_one_with_it():
    # else yesterday's small "no" would outlive today's large "yes"
    answers = store(max_bytes=10)
    await answers.put("a", b"no", 60)
    await answers.put("a", b"123456", 60)
    assert await kept(answers, "a") == [None]


async def test_a_value_with_no_time_to_live_is_not_kept():
    answers = store()
    await answers.put("a", b"1", 0)
    assert len(answers) == 0


async def test_a_closed_store_is_empty():
    answers = store(max_bytes=10)
    await answers.put("a", b"1234", 60)
    await answers.aclose()
    assert len(answers) == 0
    for key in "bc":
        await answers.put(key, b"12345", 60)
    assert await kept(answers, "b", "c") == [b"12345", b"12345"]
