"""Webhooks never lead inside: neither by what was typed, nor by what a name leads to later."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aggregator.upstream.client import MemberClient
from aggregator.upstream.guard import SocketGuard
from aggregator.upstream.limits import UpstreamLimits
from aggregator.upstream.session import MemberSession
from aggregator.watch.alerts.sending import Letter, Sent
from aggregator.watch.alerts.webhooks import NO_ANSWER, UNRESOLVED, Webhooks
from aggregator.watch.strangers import NOT_PUBLIC
from registry.alerts import OPERATOR, Kind, Target, Wishes
from tests.alert_kit import receiving
from tests.faulty import FaultyMember, answer, hang
from tests.join_kit import Names, public_at
from tests.networks import PATIENT_S, nothing_left

__all__ = ["nothing_left"]

LETTER = Letter("x-1", "subject", "text", b'{"text":"x"}')


def target(url: str, owner: str = "one") -> Target:
    now = datetime.now(UTC)
    return Target("x", owner, Kind.WEBHOOK, url, "bas_x", Wishes(), now, 0)


class Sending:
    """A sender over a session whose names and guard are given."""

    def __init__(self, *, names: Names | None = None, guard: Any = None) -> None:
        limits = UpstreamLimits(connect_timeout_s=PATIENT_S)
        self.session = MemberSession(
            limits,
            version="0",
            public_url="",
            resolver=names,
            guard=guard or SocketGuard(),
        )
        self.webhooks = Webhooks(MemberClient(self.session, limits), allow_private=False)

    async def __aenter__(self) -> "Sending":
        await self.session.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.aclose()

    async def send(self, url: str, owner: str = "one") -> Sent:
        return await self.webhooks.send(target(url, owner), LETTER)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "moved.example"])
async def test_nothing_is_sent_inside(nothing_left: None, host: str) -> None:
    async with receiving() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        names = Names({"moved.example": [["127.0.0.1"]]})
        async with Sending(names=names) as sending:
            sent = await sending.send(f"http://{host}:{port}/")
        assert (sent.is_taken, sent.text) == (False, NOT_PUBLIC)
        assert receiver.requests == []


async def test_a_name_that_moves_inside_is_not_followed(nothing_left: None) -> None:
    async with FaultyMember(answer(b""), host="127.0.0.2") as public:
        async with FaultyMember(answer(b""), host="127.0.0.1") as inside:
            names = Names({"moving.example": [["127.0.0.2"], ["127.0.0.1"]]})
            guard = public_at(lambda host, _: host == "127.0.0.2")
            async with Sending(names=names, guard=guard) as sending:
                url = f"http://moving.example:{public.port}/"
                assert (await sending.send(url)).is_taken
                connector = sending.session._session.connector  # type: ignore[union-attr]
                connector.clear_dns_cache()  # type: ignore[union-attr]
                moved = await sending.send(f"http://moving.example:{inside.port}/")
            assert moved.text == NOT_PUBLIC
            assert inside.connections == 0
            assert len(public.requests) == 1


async def test_a_large_answer_is_not_read_and_counts_as_taken(nothing_left: None) -> None:
    guard = public_at(lambda *_: True)
    async with FaultyMember(answer(b"x" * 2_000_000)) as large, Sending(guard=guard) as sending:
        assert (await sending.send(large.url)).is_taken


async def test_a_receiver_that_hangs_fails_in_time(
    nothing_left: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.watch.alerts.webhooks.TIMEOUT_S", 0.2)
    guard = public_at(lambda *_: True)
    async with FaultyMember(hang()) as silent, Sending(guard=guard) as sending:
        sent = await sending.send(silent.url)
        to_operator = await sending.send(silent.url, OPERATOR)
    assert (sent.is_taken, sent.text) == (False, NO_ANSWER)
    assert (to_operator.is_taken, to_operator.text) == (False, "no answer within 0.2 s")


@pytest.mark.parametrize(
    ("allow_private", "has_proxy", "why"),
    [
        (True, False, f"{UNRESOLVED}; look for a typing error"),
        (False, False, NOT_PUBLIC),  # nobody outside learns which names exist here
        (True, True, None),  # behind a proxy there may be no names of outside here
        (False, True, None),
    ],
)
async def test_a_name_that_leads_nowhere_is_refused_when_it_is_set_up(
    *, allow_private: bool, has_proxy: bool, why: str | None
) -> None:
    async with Sending() as sending:
        client = MemberClient(sending.session, UpstreamLimits())
        webhooks = Webhooks(client, allow_private=allow_private, has_proxy=has_proxy)
        assert await webhooks.refusal("https://nosuch.invalid/hook") == why
