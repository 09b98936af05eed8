"""A group is a part of the network that can be asked by its name, whoever describes it."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from aggregator.base.errors import Conflict
from tests.hiding import NO, YES, hidden, members, network
from tests.networks import BRAF, entry, scripted
from tests.pages import look

EUROPE = {"id": "europe", "name": "Europe’s beacons"}


@pytest.mark.parametrize("groups", [(), (EUROPE,)])
async def test_a_group_is_asked_by_its_name(groups: tuple, tmp_path: Path) -> None:
    async with members(scripted(YES), scripted(NO)) as (inside, outside):
        entries = [entry(inside, "in", groups=["europe"]), entry(outside, "out")]
        async with network(tmp_path, entries, groups) as net:
            reply = await net.ask({**BRAF, "group": "europe"})
            assert reply.endings == {"in": "found", "out": "not_asked/not_selected"}


@pytest.mark.parametrize("control", ["group", "ask"])
async def test_a_group_that_is_only_described_cannot_be_asked(control: str, tmp_path: Path) -> None:
    async with members(scripted(YES)) as (plain,):
        described = [{**EUROPE, "opaque": True}]
        async with network(tmp_path, [entry(plain, "plain")], described) as net:
            reply = await net.ask({**BRAF, control: "europe"})
            assert reply.status == 400
            assert "europe" in reply.problem
            assert list((await net.ask(BRAF)).members) == ["plain"]


@pytest.mark.parametrize("control", [{"ask": "north"}, {"group": "north"}])
async def test_an_opaque_group_is_chosen_by_its_name(control: dict, tmp_path: Path) -> None:
    async with members(scripted(YES), scripted(NO), scripted(YES)) as (one, two, plain):
        entries = [hidden(one, "q-1"), hidden(two, "q-2"), entry(plain, "plain")]
        async with network(tmp_path, entries) as net:
            reply = await net.ask({**BRAF, **control})
            assert reply.endings == {"north": "found", "plain": "not_asked/not_selected"}


async def test_a_member_that_also_hides_is_not_in_its_other_groups(tmp_path: Path) -> None:
    async with members(scripted(YES), scripted(NO), scripted(NO)) as (one, two, plain):
        entries = [
            hidden(one, "q-1", groups=["europe", "north"]),
            hidden(two, "q-2"),
            entry(plain, "plain", groups=["europe"]),
        ]
        async with network(tmp_path, entries) as net:
            reply = await net.ask({**BRAF, "group": "europe"})
            assert reply.endings == {"north": "not_asked/not_selected", "plain": "not_found"}


async def test_the_form_offers_groups_by_the_name_they_have(tmp_path: Path) -> None:
    async with members(scripted(YES), scripted(NO), scripted(NO)) as (one, two, plain):
        entries = [
            hidden(one, "q-1"),
            hidden(two, "q-2"),
            entry(plain, "plain", groups=["europe", "asia"]),
        ]
        groups = [EUROPE, {"id": "north", "name": "The North", "opaque": True}]
        async with network(tmp_path, entries, groups) as net:
            page = await look(net, "/", group="europe")
            options = page.root.one("select", id="group").all("option")
            told = [(one.attributes["value"], one.text) for one in options]
            assert told == [
                ("", "all groups"),
                ("asia", "asia"),
                ("europe", "Europe’s beacons"),
                ("north", "The North"),
            ]
            chosen = [one.attributes["value"] for one in options if "selected" in one.attributes]
            assert chosen == ["europe"]


async def test_a_member_that_joins_an_opaque_group_hides_at_once(tmp_path: Path) -> None:
    async with members(scripted(YES), scripted(NO)) as (one, two):
        entries = [hidden(one, "q-1"), entry(two, "q-2")]
        async with network(tmp_path, entries) as net:
            steward = net.network.registry.steward
            await steward.edit("q-2", {"groups": ["north"]}, by="operator")
            assert (await net.ask(BRAF)).endings == {"north": "found"}


async def test_no_member_gets_the_id_of_an_opaque_group(tmp_path: Path) -> None:
    async with members(scripted(YES), scripted(NO)) as (one, other):
        south = [{"id": "south", "opaque": True}, {"id": "open"}]
        async with network(tmp_path, [entry(one, "plain")], south) as net:
            steward = net.network.registry.steward
            with pytest.raises(Conflict, match="“south” is taken"):
                await steward.add({"id": "south", "url": other.url}, by="operator")
            await steward.add({"id": "open", "url": other.url}, by="operator")


async def test_the_log_says_once_who_is_in_two_opaque_groups(tmp_path: Path) -> None:
    both = [{"id": "north", "opaque": True}, {"id": "south", "opaque": True}]
    async with members(scripted(YES), scripted(NO)) as (one, two):
        entries = [hidden(one, "q-1", groups=["south", "north"]), hidden(two, "q-2")]
        with capture_logs() as lines:
            async with network(tmp_path, entries, both) as net:
                await net.known("q-1", "q-2")  # each look publishes again
                assert list((await net.ask(BRAF)).members) == ["south", "north"]
        told = [line for line in lines if "several opaque groups" in line["event"]]
        assert [(line["member"], line["groups"]) for line in told] == [("q-1", ("south", "north"))]
