"""Checks of real members on loopback: faults as scripted, and exactly what is told of them."""

import pytest
import trustme

from demo import Fault
from tests import faulty
from tests.checked import BY_HAND, Checked
from tests.faulty import FaultyMember, answer, hang, html, json_answer
from tests.networks import (
    V2_INFO,
    come_true,
    demo_running,
    entry,
    network_of,
    questions,
    says,
    scripted,
)

IMPATIENT = BY_HAND | {"health": BY_HAND["health"] | {"probe_timeout_s": 1.2}}
"""For members that never answer; others, which answer at once, have no longer either."""
DOWN_AND_UP = [("outage", "began"), ("outage", "ended")]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


async def test_a_network_that_is_well_has_nothing_to_tell():
    async with demo_running(**BY_HAND) as net:
        checked = Checked(net)
        await checked.rounds(4)
        assert checked.states == dict.fromkeys(net.beacons, "up")
        assert (await checked.events(), await checked.incidents()) == ([], [])
        for name in net.beacons:
            check = checked.last(name)
            assert (check.status, check.message, check.request) == (200, "", "")
            assert check.elapsed_ms > 0
            assert net.asked(name)[-1].headers["x-request-id"] == check.request_id


FAULTS = [
    ("demo-records", Fault(down=True), "connect"),
    ("demo-records", Fault(status=500), "status"),
    ("demo-v1", Fault(status=503), "status"),
    ("demo-v11", Fault(body=b'{"meta": {'), "body"),
    ("demo-counts", Fault(body=b"<html><body>Welcome</body></html>"), "body"),
    ("demo-counts", Fault(body=b'{"hello": "world"}'), "schema"),
    ("demo-legacy", Fault(body=b'{"hello": "world"}'), "schema"),
    ("demo-records", Fault(delay_s=30), "slow"),
]


@pytest.mark.parametrize(("name", "fault", "phase"), FAULTS)
async def test_a_fault_is_an_outage_after_three_checks_and_ends_after_two(name, fault, phase):
    steady = "demo-v1" if name != "demo-v1" else "demo-records"
    async with demo_running(**IMPATIENT if phase == "slow" else BY_HAND) as net:
        checked = Checked(net)
        await checked.rounds(2)
        net.beacons[name].fault = fault
        await checked.rounds(2, name, steady)
        assert checked.states[name] == "up"
        assert checked.ended(name) == ("down", phase)
        await checked.rounds(1, name, steady)
        assert checked.states == dict.fromkeys(net.beacons, "up") | {name: "down"}
        (incident,) = await checked.watch.health.incidents()
        assert (incident.phase, incident.ended, incident.checks) == (phase, None, 3)
        assert incident.message
        assert incident.request.startswith("curl ")
        assert net.beacons[name].url in incident.request
        net.beacons[name].fault = Fault()
        await checked.rounds(1, name, steady)
        assert checked.states[name] == "down"
        await checked.rounds(1, name, steady)
        assert checked.states == dict.fromkeys(net.beacons, "up")
        assert await checked.events() == [(name, *one) for one in DOWN_AND_UP]
        assert await checked.incidents() == [(name, "outage", True)]


async def test_a_beacon_that_comes_and_goes_is_called_flapping_and_never_down():
    async with demo_running(**BY_HAND) as net:
        checked = Checked(net)
        flapping, steady = net.beacons["demo-v11"], "demo-v1"
        for _ in range(4):
            flapping.fault = Fault(status=500)
            await checked.check("demo-v11", steady)
            flapping.fault = Fault()
            await checked.check("demo-v11", steady)
        assert checked.states == {"demo-v11": "up", steady: "up"}
        traits = checked.watch.health.standings["demo-v11"].traits
        assert [one.value for one in traits] == ["flapping"]
        assert await checked.events() == [("demo-v11", "flapping", "began")]
        await checked.rounds(20, "demo-v11", steady)
        assert await checked.events() == [
            ("demo-v11", "flapping", "began"),
            ("demo-v11", "flapping", "ended"),
        ]


async def test_a_beacon_that_takes_long_is_called_slow_and_is_not_down():
    async with demo_running(**BY_HAND | {"health": BY_HAND["health"] | {"slow_s": 0.25}}) as net:
        checked = Checked(net)
        net.beacons["demo-v1"].fault = Fault(delay_s=0.3)
        await checked.rounds(3, "demo-v1", "demo-v11")
        assert checked.states == {"demo-v1": "up", "demo-v11": "up"}
        assert await checked.events() == [("demo-v1", "slow", "began")]
        net.beacons["demo-v1"].fault = Fault()
        await checked.rounds(6, "demo-v1", "demo-v11")
        assert (await checked.events())[1:] == [("demo-v1", "slow", "ended")]


