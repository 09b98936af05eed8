"""Setting alerts up by programs: clear refusals, every change in the log, and no secret in it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aggregator.api.middleware import REGISTRY_PATHS
from registry.alerts import MOST_TARGETS, OPERATOR
from registry.health_store import Batch
from registry.incidents import Event, Topic
from registry.models import Group
from tests.alert_kit import NOON, PUBLIC, MailServer, Receiver, link_in
from tests.faulty import FaultyMember
from tests.integration.operators import AS_OPERATOR, SECURED, call, newest
from tests.networks import Reply, Running, come_true, entry, network_of, nothing_left, scripted

__all__ = ["nothing_left"]

HERE = "/manage/one/alerts"
Json = Any


@pytest.fixture
async def net(nothing_left: None, mail: MailServer) -> AsyncIterator[Running]:
    async with FaultyMember(scripted()) as member:
        entries = [
            entry(member, "one", name="One"),
            entry(f"{member.url}/b", "hidden", groups=["club"]),
        ]
        async with network_of(
            entries,
            security=SECURED | {"join_rate_limit": 0},
            alerts=mail.settings,
            network={"public_url": PUBLIC},
        ) as running:
            yield running


@pytest.fixture
async def key(net: Running) -> str:
    return await net.network.registry.keyring.rotate("one", by="operator")


async def ask(
    net: Running, key: str, method: str = "GET", below: str = "", *, status: int, body: Json = None
) -> Reply:
    headers = {"Beacon-Service-Key": key} if key else {}
    reply = await net.ask(path=f"{HERE}{below}", method=method, headers=headers, body=body)
    assert reply.status == status, reply.text
    return reply


async def happens(net: Running, *events: Event) -> None:
    await net.network.watch.health.write(Batch(events=[*events]))


def event(member_id: str = "one", what: str = "began", text: str = "it does not answer") -> Event:
    key = f"{member_id}:outage:{what}:{NOON.isoformat()}"
    return Event(key, member_id, Topic.OUTAGE, what, NOON, text)


async def test_an_address_is_set_up_told_tested_changed_and_removed(
    net: Running, key: str, receiver: Receiver
) -> None:
    body = {"kind": "webhook", "address": receiver.url, "topics": ["outage"]}
    made = (await ask(net, key, "POST", status=201, body=body)).json
    secret, one = made["secret"], f"/{made['id']}"
    assert secret.startswith("bas_")
    await happens(net, event())
    await come_true(lambda: len(receiver.requests) == 1)
    assert receiver.documents[0]["text"].startswith("One: it does not answer")
    tested = (await ask(net, key, "POST", f"{one}/test", status=200)).json
    assert tested == {"delivered": True, "result": "taken (HTTP 200)"}
    assert receiver.documents[1]["type"] == "test"
    changed = (await ask(net, key, "PATCH", one, status=200, body={"remind_hours": 6})).json
    assert (changed["remind_hours"], changed["topics"]) == (6, ["outage"])
    shown = await ask(net, key, "GET", one, status=200)
    assert [line["type"] for line in shown.json["deliveries"]] == ["test", "event"]
    listed = await ask(net, key, "GET", ".json", status=200)
    assert secret not in shown.text + listed.text
    await ask(net, key, "DELETE", one, status=200)
    assert (await ask(net, key, status=200)).json == {"alerts": []}
    await ask(net, key, "GET", one, status=404)


async def test_a_test_says_what_went_wrong(net: Running, key: str, receiver: Receiver) -> None:
    body = {"kind": "webhook", "address": receiver.url}
    made = (await ask(net, key, "POST", status=201, body=body)).json
    receiver.status = 403
    tested = (await ask(net, key, "POST", f"/{made['id']}/test", status=200)).json
    assert tested == {"delivered": False, "result": "refused (HTTP 403)"}
    await ask(net, key, "PATCH", f"/{made['id']}", status=200, body={"on": False})
    refused = await ask(net, key, "POST", f"/{made['id']}/test", status=409)
    assert "switched off" in refused.json["detail"]


async def test_everything_wrong_is_said_at_once(net: Running, key: str) -> None:
    body = {
        "kind": "webhook",
        "address": "ftp://example.org",
        "topics": ["weather"],
        "colour": "red",
    }
    told = (await ask(net, key, "POST", status=400, body=body)).json["detail"]
    for part in ("colour: unknown key", "weather", "outage, slow", "http://"):
        assert part in told
    body = {
        "kind": "pigeon",
        "quiet": {"zone": "Mars/Olympus", "from": "25:00", "to": "07:00"},
        "after_minutes": 100_000,
        "remind_hours": "often",
    }
    told = (await ask(net, key, "POST", status=400, body=body)).json["detail"]
    for part in (
        "kind: webhook or email",
        "quiet: zone: no time zone",
        "quiet: from: a time of day",
        "after_minutes: ",
        "remind_hours: ",
    ):
        assert part in told


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"topics": []}, "topics: a list of"),
        ({"topics": ["network"]}, "network is none that can be told"),
        ({"topics": "outage"}, "topics: a list of"),
        ({"topics": [["outage"]]}, "topics"),
        ({"quiet": {"from": "22:00", "to": "22:00"}}, "no time to tell anything"),
        ({"quiet": {"zone": "../etc/passwd", "from": "22:00", "to": "07:00"}}, "no time zone"),
        ({"quiet": {"zone": "A" * 5000, "from": "22:00", "to": "07:00"}}, "no time zone"),
        ({"on": "yes"}, "on: true or false"),
        ({"address": "https://other.example.org"}, "remove this one and add another"),
    ],
)
async def test_a_wrong_change_is_refused(
    net: Running, key: str, receiver: Receiver, body: Json, part: str
) -> None:
    made = {"kind": "webhook", "address": receiver.url}
    target = (await ask(net, key, "POST", status=201, body=made)).json
    refused = await ask(net, key, "PATCH", f"/{target['id']}", status=400, body=body)
    assert part in refused.json["detail"]
    after = (await ask(net, key, "GET", f"/{target['id']}", status=200)).json
    assert {name: after[name] for name in target if name in after} == {
        name: one for name, one in target.items() if name in after
    }


async def test_a_wrong_key_opens_nothing(net: Running, key: str, receiver: Receiver) -> None:
    made = {"kind": "webhook", "address": receiver.url}
    target = (await ask(net, key, "POST", status=201, body=made)).json
    other = await net.network.registry.keyring.rotate("hidden", by="operator")
    for wrong in ("", "bsk_wrong", other):
        for method, below in (
            ("GET", ""),
            ("GET", ".json"),
            ("POST", ""),
            ("GET", f"/{target['id']}"),
            ("PATCH", f"/{target['id']}"),
            ("DELETE", f"/{target['id']}"),
            ("POST", f"/{target['id']}/test"),
        ):
            refused = await ask(net, wrong, method, below, status=401)
            assert receiver.url not in refused.text
    # a key of another member finds nothing under its own path either
    headers = {"Beacon-Service-Key": other}
    path = f"/manage/hidden/alerts/{target['id']}"
    assert (await net.ask(path=path, method="DELETE", headers=headers)).status == 404
    assert (await net.ask(path="/manage/nobody/alerts", headers=headers)).status == 401


async def test_more_than_a_few_or_the_same_twice_are_refused(
    net: Running, key: str, receiver: Receiver
) -> None:
    for number in range(MOST_TARGETS):
        body = {"kind": "webhook", "address": f"{receiver.url}/{number}"}
        await net.network.watch.telling.desk.add("one", body, by="test")
    refused = await ask(net, key, "POST", status=409, body=body)
    assert "told already" in refused.json["detail"]
    body = {"kind": "webhook", "address": receiver.url}
    refused = await ask(net, key, "POST", status=409, body=body)
    assert f"At most {MOST_TARGETS}" in refused.json["detail"]


async def test_every_change_is_in_the_log_without_secret_and_path(
    net: Running, key: str, receiver: Receiver
) -> None:
    body = {"kind": "webhook", "address": receiver.url}
    made = (await ask(net, key, "POST", status=201, body=body)).json
    line = await newest(net)
    assert (line["actor"], line["action"], line["subject"]) == (
        *("member:one", "new alert target", "one"),
    )
    await ask(net, key, "PATCH", f"/{made['id']}", status=200, body={"on": False})
    assert (await newest(net))["action"] == "change alert target"
    await ask(net, key, "DELETE", f"/{made['id']}", status=200)
    assert (await newest(net))["action"] == "remove alert target"
    told = json.dumps((await call(net, "GET", "log")).json)
    assert "secret-path" not in told
    assert made["secret"] not in told


async def test_operators_are_told_of_everybody_and_see_everybodys(
    net: Running, key: str, receiver: Receiver
) -> None:
    body = {"kind": "webhook", "address": receiver.url}
    await ask(net, key, "POST", status=201, body=body)
    made = (await call(net, "POST", "alerts", body | {"topics": ["certificate"]}, status=201)).json
    assert made["owner"] == "~operator"
    listed = (await call(net, "GET", "alerts")).json["alerts"]
    assert [one["owner"] for one in listed] == ["one", "~operator"]
    assert listed[0]["address"].endswith("/…")  # the path may be a secret of the member's
    assert listed[1]["address"] == receiver.url
    only = (await call(net, "GET", "alerts", owner="one")).json["alerts"]
    assert [one["owner"] for one in only] == ["one"]
    await call(net, "GET", "alerts", owner="nobody", status=404)
    await call(net, "GET", "alerts", token="wrong-token-of-nobody", status=401)
    await call(net, "GET", f"alerts/{made['id']}x", status=404)
    await call(net, "PATCH", f"alerts/{listed[0]['id']}", {"on": False})
    assert (await ask(net, key, status=200)).json["alerts"][0]["on"] is False
    await call(net, "DELETE", f"alerts/{made['id']}")


async def test_a_mail_address_confirms_itself_by_a_form_and_unsubscribes_by_one_click(
    net: Running, key: str, mail: MailServer
) -> None:
    body = {"kind": "email", "address": "ann@example.org"}
    made = (await ask(net, key, "POST", status=201, body=body)).json
    assert made["confirmed"] is False
    assert "secret" not in made
    await come_true(lambda: len(mail.mails) == 1)
    link = link_in(mail.mails[0][2])
    # what looks at links in mails before people do changes nothing
    assert (await net.ask(path=link)).json == {"purpose": "confirm", "done": False}
    assert (await ask(net, key, "GET", f"/{made['id']}", status=200)).json["confirmed"] is False
    assert (await net.ask(path=link, method="POST")).json["done"] is True
    assert (await ask(net, key, "GET", f"/{made['id']}", status=200)).json["confirmed"] is True
    tested = (await ask(net, key, "POST", f"/{made['id']}/test", status=200)).json
    assert tested["delivered"] is True
    stop = mail.mails[-1][2]["List-Unsubscribe"].strip("<>").removeprefix(PUBLIC)
    one_click = b"List-Unsubscribe=One-Click"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await net.ask(path=stop, raw=one_click, headers=form)).json["done"] is True
    known = (await ask(net, key, "GET", f"/{made['id']}", status=200)).json
    assert (known["on"], known["confirmed"]) == (False, False)
    gone = await net.ask(path="/alerts/stop/nonsense", method="POST")
    assert gone.status == 404
    assert REGISTRY_PATHS.match("/alerts/stop/nonsense")
    assert gone.json["status"] == 404


async def test_without_mail_server_and_for_private_addresses_there_are_refusals(
    nothing_left: None,
) -> None:
    async with network_of(
        [entry("https://one.example.org", "one")], security={"allow_private_members": False}
    ) as net:
        key = await net.network.registry.keyring.rotate("one", by="operator")
        body = {"kind": "email", "address": "ann@example.org"}
        refused = await ask(net, key, "POST", status=400, body=body)
        assert "this network sends no mail; use a webhook" in refused.json["detail"]
        for address in (
            "https://127.0.0.1/hook",
            "https://10.1.2.3/hook",
            "https://[::1]/hook",
            "https://[::ffff:10.0.0.1]/hook",
            "https://2130706433/hook",
            "https://0x7f.1/hook",
            "https://169.254.169.254/latest",
            "https://localhost/hook",
            "https://db.internal/hook",
            "https://nothing.invalid/hook",
        ):
            body = {"kind": "webhook", "address": address}
            refused = await ask(net, key, "POST", status=400, body=body)
            assert "no address on the public internet" in refused.json["detail"], address
        for address in ("http://example.org/", "https://u:p@example.org/", "https://", "x", ""):
            body = {"kind": "webhook", "address": address}
            assert "address: " in (await ask(net, key, "POST", status=400, body=body)).text


async def test_of_hidden_members_only_their_owners_and_operators_are_told(
    net: Running, receiver: Receiver, key: str
) -> None:
    hidden = await net.network.registry.keyring.rotate("hidden", by="operator")
    for member_id, its in (("hidden", hidden), ("one", key)):
        made = await net.ask(
            path=f"/manage/{member_id}/alerts",
            body={"kind": "webhook", "address": f"{receiver.url}/{member_id}"},
            headers={"Beacon-Service-Key": its},
        )
        assert made.status == 201
    group = Group(id="club", name="The club", opaque=True)
    await net.network.registry.groups.describe(group, by="operator")
    await call(net, "POST", "alerts", {"kind": "webhook", "address": receiver.url}, status=201)
    await come_true(lambda: "hidden" in net.network.holder.current.shown_as)
    await happens(net, event("hidden"))
    await net.network.watch.telling.dispatcher.round()
    logs = {}
    for one in (await net.ask(path="/admin/api/alerts", headers=AS_OPERATOR)).json["alerts"]:
        log = await net.ask(path=f"/admin/api/alerts/{one['id']}", headers=AS_OPERATOR)
        logs[one["owner"]] = [line["member"] for line in log.json["deliveries"]]
    assert logs == {"hidden": ["hidden"], "one": [], OPERATOR: ["hidden"]}
    await come_true(lambda: receiver.requests)
    (told,) = receiver.documents
    assert told["member"]["url"] == f"{PUBLIC}/manage/hidden/health"
    page = await net.ask(path="/manage/hidden/health", headers={"Beacon-Service-Key": hidden})
    assert page.status == 200
