"""A member that pauses, goes on and leaves, by its service key."""

from typing import Any

import pytest

from demo import DemoNetwork
from registry.records import MemberState
from tests.integration.joinable import demo, net, owner
from tests.join_visits import Owner, address, joined, kept, lines_of
from tests.networks import Running

__all__ = ["demo", "net", "owner"]


class TestPausing:
    async def test_a_pause_has_an_end_and_a_note(self, owner: Owner) -> None:
        paused = await owner.ask(
            "POST", "/pause", body={"until": "2099-12-31", "note": "moving servers"}
        )
        answer = await owner.net.ask({"geneId": "BRAF"})
        resumed = await owner.ask("POST", "/resume")

        assert paused.json["paused"] == {
            "until": "2099-12-31",
            "note": "moving servers",
            "by": "member",
        }
        assert answer.endings == {"archive": "not_asked/paused"}
        assert resumed.json["paused"] is None
        lines = lines_of(await owner.net.network.registry.journal.read())
        assert lines[-2:] == [
            ("member:archive", "pause", "archive"),
            ("member:archive", "resume", "archive"),
        ]

    @pytest.mark.parametrize(
        ("told", "names"),
        [
            ({"until": "soon"}, "until: a day, as 2030-12-31"),
            ({"until": 5}, "until: a day"),
            ({"until": "2001-01-01"}, "until: this is in the past"),
            ({"note": "a" * 501}, "note: a text of at most 500 characters"),
            ({"note": 5}, "note: "),
            ({"by": "operator"}, "by: unknown key"),
        ],
    )
    async def test_a_wrong_field_is_named_and_nothing_is_stored(
        self, owner: Owner, told: dict[str, Any], names: str
    ) -> None:
        before = await kept(owner.net)
        reply = await owner.ask("POST", "/pause", body=told)

        assert reply.status == 400
        assert names in reply.json["detail"]
        assert await kept(owner.net) == before

    async def test_the_operators_pause_is_the_operators(self, owner: Owner) -> None:
        steward = owner.net.network.registry.steward
        await steward.pause("archive", by="operator", note="overloaded")
        before = await kept(owner.net)
        resumed = await owner.ask("POST", "/resume")
        paused = await owner.ask("POST", "/pause", body={"until": "2099-01-01"})

        assert (resumed.status, paused.status) == (403, 403)
        assert "the operator of this network paused it" in resumed.json["detail"]
        assert await kept(owner.net) == before


class TestLeaving:
    async def test_leaving_twice_is_leaving_once(self, owner: Owner) -> None:
        left = await owner.ask("DELETE", "")
        before = await kept(owner.net)
        again = await owner.ask("DELETE", "")

        assert (left.status, again.status) == (200, 200)
        assert left.json["state"] == again.json["state"] == "removed"
        assert owner.net.network.holder.current.members == ()
        assert await kept(owner.net) == before

    async def test_who_has_left_changes_nothing_any_more(self, owner: Owner) -> None:
        await owner.ask("DELETE", "")
        before = await kept(owner.net)
        replies = [
            await owner.edit(name="Back"),
            await owner.ask("POST", "/pause", body={}),
            await owner.ask("POST", "/resume"),
        ]

        assert [reply.status for reply in replies] == [409, 409, 409]
        assert "was removed" in replies[0].json["detail"]
        assert await kept(owner.net) == before

    async def test_who_waits_can_withdraw(self, net: Running, demo: DemoNetwork) -> None:
        told = await joined(net, address(demo), id="archive")
        owner = Owner(net, demo, "archive", told["serviceKey"])
        edited = await owner.edit(name="Better name")
        left = await owner.ask("DELETE", "")

        assert edited.json["entry"]["name"] == "Better name"
        assert left.json["state"] == "removed"
        record = await net.network.registry.steward.record("archive")
        assert record.state is MemberState.REMOVED
