"""Health for programs of those who may see more: operators, and who has a service key."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from registry.health import State
from registry.health_store import Batch, IncidentChange
from registry.history import Kind, Uptime
from registry.incidents import Topic
from tests.health_world import (
    CURL,
    SELDOM,
    everywhere,
    fact,
    health_network,
    store_of,
    told,
    write_health,
)
from tests.hiding import leaks, network, three_hidden
from tests.integration.operators import AS_OPERATOR, SECURED, Visitor, call, problem_of
from tests.networks import Running
from tests.pages import HTML

Json = Any
OPERATORS = ("/admin/api/health", "/admin/api/health/quellwater", "/admin/api/health/plain")
SAID = {"at": "2026-01-01T00:00:00Z", "by": "operator:ann", "text": "murmuring"}


async def asked(net: Running, member_id: str, uptime: Uptime, *, hours: int = 1) -> None:
    """Write how questions of some hours ago went; half of the failed ones ran out of time."""
    at = datetime.now(UTC) - timedelta(hours=hours)
    batch = Batch()
    batch.buckets = everywhere(
        member_id, at, uptime, kind=Kind.QUESTION, elapsed_ms=300, timed_out=uptime.down // 2
    )
    await store_of(net).write(batch)


async def key_of(net: Running, member_id: str) -> dict[str, str]:
    reply = await call(net, "POST", f"members/{member_id}/key")
    return {"Beacon-Service-Key": reply.json["serviceKey"]}


@pytest.fixture
async def net(nothing_left: None, tmp_path: Path) -> AsyncIterator[Running]:
    """One member everybody sees, and four behind a group: the first of them is down."""
    async with three_hidden(tmp_path, security=SECURED, health=SELDOM) as net:
        await write_health(net, "plain")
        await write_health(net, "quellwater", State.DOWN, message="murmuring")
        await fact(net, "quellwater", "notes", {"notes": [SAID]})
        await asked(net, "quellwater", Uptime(up=1, down=4))
        await asked(net, "plain", Uptime(up=9, down=1))
        yield net


class TestOfOperators:
    async def test_every_beacon_is_told_of_hidden_ones_by_name(self, net: Running) -> None:
        document = (await call(net, "GET", "health")).json
        members = {one["id"]: one for one in document["members"]}
        assert members.keys() == {
            "plain",
            *("quellwater", "quellwater-2", "quellwater-3", "quellwater-4"),
        }
        assert (document["total"], document["shown"]) == (5, 5)
        assert document["states"]["down"] == 1
        assert document["states"]["untold"] == 0
        worst = document["members"][0]
        assert (worst["id"], worst["state"], worst["hiddenIn"]) == ("quellwater", "down", "north")
        assert worst["cause"]["message"] == "murmuring"
        assert worst["uptime"]["24h"]["down"] == 3
        assert worst["page"].endswith("/admin/health/quellwater")
        assert worst["notes"] == [SAID]
        assert members["plain"]["hiddenIn"] is None
        assert members["plain"]["notes"] == []

    async def test_it_is_chosen_as_the_public_list_is(self, net: Running) -> None:
        for query, found in (
            ({"show": "failing"}, ["quellwater"]),
            ({"group": "north", "sort": "name", "show": "failing"}, ["quellwater"]),
        ):
            told_of = (await call(net, "GET", "health", **query)).json
            assert [one["id"] for one in told_of["members"]] == found
        of_group = (await call(net, "GET", "health", group="north")).json
        assert (of_group["shown"], of_group["total"]) == (4, 5)

    async def test_incidents_have_the_number_that_notes_are_sent_to(self, net: Running) -> None:
        (incident,) = (await call(net, "GET", "health")).json["incidents"]
        assert (incident["member"], incident["request"]) == ("quellwater", CURL)
        path = f"incidents/{incident['number']}/notes"
        await call(net, "POST", path, {"note": "We wrote."}, status=201)
        for path in ("health", "health/quellwater"):
            (incident,) = (await call(net, "GET", path)).json["incidents"]
            (note,) = incident["notes"]
            assert (note["by"], note["text"]) == ("operator", "We wrote.")

    async def test_who_drags_the_network_down(self, net: Running) -> None:
        drags = (await call(net, "GET", "health")).json["drags"]
        assert drags["window"] == "24h"
        first, second, *others = sorted(drags["members"], key=lambda one: -one["failed"])
        assert first.pop("p95Ms") == pytest.approx(300, rel=0.05)
        assert first == {
            "id": "quellwater",
            "name": "Zanzibarine 1",
            "asked": 5,
            "failed": 4,
            "timedOut": 2,
            "share": 0.8,
            "down": pytest.approx(3 / 233),
            "cost": 0.4,
        }
        assert (second["id"], second["share"]) == ("plain", 0.2)
        for one in others:
            assert (one["asked"], one["p95Ms"], one["share"]) == (0, None, None)

    async def test_the_table_is_of_a_week_if_that_is_asked_for(self, net: Running) -> None:
        await asked(net, "plain", Uptime(down=6), hours=72)
        drags = (await call(net, "GET", "health", window="7d")).json["drags"]
        (plain,) = [one for one in drags["members"] if one["id"] == "plain"]
        assert (drags["window"], plain["failed"]) == ("7d", 7)

    async def test_a_hidden_one_is_told_of_as_others_are(self, net: Running) -> None:
        document = (await call(net, "GET", "health/quellwater", window="7d")).json
        assert document["window"] == "7d"
        assert (document["state"], document["hiddenIn"]) == ("down", "north")
        assert [check["message"] for check in document["checks"]] == ["murmuring"]
        assert document["questions"]["24h"]["failed"] == 4
        assert document["notes"] == [SAID]
        assert document["page"].endswith("/admin/health/quellwater")
        assert document["feed"] is None  # nobody can read one of it
        public = (await net.ask(path="/health/plain.json")).json
        closed = (await call(net, "GET", "health/plain")).json
        assert closed.keys() == public.keys() | {"hiddenIn"}
        assert closed["checks"] == public["checks"] != []
        assert closed["feed"] == public["feed"]

    async def test_older_incidents_are_at_the_address_given(self, net: Running) -> None:
        now = datetime.now(UTC)
        await store_of(net).write(
            Batch(
                incidents=[
                    IncidentChange("quellwater", Topic.SLOW, at, at + timedelta(minutes=1), "x")
                    for at in (now - timedelta(hours=hours) for hours in range(2, 26))
                ]
            )
        )
        for path in ("health?window=7d&group=north", "health/quellwater?window=7d"):
            name, _, asked_for = path.partition("?")
            query = dict(one.split("=") for one in asked_for.split("&"))
            first = (await call(net, "GET", name, **query)).json
            assert len(first["incidents"]) == 20
            address = first["olderIncidents"]
            where, _, older = address.partition("?")
            assert where.endswith(f"/admin/api/{name}")
            then = dict(one.split("=") for one in older.split("&"))
            assert then | query == then  # the same list goes on
            rest = (await call(net, "GET", name, **then)).json
            assert rest["olderIncidents"] is None
            numbers = [one["number"] for one in (*first["incidents"], *rest["incidents"])]
            assert len({*numbers}) == len(numbers) == 25

    async def test_what_is_wrong_is_said_all_at_once(self, net: Running) -> None:
        reply = await call(net, "GET", "health", status=400, sort="worst", window="30d", below="0")
        for problem in ("sort: “worst”", "window: “30d” is none of 24h, 7d.", "below: "):
            assert problem in problem_of(reply)
        await call(net, "GET", "health/quellwater", status=400, window="1h")
        for nobody in ("nobody", "north", "No Body"):
            await call(net, "GET", f"health/{nobody}", status=404)

    @pytest.mark.parametrize("path", OPERATORS)
    async def test_nobody_else_is_told(self, net: Running, path: str) -> None:
        key = await key_of(net, "quellwater")
        for headers in ({}, HTML, key, {"Authorization": "Bearer wrong-of-many-characters"}):
            reply = await net.ask(path=path, headers=headers)
            assert reply.status == 401
            assert leaks(reply.text) == []
        own = {"Authorization": f"Bearer {key['Beacon-Service-Key']}"}
        assert (await net.ask(path=path, headers=own)).status == 401

    @pytest.mark.parametrize("path", OPERATORS)
    async def test_who_is_signed_in_reads_it_and_nothing_keeps_it(
        self, net: Running, path: str
    ) -> None:
        visitor = await Visitor(net).sign_in()
        reply = await visitor.ask("GET", path)
        assert reply.status == 200
        assert reply.headers["Cache-Control"] == "no-store"
        assert "ETag" not in reply.headers


class TestOfAHolder:
    async def test_a_program_with_the_key_of_a_hidden_one_reads_its_health(
        self, net: Running
    ) -> None:
        path = "/manage/quellwater/health"
        reply = await net.ask({"window": "7d"}, path=path, headers=await key_of(net, "quellwater"))
        assert (reply.status, reply.headers["Content-Type"].partition(";")[0]) == (
            200,
            "application/json",
        )
        assert reply.headers["Cache-Control"] == "no-store"
        document = reply.json
        assert (document["id"], document["state"]) == ("quellwater", "down")
        assert document["window"] == "7d"
        assert document["page"].endswith(path)
        assert document["feed"] is None
        (incident,) = document["incidents"]
        assert incident["request"] == CURL
        # what operators alone see
        assert "number" not in incident
        assert "hiddenIn" not in document
        assert document["notes"] == [{"at": SAID["at"], "text": "murmuring"}]
        assert "ann" not in reply.text

    async def test_who_writes_notes_and_the_others_of_its_group_are_not_told(
        self, net: Running
    ) -> None:
        await write_health(net, "quellwater-2", State.DOWN, message="hushpath")
        reply = await net.ask(
            path="/manage/quellwater/health", headers=await key_of(net, "quellwater")
        )
        assert "quellwater-2" not in reply.text
        assert "hushpath" not in reply.text.replace("/hushpath", "")

    async def test_nobody_without_its_key_reads_it(self, net: Running) -> None:
        path = "/manage/quellwater/health"
        other = await key_of(net, "plain")
        for headers in ({}, {"Beacon-Service-Key": "wrong"}, other, {"Accept": "application/json"}):
            reply = await net.ask(path=path, headers=headers)
            assert reply.status == 401
            assert leaks(reply.text.replace("quellwater", "")) == []

    async def test_what_is_wrong_is_said_after_the_key_was_right(self, net: Running) -> None:
        path = "/manage/plain/health"
        key = await key_of(net, "plain")
        assert (await net.ask({"window": "1h"}, path=path)).status == 401
        reply = await net.ask({"window": "1h"}, path=path, headers=key)
        assert reply.status == 400
        assert "window: “1h”" in problem_of(reply)


async def test_operators_may_ask_for_a_group_that_is_named_to_nobody(
    nothing_left: None, tmp_path: Path
) -> None:
    entries = [told("one", groups=["north", "quellwater"]), told("two", groups=["north"])]
    async with network(tmp_path, entries, security=SECURED, health=SELDOM) as net:
        public = await net.ask({"group": "quellwater"}, path="/health.json")
        assert public.status == 400
        assert leaks(problem_of(public).replace("“quellwater”", "")) == []
        document = (await call(net, "GET", "health", group="quellwater")).json
        assert [one["id"] for one in document["members"]] == ["one"]


async def test_one_of_which_nothing_is_known_is_told_of_as_such(nothing_left: None) -> None:
    async with health_network([told("alpha")], security=SECURED) as net:
        document = (await call(net, "GET", "health")).json
        (alpha,) = document["members"]
        assert (alpha["state"], alpha["since"], alpha["hiddenIn"]) == ("unchecked", None, None)
        (drag,) = document["drags"]["members"]
        assert (drag["asked"], drag["share"]) == (0, None)


@pytest.mark.parametrize(
    ("path", "described"),
    [
        ("/admin/api/health", "/admin/api/health"),
        ("/admin/api/health/quellwater", "/admin/api/health/{id}"),
        ("/manage/quellwater/health", "/manage/{id}/health"),
    ],
)
async def test_the_openapi_document_describes_all_of_it(
    net: Running, path: str, described: str
) -> None:
    operation = (await net.ask(path="/openapi.json")).json["paths"][described]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    by_key = path.startswith("/manage")
    headers = await key_of(net, "quellwater") if by_key else AS_OPERATOR
    document = (await net.ask(path=path, headers=headers)).json
    Draft202012Validator(schema).validate(document)
    pairs = [(document, schema)]
    names = [name for name in ("incidents", "members") if name in document]
    pairs += [(document[name][0], schema["properties"][name]["items"]) for name in names]
    if "drags" in document:
        drags = schema["properties"]["drags"]["properties"]
        pairs.append((document["drags"]["members"][0], drags["members"]["items"]))
    for told_of, properties in pairs:
        assert told_of.keys() == properties["properties"].keys()
    assert {"400", "401", "429", "503"} <= operation["responses"].keys()
