"""Answers in Redis: what works, and that nothing which fails there is ever an error here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

import fakeredis
import pytest
import redis.exceptions
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.cache.redis_link import RedisLink, RedisUnavailable
from aggregator.cache.redis_store import BATCH, BATCH_BYTES, RedisAnswers
from tests.builders import Clock
from tests.clocks import skip

TIMEOUT_S = 0.02
PATIENT_S = 20.0
"""For operations that are to end otherwise, however busy the machine is."""


def link_of(client: Any, clock: Callable[[], float] | None = None, **more: Any) -> RedisLink:
    return RedisLink(client, **{"timeout_s": PATIENT_S, "clock": clock or Clock(), **more})


def answers_of(link: RedisLink, **more: Any) -> RedisAnswers:
    return RedisAnswers(link, **{"prefix": "test:", "max_value_bytes": 1000, **more})


@asynccontextmanager
async def started(answers: RedisAnswers) -> AsyncIterator[RedisAnswers]:
    await answers.start()
    try:
        yield answers
    finally:
        await answers.aclose()
        await answers.link.aclose()


async def nothing_waits(answers: RedisAnswers) -> None:
    async with asyncio.timeout(PATIENT_S):
        while not answers.is_idle:
            await asyncio.sleep(0)


class Broken:
    """A client whose every operation ends the same way."""

    def __init__(self, end: Callable[[], Awaitable[Any]]) -> None:
        self._end = end
        self.calls = 0

    async def mget(self, names: list[str]) -> Any:
        return await self._called()

    async def ping(self) -> Any:
        return await self._called()

    async def execute(self, *, raise_on_error: bool) -> Any:
        return await self._called()

    async def aclose(self) -> Any:
        return await self._end()

    def pipeline(self, *, transaction: bool) -> Self:
        return self

    def set(self, name: str, value: bytes, *, px: int) -> None:
        return None

    async def _called(self) -> Any:
        self.calls += 1
        return await self._end()


def raising(error: BaseException) -> Broken:
    async def end() -> None:
        raise error

    return Broken(end)


def hanging() -> Broken:
    return Broken(lambda: asyncio.Event().wait())


async def test_what_was_put_is_read_in_the_order_asked_for() -> None:
    async with started(answers_of(link_of(fakeredis.FakeAsyncRedis()))) as answers:
        await answers.put("a", b"1", 10)
        await answers.put("b", b"2", 10)
        await nothing_waits(answers)

        assert await answers.get_many(["b", "none", "a"]) == [b"2", None, b"1"]
        assert answers.stats.hits == 2
        assert answers.stats.misses == 1
        assert answers.stats.writes == 2


async def test_all_keys_of_a_question_are_one_command() -> None:
    link = link_of(fakeredis.FakeAsyncRedis())
    async with started(answers_of(link)) as answers:
        await answers.get_many([f"key {number}" for number in range(50)])
        assert link.stats.operations == 1


async def test_no_keys_are_no_command() -> None:
    link = link_of(raising(ConnectionError()))
    assert await answers_of(link).get_many([]) == []
    assert link.stats.operations == 0


@pytest.mark.parametrize(
    ("uniform", "least_ms", "most_ms"), [(0.0, 70_000, 90_000), (1.0, 90_000, 110_000)]
)
async def test_lives_differ_by_a_tenth_and_keys_carry_the_prefix(
    uniform: float, least_ms: int, most_ms: int
) -> None:
    client = fakeredis.FakeAsyncRedis()
    async with started(answers_of(link_of(client), uniform=lambda: uniform)) as answers:
        await answers.put("a", b"1", 100)
        await nothing_waits(answers)
        assert least_ms < await client.pttl("test:a") <= most_ms


async def test_an_answer_that_is_too_large_or_has_no_life_is_not_kept() -> None:
    async with started(answers_of(link_of(fakeredis.FakeAsyncRedis()))) as answers:
        await answers.put("large", b"x" * 1001, 10)
        await answers.put("dead", b"x", 0)
        await answers.put("fits", b"x" * 1000, 10)
        await nothing_waits(answers)
        assert await answers.get_many(["large", "dead", "fits"]) == [None, None, b"x" * 1000]
        assert answers.stats.oversized_writes == 1


async def test_a_full_queue_drops_new_writes_and_counts_them() -> None:
    answers = answers_of(link_of(fakeredis.FakeAsyncRedis()), max_waiting=2)
    await answers.put("a", b"1", 10)
    await answers.put("b", b"2", 10)
    await answers.put("c", b"3", 10)
    assert answers.waiting == 2
    assert answers.stats.dropped_writes == 1

    async with started(answers):
        await nothing_waits(answers)
        assert await answers.get_many(["a", "b", "c"]) == [b"1", b"2", None]


async def test_the_queue_is_bounded_in_bytes_too() -> None:
    answers = answers_of(link_of(fakeredis.FakeAsyncRedis()), max_waiting_bytes=1500)
    await answers.put("a", b"x" * 1000, 10)
    await answers.put("b", b"x" * 1000, 10)
    assert answers.waiting == 1
    assert answers.stats.dropped_writes == 1
    async with started(answers):
        pass


async def test_a_newer_answer_replaces_one_that_still_waits() -> None:
    answers = answers_of(link_of(fakeredis.FakeAsyncRedis()), max_waiting=1, max_waiting_bytes=900)
    await answers.put("a", b"old" * 200, 10)
    await answers.put("a", b"new" * 300, 10)
    assert answers.waiting == 1
    async with started(answers):
        await nothing_waits(answers)
        assert await answers.get_many(["a"]) == [b"new" * 300]


async def test_many_writes_go_in_several_pipelines() -> None:
    link = link_of(fakeredis.FakeAsyncRedis())
    answers = answers_of(link)
    for number in range(2 * BATCH + 1):
        await answers.put(f"{number}", b"1", 10)
    async with started(answers):
        await nothing_waits(answers)
        assert answers.stats.writes == 2 * BATCH + 1
        assert link.stats.operations == 3


async def test_large_writes_go_in_several_pipelines() -> None:
    link = link_of(fakeredis.FakeAsyncRedis())
    answers = answers_of(link, max_value_bytes=BATCH_BYTES)
    for number in range(3):
        await answers.put(f"{number}", b"x" * BATCH_BYTES, 10)
    async with started(answers):
        await nothing_waits(answers)
        assert link.stats.operations == 3


async def test_closing_writes_what_waits() -> None:
    client = fakeredis.FakeAsyncRedis()
    answers = answers_of(link_of(client))
    await answers.start()
    await answers.put("a", b"1", 10)
    await answers.aclose()
    assert await client.get("test:a") == b"1"
    await client.aclose()


async def test_closing_waits_for_no_server_that_hangs() -> None:
    answers = answers_of(link_of(hanging()))
    await answers.start()
    for number in range(5 * BATCH):
        await answers.put(f"{number}", b"1", 10)
    async with asyncio.timeout(0.75 * PATIENT_S):
        await answers.aclose()
    assert answers.waiting == 0
    assert answers.stats.dropped_writes == 5 * BATCH
    await answers.aclose()  # twice is once


async def test_a_refused_write_is_dropped_and_leaves_reads_alone() -> None:
    async def refused() -> list[Any]:
        return [redis.exceptions.OutOfMemoryError("OOM"), True]

    client = Broken(refused)
    answers = answers_of(link_of(client))
    async with started(answers):
        await answers.put("a", b"1", 10)
        await answers.put("b", b"1", 10)
        await nothing_waits(answers)
    assert answers.stats.dropped_writes == 1
    assert answers.stats.writes == 1
    assert not answers.link.is_paused


ENDS = st.sampled_from(
    [
        redis.exceptions.ConnectionError("refused"),
        redis.exceptions.TimeoutError("slow"),
        redis.exceptions.ResponseError("WRONGTYPE"),
        redis.exceptions.BusyLoadingError("loading"),
        redis.exceptions.AuthenticationError("no"),
        redis.exceptions.MaxConnectionsError("full"),
        redis.exceptions.InvalidResponse("garbage"),
        ConnectionResetError(104, "reset"),
        OSError("no route"),
        TimeoutError(),
        asyncio.IncompleteReadError(b"", 5),
        EOFError(),
        ValueError("a bug"),
        RuntimeError("a bug"),
        KeyError("a bug"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
        None,
    ]
)


@given(ends=st.lists(ENDS, min_size=1, max_size=30), steps_s=st.floats(0, 40))
@settings(max_examples=60, deadline=None)
def test_whatever_fails_is_a_miss_and_a_dropped_write(
    ends: list[Exception | None], steps_s: float
) -> None:
    async def check() -> None:
        left = iter(ends * 3)
        clock = Clock()

        async def end() -> list[Any]:
            error = next(left, None)
            if error is not None:
                raise error
            return [None, b"2"]

        answers = answers_of(link_of(Broken(end), clock, timeout_s=TIMEOUT_S))
        async with started(answers):
            for number in range(len(ends)):
                await answers.put(f"{number}", b"1", 10)
                assert await answers.get_many(["a", "b"]) in ([None, None], [None, b"2"])
                clock.pass_s(steps_s)

    asyncio.run(check())


async def test_a_server_that_hangs_costs_the_time_of_one_operation() -> None:
    link = link_of(hanging())
    answers = answers_of(link)
    asking = asyncio.create_task(answers.get_many(["a"]))
    while not link.client.calls:
        await asyncio.sleep(0)
    assert not asking.done()
    skip(PATIENT_S)
    assert await asking == [None]

    # and for the rest of the question, and all that start now, nothing
    for _ in range(20):
        await answers.get_many(["a"])
    assert link.stats.skipped == 20
    assert link.client.calls == 1


async def test_a_question_that_uses_redis_twice_waits_once_however_long_the_limit() -> None:
    clock = Clock()

    async def end() -> None:
        clock.pass_s(0.8)
        raise TimeoutError

    link = link_of(Broken(end), clock, timeout_s=0.8)
    await answers_of(link).get_many(["a"])
    clock.pass_s(1.5)
    assert link.is_paused


async def test_a_wait_for_a_free_connection_counts_but_blames_nobody() -> None:
    link = link_of(hanging(), max_connections=1)
    asking = [asyncio.create_task(answers_of(link).get_many(["a"])) for _ in range(5)]
    for _ in range(5):
        await asyncio.sleep(0)
    skip(PATIENT_S)
    results = await asyncio.gather(*asking, return_exceptions=True)
    assert results == [[None]] * 5
    assert link.client.calls == 1
    assert link.stats.errors == 5


async def test_a_busy_process_does_not_blame_redis() -> None:
    clock = Clock()

    async def end() -> None:
        clock.pass_s(10 * TIMEOUT_S)  # as if the loop had been blocked
        raise TimeoutError

    link = link_of(Broken(end), clock, timeout_s=TIMEOUT_S)
    assert await answers_of(link).get_many(["a"]) == [None]
    assert not link.is_paused
    assert link.stats.errors == 1


async def test_a_question_that_is_given_up_leaves_redis_in_good_standing() -> None:
    link = link_of(hanging())
    task = asyncio.create_task(answers_of(link).get_many(["a"]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not link.is_paused


async def test_start_goes_on_without_redis_and_says_so() -> None:
    link = link_of(raising(redis.exceptions.ConnectionError("secret-host:6379 refused")))
    with structlog.testing.capture_logs() as logs:
        await link.start()
        await link.aclose()
    assert [entry["log_level"] for entry in logs] == ["warning", "debug"]
    assert "secret" not in str(logs)


async def test_the_log_names_the_trouble_once_and_its_end_and_no_keys() -> None:
    clock = Clock()
    client = raising(redis.exceptions.ResponseError("Command # 1 (SET test:allele value) failed"))
    link = link_of(client, clock)
    with structlog.testing.capture_logs() as logs:
        for _ in range(10):
            clock.pass_s(60)
            with pytest.raises(RedisUnavailable):
                await link.run(client.ping)
        clock.pass_s(60)

        async def works() -> int:
            return 1

        assert await link.run(works) == 1
    assert [(entry["log_level"], entry.get("error")) for entry in logs] == [
        ("warning", "ResponseError"),
        ("info", None),
    ]
    assert "allele" not in str(logs)
