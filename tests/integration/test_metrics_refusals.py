"""`/metrics` says what there was too much of, and whether thirty seconds were enough."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from aggregator.base.metrics import Metrics
from aggregator.engine.measuring import Measuring
from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure, Reply
from aggregator.upstream.call_results import CallResult
from demo import DemoNetwork
from tests.integration.joinable import demo
from tests.integration.operators import SECURED, call
from tests.join_visits import Owner, address, joined
from tests.networks import BRAF, Running, demo_running, network_of, nothing_left

__all__ = ["demo", "nothing_left"]

NOBODYS = "bsk_opens-nothing"


def samples(text: str, name: str, label: str) -> dict[str, float]:
    return {
        sample.labels[label]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"beacon_{name}"
    }


async def refusals(net: Running) -> dict[str, float]:
    return samples((await net.ask(path="/metrics")).text, "rate_limited_total", "scope")


async def test_questions(nothing_left: None) -> None:
    security = {"allow_private_members": True, "rate_limit": 4}
    async with demo_running(security=security) as net:
        assert (await net.ask(BRAF)).status == 200
        assert await refusals(net) == {}
        assert (await net.ask(BRAF)).status == 429
        assert (await net.ask(BRAF, path="/v1/query")).status == 429
        page = {"q": "7-140753336-A-T", "assembly": "GRCh38"}
        assert (await net.ask(page, path="/search")).status == 429
        assert await refusals(net) == {"questions": 3}


async def test_checks_and_wrong_keys_of_members(demo: DemoNetwork) -> None:
    async with network_of(security={"join_rate_limit": 2}) as net:
        told = await joined(net, address(demo), id="archive")
        owner = Owner(net, demo, "archive", told["serviceKey"])
        assert [(await owner.ask(key=NOBODYS)).status for _ in range(2)] == [401, 429]
        assert await refusals(net) == {"keys": 1}
        checked = await net.ask({"url": address(demo, "demo-v1")}, path="/join/check")
        assert checked.status == 429
        assert await refusals(net) == {"keys": 1, "checks": 1}


async def test_changes(demo: DemoNetwork) -> None:
    async with network_of(security={"join_rate_limit": 1}) as net:
        told = await joined(net, address(demo), id="archive")
        owner = Owner(net, demo, "archive", told["serviceKey"])
        for status in (200, 200, 200, 429):
            assert (await owner.edit(name="Other")).status == status
        assert await refusals(net) == {"changes": 1}


async def test_wrong_tokens_of_operators(nothing_left: None) -> None:
    async with network_of(security={**SECURED, "join_rate_limit": 1}) as net:
        for status in (401, 429):
            await call(net, "GET", "members", token="a guess", status=status)
        assert await refusals(net) == {"keys": 1}


def ended(
    elapsed_s: float, *, status: int = 0, code: NoAnswerCode | None = None, waited_s: float = 0.0
) -> CallResult:
    reply = Reply(status, b"") if status else None
    failure = Failure(code, "failed") if code else None
    return CallResult(reply, failure, elapsed_s, 1, waited_s)


@pytest.mark.parametrize(
    ("result", "speed"),
    [
        (ended(0.2, status=200), {"in_time": 1}),
        (ended(30.0, status=200), {"in_time": 1}),
        (ended(31.0, status=200), {"late": 1}),
        (ended(31.0, status=200, waited_s=2.0), {"in_time": 1}),
        (ended(8.0, code=NoAnswerCode.TIMEOUT), {"cut_off": 1}),
        (ended(30.0, code=NoAnswerCode.TIMEOUT), {"late": 1}),
        (ended(0.2, status=503), {}),
        (ended(0.2, code=NoAnswerCode.CONNECT), {}),
        (ended(8.0, code=NoAnswerCode.OVERLOADED), {}),
        (CallResult(None, Failure(NoAnswerCode.TIMEOUT, "no time was left"), 0.0, 0), {}),
    ],
)
async def test_a_call_that_was_cut_off_is_neither_in_time_nor_late(
    result: CallResult, speed: dict[str, float]
) -> None:
    metrics = Metrics()
    Measuring(metrics, None).called("m", result)
    text = (await metrics.text())[0].decode()
    assert samples(text, "member_speed_total", "speed") == speed
