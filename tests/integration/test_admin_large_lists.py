"""A large list that an operator sends is read while questions go on."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aggregator.api import admin_offices
from aggregator.protocol.member_list_items import Listed
from tests.faulty import FaultyMember
from tests.integration.operators import AS_OPERATOR, SECURED, Visitor, call
from tests.networks import BRAF, PATIENT_S, Running, entry, network_of, nothing_left, scripted

__all__ = ["nothing_left"]

TEXT = "members:\n- id: listed\n  url: https://listed.example.org\n"
RAW = {**AS_OPERATOR, "Content-Type": "application/yaml"}


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    async with (
        FaultyMember(scripted()) as member,
        network_of([entry(member, "one")], security=SECURED) as net,
    ):
        yield net


@pytest.mark.parametrize("way", ["json", "body", "page"])
async def test_questions_are_answered_while_a_list_is_read(
    net: Running, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    is_reading, may_go_on = threading.Event(), threading.Event()
    in_time: list[bool] = []
    read_list = admin_offices.read_list

    def slow(*given: Any, **named: Any) -> Listed:
        is_reading.set()
        in_time.append(may_go_on.wait(PATIENT_S))
        return read_list(*given, **named)

    monkeypatch.setattr(admin_offices, "read_list", slow)

    async def send() -> int:
        if way == "json":
            body = {"list": TEXT, "form": "seed"}
            return (await call(net, "POST", "import", body)).status
        if way == "body":
            path = "/admin/api/import?form=seed"
            return (await net.ask(path=path, raw=TEXT.encode(), headers=RAW)).status
        visitor = await Visitor(net).sign_in()
        page = await visitor.get("/admin/import")
        reply = await visitor.send(page, "import", status=200, list=TEXT, form="seed")
        return reply.status

    sending = asyncio.create_task(send())
    await asyncio.to_thread(is_reading.wait, PATIENT_S)
    assert (await net.ask(BRAF)).endings == {"one": "found"}
    assert not sending.done()
    may_go_on.set()
    assert await sending == 200
    assert in_time == [True]
    assert (await net.network.registry.steward.record("listed")).origin
