"""A group is a part of the network that can be asked by its name, whoever describes it."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from aggregator.base.errors import Conflict
from tests.hiding import NO, YES, hidden, members, network
from tests.networks import BRAF, entry, questions, scripted
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


async def test_an_opaque_group_is_asked_in_the_groups_all_its_beacons_are_in(
    tmp_path: Path,
) -> None:
    async with members(scripted(YES), scripted(YES), scripted(NO), scripted(NO)) as told:
        one, two, plain, other = told
        entries = [
            hidden(one, "q-1", groups=["europe", "north"]),
            hidden(two, "q-2", groups=["north", "asia", "europe"]),
            entry(plain, "plain", groups=["europe"]),
            entry(other, "other", groups=["asia"]),
        ]
        async with network(tmp_path, entries) as net:
            reply = await net.ask({**BRAF, "group": "europe"})
            chosen = {"other": "not_asked/not_selected", "plain": "not_found"}
            assert reply.endings == {**chosen, "north": "found"}
            assert reply.info["verdict"] == "found"
            listed = (await net.ask(path="/members.json")).json["members"]
            assert [one["groups"] for one in listed if one["id"] == "north"] == [
                ["north", "europe"]
            ]


@pytest.mark.parametrize("is_first", [True, False])
async def test_where_some_of_its_beacons_are_in_a_group_the_no_is_not_complete(
    is_first: bool, tmp_path: Path
) -> None:
    async with members(scripted(YES), scripted(NO), scripted(NO)) as (one, two, plain):
        groups = [["europe", "north"], ["north"]][:: 1 if is_first else -1]
        entries = [
            hidden(one, "q-1", groups=groups[0]),
            hidden(two, "q-2", groups=groups[1]),
            entry(plain, "plain", groups=["europe"]),
        ]
        async with network(tmp_path, entries) as net:
            reply = await net.ask({**BRAF, "group": "europe"})
            assert reply.endings == {"north": "not_asked/opaque", "plain": "not_found"}
            assert reply.info["complete"] is False
            assert reply.members["north"]["reason"]["message"] == (
                "some of its beacons belong to the group asked for, and answering would tell which"
            )
            assert not [one for one in (one, two) if questions(one)]
            told = (await net.ask(path="/members.json")).json["members"]
            assert [one["groups"] for one in told] == [["north"], ["europe"]]
            chosen = {**BRAF, "group": "europe", "ask": "plain"}
            assert (await net.ask(chosen)).info["complete"] is True


async def test_a_group_that_is_switched_off_leaves_nothing_out(tmp_path: Path) -> None:
    async with members(scripted(YES), scripted(NO), scripted(NO)) as (one, two, plain):
        entries = [
            hidden(one, "q-1", groups=["europe", "north"], disabled=True),
            hidden(two, "q-2", disabled=True),
            entry(plain, "plain", groups=["europe"]),
        ]
        async with network(tmp_path, entries) as net:
            reply = await net.ask({**BRAF, "group": "europe"})
            assert reply.endings == {"north": "not_asked/disabled", "plain": "not_found"}
            assert reply.info["complete"] is True


async def test_what_is_said_of_a_paused_group_is_what_questions_meet(tmp_path: Path) -> None:
    async with members(*[scripted(YES)] * 3) as (one, two, off):
        entries = [
            *(hidden(beacon, f"q-{beacon.port}", paused={}) for beacon in (one, two)),
            hidden(off, "q-3", disabled=True),
        ]
        async with network(tmp_path, entries) as net:
            assert (await net.ask(BRAF)).endings == {"north": "not_asked/paused"}
            (told,) = (await net.ask(path="/members.json")).json["members"]
            assert told["state"] == "paused"
            (service,) = (await net.ask(path="/services")).json
            assert service["info"]["network"]["state"] == "paused"


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
