"""Processes killed while they send alerts: nothing is lost, and nothing gets a second id."""

import asyncio
import signal
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry.alerts import State
from registry.incidents import Event, Topic
from tests.alert_kit import Now, Office, Receiver, office, receiving
from tests.networks import PATIENT_S, come_true
from tests.processes import environment

ROOT = Path(__file__).parents[2]
EVENTS = 12
KILLS = 4


async def started(url: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.alert_process", url, "one"),
        cwd=ROOT,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(4 * PATIENT_S):
        assert await process.stdout.readline() == b"round\n"
    return process


async def killed(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.communicate()


async def written(desk: Office, receiver: Receiver) -> str:
    """Plan as many events as there are; nothing is sent by whoever plans."""
    target = await desk.webhook(receiver.url, topics=["certificate"])
    now = datetime.now(UTC)
    events = [
        Event(f"one:{n}", "one", Topic.CERTIFICATE, "14", now, f"change {n}", n + 1)
        for n in range(EVENTS)
    ]
    await desk.deliveries.plan(target, events, EVENTS, is_cut=False, was_cut=lambda at: False)
    return target.id


@pytest.mark.timeout(300)
async def test_what_was_planned_before_a_kill_is_sent_once_and_in_order(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'registry.sqlite3'}"
    async with receiving() as receiver:
        async with office(url, now=Now(datetime.now(UTC))) as desk:
            target_id = await written(desk, receiver)
        for kill in range(KILLS):
            process = await started(url)
            wanted = (kill + 1) * EVENTS // (KILLS + 1)
            await come_true(lambda wanted=wanted: len(set(receiver.ids)) >= wanted)  # type: ignore[misc]
            await killed(process)
        process = await started(url)
        await come_true(lambda: len(set(receiver.ids)) == EVENTS)
        async with office(url, now=Now(datetime.now(UTC) + timedelta(minutes=1))) as desk:
            await come_true_later(desk, target_id)
        await killed(process)
    texts = dict(zip(receiver.ids, receiver.texts, strict=True))
    assert list(texts.values()) == [f"One: change {number}" for number in range(EVENTS)]
    times = Counter(receiver.ids)
    # a message can be taken and the process killed before that is noted: at most once per kill
    assert sum(times.values()) - EVENTS <= KILLS


async def come_true_later(desk: Office, target_id: str) -> None:
    """Wait until everything is noted as sent."""
    async with asyncio.timeout(PATIENT_S):
        while any(one.state is not State.SENT for one in await desk.deliveries.log(target_id)):
            await asyncio.sleep(0.02)
