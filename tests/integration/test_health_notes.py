"""What operators say of incidents and members; and health for those who may see more."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from registry.health import State, Trait
from registry.health_store import Batch, IncidentChange
from registry.incidents import Topic
from tests.health_world import (
    SELDOM,
    certificate,
    fact,
    health_network,
    store_of,
    told,
    write_health,
)
from tests.hiding import leaks, three_hidden
from tests.integration.operators import SECURED, Visitor, call, newest, problem_of
from tests.networks import Running
from tests.pages import HTML, look

EVIL = '<script>alert("x")</script>'
PUBLIC = (
    *("/health", "/health.json", "/health.csv", "/health.txt", "/members", "/members.json"),
    *("/health/feed.atom", "/health?sort=p95&show=failing", "/metrics", "/members/north"),
)


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    members = [told("alpha", name="Alpha <b>"), told("beta", name="Beta")]
    async with health_network(members, security=SECURED) as net:
        await write_health(net, "alpha", State.DOWN)
        yield net


async def number_of(net: Running) -> int:
    (incident,) = await net.network.watch.health.incidents()
    return incident.number


class TestByProgram:
    async def test_a_note_on_an_incident_is_read_by_everybody(self, net: Running) -> None:
        number = await number_of(net)
        said = f"They know of it. {EVIL}"
        reply = await call(
            net, "POST", f"incidents/{number}/notes", {"note": f" {said} "}, status=201
        )
        assert reply.json == {"incident": number, "note": said}
        (incident,) = (await net.ask(path="/health/alpha.json")).json["incidents"]
        assert [note["text"] for note in incident["notes"]] == [said]
        for path in ("/health", "/health/alpha"):
            page = await look(net, path)
            assert f"The operator says: {said}" in page.text
            assert EVIL not in page.reply.text
        line = await newest(net)
        assert (line["action"], line["subject"]) == ("note", f"incident:{number}")
        assert line["note"] == said

    async def test_a_note_on_a_member_stays_until_it_is_taken_back(self, net: Running) -> None:
        for text in ("first", "second"):
            await call(net, "POST", "members/beta/notes", {"note": text}, status=201)
        notes = (await net.ask(path="/health/beta.json")).json["notes"]
        assert [note["text"] for note in notes] == ["second", "first"]
        assert "operator" not in str(notes)  # who wrote it is not for everybody
        await call(net, "DELETE", "members/beta/notes", status=204)
        assert (await net.ask(path="/health/beta.json")).json["notes"] == []
        assert (await newest(net))["action"] == "take notes back"

    async def test_only_so_many_are_kept(self, net: Running) -> None:
        for at in range(7):
            await call(net, "POST", "members/beta/notes", {"note": str(at)}, status=201)
        notes = (await net.ask(path="/health/beta.json")).json["notes"]
        assert [note["text"] for note in notes] == ["6", "5", "4", "3", "2"]

    @pytest.mark.parametrize(
        ("path", "body", "status", "words"),
        [
            ("incidents/999999/notes", {"note": "x"}, 404, "There is no incident 999,999."),
            ("incidents/99999999999999/notes", {"note": "x"}, 404, "There is no incident"),
            ("incidents/one/notes", {"note": "x"}, 404, "There is no incident “one”."),
            ("members/nobody/notes", {"note": "x"}, 404, "There is no member “nobody” now."),
            ("members/No Body/notes", {"note": "x"}, 404, "There is no member"),
            ("members/beta/notes", {"note": "  "}, 400, "note: say something"),
            ("members/beta/notes", {"note": "x" * 501}, 400, "note: "),
            ("members/beta/notes", {"note": "a\x07b"}, 400, "note: "),
            ("members/beta/notes", {"text": "x"}, 400, "text: "),
        ],
    )
    async def test_what_cannot_be_noted_says_why(
        self, net: Running, path: str, body: Any, status: int, words: str
    ) -> None:
        reply = await call(net, "POST", path, body, status=status)
        assert words in problem_of(reply)

    @pytest.mark.parametrize("method", ["POST", "DELETE"])
    async def test_nobody_else_notes_anything(self, net: Running, method: str) -> None:
        for token in (None, "wrong-token-of-many-characters"):
            await call(net, method, "members/beta/notes", {}, status=401, token=token)
        await call(net, "POST", "incidents/1/notes", {"note": "x"}, status=401, token=None)


class TestByPage:
    async def test_an_operator_says_something_of_an_incident(self, net: Running) -> None:
        number = await number_of(net)
        visitor = await Visitor(net).sign_in()
        page = await visitor.press(
            "/admin/health", "incident", about=str(number), note=f"We wrote to them. {EVIL}"
        )
        assert "Everybody can read it now." in page.text
        assert f"We wrote to them. {EVIL}" in page.text
        assert EVIL not in page.reply.text
        assert f"We wrote to them. {EVIL}" in (await look(net, "/health/alpha")).text

    async def test_and_of_a_member_and_takes_it_back(self, net: Running) -> None:
        visitor = await Visitor(net).sign_in()
        await visitor.press("/admin/health", "member", id="beta", note="Slow on Mondays.")
        assert "Slow on Mondays." in (await look(net, "/health")).text
        page = await visitor.press("/admin/health", "drop", id="beta")
        assert "It is shown no more." in page.text
        assert "Slow on Mondays." not in (await look(net, "/health")).text

    async def test_what_is_wrong_stands_at_the_field_with_what_was_typed(
        self, net: Running
    ) -> None:
        number = await number_of(net)
        visitor = await Visitor(net).sign_in()
        page = await visitor.get("/admin/health")
        sent = await visitor.send(page, "incident", about=str(number), note=" ", status=400)
        assert "say something; it is shown to everybody" in sent.text
        assert f'id="incident-{number}-note-problem"' in sent.text
        sent = await visitor.send(
            await visitor.get("/admin/health"), "member", id="nobody", note="kept", status=404
        )
        assert "There is no member “nobody” now." in sent.text
        assert 'value="kept"' in sent.text

    async def test_a_form_counts_once_and_only_from_our_page(self, net: Running) -> None:
        visitor = await Visitor(net).sign_in()
        page = await visitor.get("/admin/health")
        await visitor.send(page, "member", id="beta", note="once")
        await visitor.send(page, "member", id="beta", note="once", status=409)
        assert len((await net.ask(path="/health/beta.json")).json["notes"]) == 1
        fields = {"do": ["member"], "id": ["beta"], "note": ["forged"], "form_token": ["x"]}
        assert (await visitor.ask("POST", "/admin/health", fields)).status == 403

    async def test_others_are_asked_to_sign_in_and_come_back(self, net: Running) -> None:
        for path in ("/admin/health", "/admin/health/alpha"):
            reply = await net.ask(path=path, headers=HTML)
            assert reply.status == 303
            assert reply.headers["Location"] == f"/admin/login?next={path}"

    async def test_what_is_not_well_is_listed_first(self, net: Running) -> None:
        visitor = await Visitor(net).sign_in()
        page = await visitor.get("/admin/health")
        assert "✕ down 52 min" in page.text
        assert page.root.links["Alpha <b>"] == "/admin/health/alpha"
        one = await visitor.get("/admin/health/alpha")
        assert one.root.one("h1").text == "Health of Alpha <b>"
        assert one.reply.headers["Cache-Control"] == "no-store"
        await visitor.get("/admin/health/nobody", status=404)


class TestHidden:
    """Members behind an opaque group: no public page names them or says how they are doing."""

    @pytest.fixture
    async def group(self, nothing_left: None, tmp_path: Path) -> AsyncIterator[Running]:
        async with three_hidden(tmp_path, security=SECURED, health=SELDOM) as net:
            await write_health(net, "plain")
            for member_id in ("quellwater", "quellwater-2"):
                await write_health(
                    net, member_id, State.DOWN, traits=[Trait.SILENT], message="murmuring"
                )
                await certificate(net, member_id, days=-3, subject="quellwater")
                notes = {"notes": [{"at": "2026-01-01T00:00:00Z", "by": "x", "text": "murmuring"}]}
                await fact(net, member_id, "notes", notes)
            now = datetime.now(UTC)
            gone = IncidentChange("hushpath-gone", Topic.OUTAGE, now, None, "murmuring")
            await store_of(net).write(Batch(incidents=[gone]))
            yield net

    @pytest.mark.parametrize("path", PUBLIC)
    async def test_no_public_page_tells_of_them(self, group: Running, path: str) -> None:
        for headers in ({}, HTML):
            reply = await group.ask(path=path, headers=headers)
            assert reply.status == 200, reply.text
            assert leaks(reply.text) == []

    async def test_their_group_is_not_told_and_not_counted(self, group: Running) -> None:
        document = (await group.ask(path="/health.json")).json
        (north,) = [one for one in document["members"] if one["id"] == "north"]
        assert north["state"] == "untold"
        assert (north["since"], north["certificate"], north["traits"]) == (None, None, [])
        assert north["uptime"]["24h"] | {"up": 0, "down": 0} == north["uptime"]["24h"]
        assert document["states"]["down"] == 0
        assert document["summary"] == "1 of 1 beacon answers. Not counted: 1 not told."
        assert document["incidents"] == []
        page = await look(group, "/health/north")
        assert "nothing is told of how each is doing" in page.text
        assert not page.root.all("svg", class_="bars")
        told_of_it = (await group.ask(path="/health/north.json")).json
        assert told_of_it["checks"] == []
        assert "north" not in (await group.ask({"show": "failing"}, path="/health.csv")).text

    async def test_a_hidden_member_is_not_found_as_one_that_is_not_there(
        self, group: Running
    ) -> None:
        for path in ("/health/{}", "/health/{}.json", "/health/{}.csv"):
            hidden = await group.ask(path=path.format("quellwater"), headers=HTML)
            nobody = await group.ask(path=path.format("nobody-here"), headers=HTML)
            assert hidden.status == nobody.status == 404
            assert hidden.text.replace("quellwater", "nobody-here") == nobody.text

    async def test_operators_see_it(self, group: Running) -> None:
        visitor = await Visitor(group).sign_in()
        page = await visitor.get("/admin/health")
        assert "hidden in a group" in page.text
        one = await visitor.get("/admin/health/quellwater")
        assert "✕ down 52 min" in one.text
        assert "murmuring" in one.text
        assert not [link for link in one.root.links.values() if "/health/quellwater" in link
                    and not link.startswith("/admin/")]  # fmt: skip

    async def test_who_has_its_service_key_sees_it(self, group: Running) -> None:
        key = (await call(group, "POST", "members/quellwater/key")).json["serviceKey"]
        headers = {**HTML, "Beacon-Service-Key": key}
        reply = await group.ask(path="/manage/quellwater/health", headers=headers)
        assert reply.status == 200
        assert "✕" in reply.text
        assert reply.headers["Cache-Control"] == "no-store"
        for other, status in (
            (HTML, 200),  # the form that asks for the key
            ({}, 401),
            ({**HTML, "Beacon-Service-Key": "wrong"}, 401),
        ):
            refused = await group.ask(path="/manage/quellwater/health", headers=other)
            assert refused.status == status
            assert leaks(refused.text.replace("quellwater", "")) == []
        refused = await group.ask(path="/manage/quellwater-2/health", headers=headers)
        assert refused.status == 401