async def test_a_beacon_whose_description_is_fine_and_whose_answers_are_not():
    good = scripted(json_answer(says()), info=json_answer(V2_INFO))
    for end, phase in (
        (json_answer({"meta": {}, "responseSummary": {}}), "schema"),
        (json_answer([]), "schema"),
        (html(200), "body"),
        (json_answer({"error": {"errorCode": 404}}, 404), "status"),
        (json_answer(says(), 500), "status"),
        (hang(), "slow"),
    ):
        bad = scripted(json_answer(says()), end, info=json_answer(V2_INFO))
        async with (
            FaultyMember(bad) as broken,
            FaultyMember(good) as steady,
            network_of(
                [entry(broken, "broken"), entry(steady, "steady")],
                **IMPATIENT if phase == "slow" else BY_HAND,
            ) as net,
        ):
            checked = Checked(net)
            await net.known("broken", "steady")
            await checked.rounds(4)
            assert checked.ended("broken") == ("down", phase)
            assert checked.states == {"broken": "down", "steady": "up"}
            assert await checked.events() == [("broken", "outage", "began")]


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        ({"expired": True}, "its certificate has expired"),
        ({"name": "other.example"}, "its certificate is for another host than 127.0.0.1"),
    ],
)
async def test_a_certificate_that_cannot_be_verified_is_an_outage(authority, ca_file, tls, words):
    async with (
        FaultyMember(scripted(), tls=faulty.server_tls(authority, **tls)) as bad,
        FaultyMember(scripted()) as steady,
        network_of([entry(bad, "bad", ca_file=ca_file), entry(steady, "steady")], **BY_HAND) as net,
    ):
        checked = Checked(net)
        await checked.rounds(3)
        assert checked.states == {"bad": "down", "steady": "up"}
        assert checked.ended("bad") == ("down", "tls")
        (event,) = await checked.watch.health.events()
        assert words.removeprefix("its ") in event.text
        assert bad.requests == []


async def test_a_name_that_cannot_be_resolved_is_an_outage():
    async with (
        FaultyMember(scripted()) as steady,
        network_of(
            [entry("http://beacon.invalid", "gone"), entry(steady, "steady")],
            **BY_HAND,
        ) as net,
    ):
        checked = Checked(net)
        await checked.rounds(3)
        assert checked.states == {"gone": "down", "steady": "up"}
        assert checked.ended("gone") == ("down", "dns")


async def test_an_address_of_the_inside_is_a_fault_of_the_members_set_up():
    async with network_of(
        [entry("http://127.0.0.1:9", "inside")],
        **BY_HAND | {"security": {"allow_private_members": False}},
    ) as net:
        checked = Checked(net)
        await checked.rounds(3)
        assert checked.states == {"inside": "down"}
        assert checked.ended("inside") == ("down", "dns")


async def test_a_member_that_asks_for_a_pause_is_up_and_left_alone():
    busy = answer(b"{}", 429, [("Retry-After", "600")])
    async with (
        FaultyMember(scripted(json_answer(says()), busy)) as member,
        network_of([entry(member)], **BY_HAND) as net,
    ):
        checked = Checked(net)
        await checked.rounds(2)
        assert (checked.states, checked.ended("scripted")) == ({"scripted": "up"}, ("up", None))
        asked = len(questions(member))
        await come_true(lambda: net.is_at_rest)
        assert not await checked.watch.rounds.step()
        assert len(questions(member)) == asked
        reply = await net.ask()
        assert reply.endings == {"scripted": "not_asked/suspended"}


async def test_the_credential_of_a_member_is_in_no_word_of_it(monkeypatch):
    async def repeats(wire):
        header = wire.request.headers.get("authorization", "none")
        await json_answer({"error": {"errorMessage": f"no entry for {header}"}}, 500)(wire)

    monkeypatch.setenv("BEACON_MEMBER_TOKEN_ONE", "s3cr3t-token")
    async with (
        FaultyMember(repeats) as member,
        network_of([entry(member, token="env:BEACON_MEMBER_TOKEN_ONE")], **BY_HAND) as net,
    ):
        checked = Checked(net)
        await checked.rounds(3)
        assert checked.states == {"scripted": "down"}
        assert {one.headers["authorization"] for one in member.requests} == {"Bearer s3cr3t-token"}
        health = checked.watch.health
        shown = [await health.incidents(), await health.events(), await health.checks("scripted")]
        assert "s3cr3t" not in repr(shown)
        assert "$TOKEN" in repr(shown)


async def test_the_checks_of_a_member_are_one_at_a_time_where_it_wants_that():
    running = most = 0

    async def counts(wire):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await scripted()(wire)
        running -= 1

    async with (
        FaultyMember(counts) as member,
        network_of([entry(member, max_concurrency=1)], **BY_HAND) as net,
    ):
        await Checked(net).rounds(3)
        assert most == 1
        assert len(questions(member)) == 3
