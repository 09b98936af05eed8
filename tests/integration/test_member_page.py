"""The page of one member and its twin, and what an opaque group shows of its members."""

import json
import re

from registry.models import Group, Pause
from registry.records import OPERATOR
from tests.faulty import FaultyMember, json_answer
from tests.integration.test_members_pages import EVIL, cards, ids, several
from tests.networks import V2_INFO, DemoRunning, Running, demo_running, entry, network_of, scripted
from tests.pages import look

__all__ = ["several"]


class TestOne:
    async def test_everything_known_is_told(self, net: DemoRunning) -> None:
        page = await look(net, "/members/demo-v11")
        url = net.member("demo-v11").entry.url

        assert page.root.one("h1").text == "Demo: Research Centre Beacon"
        for told in ("Demo tumours", "urn:demo:tumours", "Beacon 1.1.0", "Member since", url):
            assert told in page.text
        assert "Last read 20" in page.text
        assert f"curl -gsS -X POST {url}/query " in page.root.one(id="command").text
        assert page.links["Manage this entry, with its service key"] == "/manage/demo-v11"
        explained = await net.ask(path=page.links["What this network would send, and why"])
        sent = {one["id"]: one["requests"] for one in explained.json["members"]}
        assert [one for one in sent if sent[one]] == ["demo-v11"]
        assert sent["demo-v11"][0]["curl"] == page.root.one(id="command").text

    async def test_endpoints_filters_and_habits_are_told_with_who_says_so(
        self, net: DemoRunning
    ) -> None:
        page = await look(net, "/members/demo-records")
        document = (await net.ask(path="/members/demo-records.json")).json
        member = net.member("demo-records")

        assert f"{member.entry.url}/individuals" in page.text
        terms = member.capabilities.filtering_terms
        assert terms
        assert f"Filters it takes ({len(terms)})" in page.text
        assert [one["id"] for one in document["filteringTerms"]] == [one.id for one in terms]
        rows = {
            row.one("th").text: row
            for row in page.root.one("table", class_="dialect").all("tr")[1:]
        }
        assert {name: row.all("td")[1].text for name, row in rows.items()} == {
            key: {
                "software": "known of its software",
                "operator": "the operator of this network",
                "learned": "learned from its answers",
            }[source]
            for key, source in member.dialect_sources.items()
        }
        assert document["dialectSource"] == dict(member.dialect_sources)

    async def test_what_is_wrong_with_its_documents_is_told(self) -> None:
        broken = {**V2_INFO, "response": V2_INFO["response"] | {"organization": "text"}}
        async with FaultyMember(scripted(info=json_answer(broken))) as beacon:
            async with network_of([entry(beacon, "one")]) as net:
                await net.known("one")
                problems = net.member("one").capabilities.problems
                assert problems
                page = await look(net, "/members/one")
                assert [node.text for node in page.root.one("ul", class_="problems").all("li")] == [
                    " ".join(problem.split()) for problem in problems
                ]
                assert (await net.ask(path="/members/one.json")).json["problems"] == [*problems]

    async def test_a_member_that_says_nothing_is_said_to_say_nothing(
        self, several: Running
    ) -> None:
        page = await look(several, "/members/eps")
        for told in ("It may have some all the same.", "it is asked whatever the filter is"):
            assert told in page.text
        assert "They have not been read yet." in page.text
        assert "Nothing was found wrong" not in page.text
        assert EVIL in page.text
        assert EVIL not in page.reply.text

    async def test_who_is_no_member_is_looked_for_in_the_list(self, several: Running) -> None:
        page = await look(several, "/members/no%3Cb%3Ebody", status=404)
        assert "no<b>body" in page.text
        assert page.links["All members"] == "/members"
        await look(several, page.links["Search the members for it"])
        reply = await several.ask(path="/members/nobody.json")
        assert reply.status == 404
        assert "/members lists them" in reply.text

    async def test_who_left_or_waits_is_no_member(self, several: Running) -> None:
        registry = several.network.registry
        await registry.steward.remove("delta", by=OPERATOR, note="a reason for operators")
        await look(several, "/members/delta", status=404)
        assert "delta" not in ids((await several.ask(path="/members.json")).json)

    async def test_a_pause_that_is_over_is_none(self, several: Running) -> None:
        steward = several.network.registry.steward
        await steward.edit("beta", {"paused": json.loads(Pause().model_dump_json())}, by=OPERATOR)
        page = await look(several, "/members/beta")
        assert page.root.one("span", class_="state").text == "‖ paused"
        await steward.resume("beta", by=OPERATOR)
        page = await look(several, "/members/beta")
        assert page.root.one("span", class_="state").text == "? not recognised yet"


async def test_an_opaque_group_is_one_member_and_hides_its_own() -> None:
    async with demo_running() as net:
        closed = Group(id="grch37", name="Closed Group", opaque=True)
        await net.network.registry.groups.describe(closed, by=OPERATOR)
        hidden = {one.id: one for one in net.network.holder.current.by_id["grch37"].inside}
        assert {"demo-legacy", "demo-v1"} <= hidden.keys()

        listed = await look(net, "/members")
        assert "several beacons that answer as one" in cards(listed)["Closed Group"].text
        group = await look(net, "/members/grch37")
        told = [
            listed.reply.text,
            group.reply.text,
            (await look(net, "/")).reply.text,
            *[(await net.ask(path=f"/members{twin}")).text for twin in (".json", ".csv")],
            (await net.ask(path="/members/grch37.json")).text,
        ]
        for one in hidden.values():
            for text in told:
                assert not re.search(rf"{re.escape(one.id)}(?![\w-])", text)
                assert one.entry.url not in text
                assert one.name not in text
                assert one.entry.organization is not None
                assert one.entry.organization.name not in text
            await look(net, f"/members/{one.id}", status=404)
            assert (await net.ask(path=f"/logo/{one.id}")).status == 404
        assert (await net.ask(path="/logo/grch37")).status == 200
        assert "/manage/" not in group.reply.text
