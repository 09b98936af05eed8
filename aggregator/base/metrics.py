"""What the process counts and measures, in Prometheus' words; one registry per network.

Labels are bounded: members by id, never data sets, users or alleles. Gauges of other parts are read
when somebody looks, on the loop; the text is written in a thread.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from aggregator.base.health_metrics import HealthReadings, health_families

QUERY_BUCKETS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
CALL_BUCKETS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
WAIT_BUCKETS: Final = (0.001, 0.01, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0)

BREAKER_STATES: Final = {"closed": 0, "half_open": 1, "open": 2}
"""The value of `beacon_member_breaker_state`."""

M = TypeVar("M", Counter, Histogram)


@dataclass(frozen=True, slots=True)
class Readings:
    """What other parts say of themselves at one moment."""

    breakers: Mapping[str, str] = field(default_factory=dict)
    """State by member id."""
    members: Mapping[str, int] = field(default_factory=dict)
    """Number by state: active, paused, suspended, disabled."""
    queries_in_flight: int = 0
    calls_in_flight: int = 0
    event_streams: int = 0
    coalesced: int = 0
    cache_writes_dropped: int = 0


class _Family(Generic[M]):
    """A metric and its children by label values: looking one up in a dict of ours is cheaper."""

    def __init__(self, metric: M) -> None:
        self._metric: M = metric
        self._children: dict[tuple[str, ...], M] = {}

    def of(self, *labels: str) -> M:
        child = self._children.get(labels)
        if child is None:
            child = self._metric.labels(*labels)
            self._children[labels] = child
        return child

    def keep(self, members: set[str]) -> None:
        """Forget the children of other members; the id is the first label."""
        for labels in [each for each in self._children if each[0] not in members]:
            del self._children[labels]
            self._metric.remove(*labels)


class Metrics:
    """All metrics of one process."""

    def __init__(self, *, worker: str | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # it is as simple as it looks
        self._registry = CollectorRegistry()
        self._worker = worker
        self._readings = _Read()
        self.read: Callable[[], Readings] = Readings
        """Gives what other parts say; called on the loop."""
        self.read_health: Callable[[], HealthReadings] = HealthReadings
        """The same of the members' health."""
        self._registry.register(self._readings)
        ProcessCollector(registry=self._registry)
        self._queries = self._counter(
            "queries_total", "Questions answered.", "endpoint", "granularity", "verdict"
        )
        self._query_seconds = self._histogram(
            "query_duration_seconds",
            "Seconds until an answer, by where members' answers came from.",
            QUERY_BUCKETS,
            "endpoint",
            "cache",
        )
        self._requests = self._counter(
            "member_requests_total",
            "How members ended, once per question and member.",
            "member",
            "answer",
            "reason",
        )
        self._call_seconds = self._histogram(
            "member_request_duration_seconds",
            "Seconds of one call to a member, waiting and second attempts included.",
            CALL_BUCKETS,
            "member",
        )
        self._speed = self._counter(
            "member_speed_total",
            "Calls to a member by whether 30 s were enough.",
            "member",
            "speed",
        )
        self._retries = self._counter(
            "member_retries_total",
            "Second attempts, by what the first failed of.",
            "member",
            "reason",
        )
        self._gate_seconds = self._histogram(
            "fanout_gate_wait_seconds", "Seconds a call waited for a free slot.", WAIT_BUCKETS
        ).of()
        self._partial = self._counter(
            "partial_responses_total", "Incomplete answers, once per reason.", "reason"
        )
        self._cache = self._counter(
            "cache_requests_total", "Look-ups of members' answers.", "layer", "result"
        )
        self._rate_limited = self._counter(
            "rate_limited_total",
            "Requests refused with 429, by what there was too much of.",
            "scope",
        )
        self._http = self._counter(
            "http_requests_total", "Requests answered.", "route", "method", "status"
        )
        self._probes = self._counter(
            "member_probe_total",
            "Checks this process made, by what they say and where they failed.",
            "member",
            "result",
            "phase",
        )
        self._probe_seconds = self._histogram(
            "member_probe_duration_seconds",
            "Seconds of the test question of a check that was answered.",
            CALL_BUCKETS,
            "member",
        )
        self._deliveries = self._counter(
            "alert_deliveries_total", "Attempts to deliver an alert.", "kind", "result"
        )

    def answered(
        self, endpoint: str, granularity: str, verdict: str, elapsed_s: float, cache: str
    ) -> None:
        """Count one question of the network; `cache` is `hit`, `stale`, `miss` or `none`."""
        self._queries.of(endpoint, granularity, verdict).inc()
        self._query_seconds.of(endpoint, cache).observe(elapsed_s)

    def ended(self, member: str, answer: str, reason: str) -> None:
        """Count how one member ended."""
        self._requests.of(member, answer, reason).inc()

    def incomplete(self, reasons: Iterable[str]) -> None:
        """Count an incomplete answer by the reasons it is incomplete for."""
        for reason in reasons:
            self._partial.of(reason).inc()

    def looked_up(self, layer: str, result: str, number: int = 1) -> None:
        """Count look-ups in a cache: `hit`, `stale` or `miss`."""
        self._cache.of(layer, result).inc(number)

    def called(self, member: str, elapsed_s: float, waited_s: float) -> None:
        """Count one call to a member."""
        self._call_seconds.of(member).observe(elapsed_s)
        self._gate_seconds.observe(waited_s)

    def judged(self, member: str, speed: str) -> None:
        """Count a call by its speed: `in_time`, `late`, or `cut_off` where that is not known."""
        self._speed.of(member, speed).inc()

    def retried(self, member: str, reason: str) -> None:
        """Count a second attempt by what the first failed of."""
        self._retries.of(member, reason).inc()

    def responded(self, route: str, method: str, status: int) -> None:
        """Count one response of ours; 499 is a client that left."""
        self._http.of(route, method, str(status)).inc()

    def refused(self, scope: str) -> None:
        """Count one response of 429 by what there was too much of."""
        self._rate_limited.of(scope).inc()

    def probed(self, member: str, result: str, phase: str, elapsed_s: float | None) -> None:
        """Count one check of a member; its time only if it was answered."""
        self._probes.of(member, result, phase).inc()
        if result == "up" and elapsed_s is not None:
            self._probe_seconds.of(member).observe(elapsed_s)

    def delivered(self, kind: str, result: str) -> None:
        """Count one attempt to deliver an alert, by `webhook` or `email`."""
        self._deliveries.of(kind, result).inc()

    def keep(self, members: Iterable[str]) -> None:
        """Forget members that are no more."""
        kept = set(members)
        self._requests.keep(kept)
        self._call_seconds.keep(kept)
        self._speed.keep(kept)
        self._retries.keep(kept)
        self._probes.keep(kept)
        self._probe_seconds.keep(kept)

    async def text(self, accept: str = "") -> tuple[bytes, str]:
        """Write everything in the format the reader prefers; gives it with its content type."""
        self._readings.now, self._readings.health = self.read(), self.read_health()
        write, content_type = choose_encoder(accept)
        source: Collector = self._registry
        if self._worker is not None:
            source = _OfWorker(self._registry, self._worker)
        return await asyncio.to_thread(write, source), content_type

    def _counter(self, name: str, what: str, *labels: str) -> _Family[Counter]:
        metric = Counter(f"beacon_{name}", what, labels, registry=self._registry)
        return _Family(metric) if labels else _Single(metric)

    def _histogram(
        self, name: str, what: str, buckets: tuple[float, ...], *labels: str
    ) -> _Family[Histogram]:
        metric = Histogram(f"beacon_{name}", what, labels, buckets=buckets, registry=self._registry)
        return _Family(metric) if labels else _Single(metric)


