"""Where the members' answers to one question came from, as metrics say it."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from aggregator.base.metrics import Metrics
from aggregator.engine.measuring import Measuring
from aggregator.model.outcome import MemberOutcome, Source
from tests.builders import network_answer, outcome

LIVE = outcome("live", source=Source.LIVE)
FAILED = outcome("failed", "timeout", source=Source.LIVE)
STALE = outcome("stale", source=Source.STALE)
CACHED = outcome("cached", source=Source.CACHE)
LEFT_OUT = outcome("left-out", "paused")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([CACHED, STALE, LIVE], "miss"),
        ([CACHED, LIVE], "miss"),
        ([STALE, LIVE], "miss"),
        ([CACHED, FAILED], "miss"),
        ([CACHED, STALE], "stale"),
        ([CACHED], "hit"),
        ([CACHED, LEFT_OUT], "hit"),
        ([LEFT_OUT], "none"),
        ([], "none"),
    ],
)
async def test_an_answer_is_counted_by_the_slowest_of_its_sources(
    given: list[MemberOutcome], told: str
) -> None:
    metrics = Metrics()
    Measuring(metrics, "memory").answered(network_answer(given))
    text = (await metrics.text())[0].decode()
    assert [
        (sample.labels["cache"], sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "beacon_query_duration_seconds_count"
    ] == [(told, 1)]
