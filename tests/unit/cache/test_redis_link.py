"""The way to Redis: when it is left alone, and what its addresses may be."""

import pytest

from aggregator.cache.redis_link import Circuit, RedisLink, RedisUnavailable, connect
from tests.builders import Clock


class TestCircuit:
    def failed(self, clock: Clock, circuit: Circuit) -> None:
        started_at = clock()
        clock.pass_s(0.05)
        circuit.failed(started_at, TimeoutError())

    def test_each_failure_in_a_row_doubles_the_pause_up_to_a_bound(self) -> None:
        clock = Clock()
        circuit = Circuit(clock)
        pauses = []
        for _ in range(12):
            self.failed(clock, circuit)
            began = clock()
            while not circuit.allows():
                clock.pass_s(0.01)
            pauses.append(round(clock() - began, 1))
        assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30, 30]

    def test_one_trial_at_a_time(self) -> None:
        clock = Clock()
        circuit = Circuit(clock)
        self.failed(clock, circuit)
        clock.pass_s(0.11)
        assert circuit.allows()
        assert not circuit.allows()

    def test_a_trial_that_never_ends_is_followed_by_another(self) -> None:
        clock = Clock()
        circuit = Circuit(clock)
        self.failed(clock, circuit)
        clock.pass_s(0.11)
        assert circuit.allows()
        clock.pass_s(0.11)
        assert circuit.allows()

    def test_a_success_ends_the_series(self) -> None:
        clock = Clock()
        circuit = Circuit(clock)
        for _ in range(8):
            clock.pass_s(60)
            self.failed(clock, circuit)
        circuit.succeeded()
        assert not circuit.is_paused
        assert circuit.allows()
        assert circuit.allows()

    def test_failures_side_by_side_count_once(self) -> None:
        clock = Clock()
        circuit = Circuit(clock)
        started_at = clock()
        clock.pass_s(0.05)
        for _ in range(16):
            circuit.failed(started_at, TimeoutError())
        assert circuit.failures == 1

    def test_a_year_of_failures_overflows_nothing(self) -> None:
        clock = Clock()
        circuit = Circuit(clock)
        for _ in range(5000):
            clock.pass_s(31)
            assert circuit.allows()
            self.failed(clock, circuit)


class TestConnect:
    async def test_options_of_the_address_that_do_not_exist_are_named_at_once(self) -> None:
        with pytest.raises(ValueError, match="option"):
            connect("redis://127.0.0.1:1?no_such_option=1")

    async def test_nothing_is_opened_and_nothing_retried(self) -> None:
        client = connect("redis://user:secret@127.0.0.1:1/3")
        link = RedisLink(client, timeout_s=0.5)
        with pytest.raises(RedisUnavailable):
            await link.run(client.ping)
        assert link.stats.errors == 1
        await link.aclose()

    @pytest.mark.parametrize(
        "url", ["rediss://h:1/0", "unix:///tmp/r.sock", "unix://u:p@/tmp/r.sock?db=2"]
    )
    async def test_tls_and_unix_sockets(self, url: str) -> None:
        link = RedisLink(connect(url), timeout_s=0.5)
        await link.aclose()