class _Single(_Family[M]):
    """A metric without labels, which is its own only child."""

    def of(self, *labels: str) -> M:
        return self._metric


class _Read(Collector):
    """Gauges and counters kept by other parts, as they were read last."""

    now = Readings()
    health = HealthReadings()

    def collect(self) -> Iterator[Metric]:
        now = self.now
        yield from health_families(self.health)
        states = " ".join(f"{value} {name}" for name, value in BREAKER_STATES.items())
        breakers = GaugeMetricFamily(
            "beacon_member_breaker_state",
            f"Whether calls go through: {states.replace('_', '-')}.",
            labels=["member"],
        )
        for member, state in now.breakers.items():
            breakers.add_metric([member], BREAKER_STATES[state])
        yield breakers
        members = GaugeMetricFamily(
            "beacon_members", "Members of the registry by state.", labels=["state"]
        )
        for state, number in now.members.items():
            members.add_metric([state], number)
        yield members
        yield GaugeMetricFamily(
            "beacon_queries_in_flight", "Questions being answered now.", value=now.queries_in_flight
        )
        yield GaugeMetricFamily(
            "beacon_fanout_in_flight", "Calls to members now.", value=now.calls_in_flight
        )
        yield GaugeMetricFamily(
            "beacon_event_streams", "Streams open now.", value=now.event_streams
        )
        yield CounterMetricFamily(
            "beacon_coalesced_queries",
            "Calls to members that joined an equal one that was running.",
            value=now.coalesced,
        )
        yield CounterMetricFamily(
            "beacon_cache_write_dropped",
            "Answers not kept because the cache was too slow.",
            value=now.cache_writes_dropped,
        )


class _OfWorker(Collector):
    """Another collector's samples with the process they are of."""

    def __init__(self, inner: Collector, worker: str) -> None:
        self._inner = inner
        self._worker = worker

    def collect(self) -> Iterator[Metric]:
        for family in self._inner.collect():
            family.samples = [
                Sample(each.name, {**each.labels, "worker": self._worker}, *each[2:])
                for each in family.samples
            ]
            yield family
