"""Fixtures for upstream on real sockets; each test leaves no task and no descriptor behind."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import trustme

from aggregator.upstream.client import MemberClient
from aggregator.upstream.limits import BodyBudget, UpstreamLimits
from aggregator.upstream.retry import RetryPolicy
from aggregator.upstream.session import MemberSession
from tests.faults.upstream.kit import PATIENT_S, Make, Upstream, come_true, descriptors


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """After each test, teardown of its fixtures included: no task and no descriptor more."""
    open_before = descriptors()
    yield
    await come_true(lambda: asyncio.all_tasks() == {asyncio.current_task()})
    await come_true(lambda: descriptors() <= open_before)


@pytest.fixture
async def make(nothing_left: None) -> AsyncIterator[Make]:
    made: list[Upstream] = []

    async def make(
        limits: UpstreamLimits | None = None,
        *,
        budget: BodyBudget | None = None,
        allow_private: bool = True,
        proxy: str | None = None,
        ca_file: str | None = None,
    ) -> Upstream:
        limits = replace(
            limits or UpstreamLimits(connect_timeout_s=PATIENT_S), member_timeout_s=3 * PATIENT_S
        )
        session = MemberSession(
            limits,
            version="1.2.3",
            public_url="https://network.example",
            allow_private=allow_private,
            proxy=proxy,
            ca_file=ca_file,
        )
        await session.start()
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        retry = RetryPolicy(retries=limits.retries, sleep=sleep, rand=lambda: 0.5)
        client = MemberClient(session, limits, retry=retry, budget=budget)
        made.append(Upstream(client, session, slept))
        return made[-1]

    yield make
    for each in made:
        assert each.is_at_rest
        await each.session.aclose()


@pytest.fixture
async def upstream(make: Make) -> Upstream:
    return await make()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def stranger() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)
