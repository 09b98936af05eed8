"""The whole network as one Beacon of version 1.1."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import pytest

from demo import BEACON_IDS, Fault
from tests.faulty import FaultyMember, hang, json_answer
from tests.networks import (
    BRAF,
    DemoRunning,
    Reply,
    Running,
    come_true,
    demo_running,
    entry,
    network_of,
    questions,
    says,
    scripted,
    until,
)
from tests.official import official

QUERY = "/v1/query"
F508DEL = BRAF | {"start": "117559589", "referenceBases": "ATCT", "alternateBases": "A"}
C282Y_37 = {
    "assemblyId": "GRCh37",
    "referenceName": "6",
    "start": "26093140",
    "referenceBases": "G",
    "alternateBases": "A",
}


def rows(reply: Reply) -> dict[str, Any]:
    """What each row says: true, false, or the code of its error."""
    official.validate_v1(reply.json, "response")
    return {
        row["datasetId"]: row["exists"] if "exists" in row else row["error"]["errorCode"]
        for row in reply.json["datasetAlleleResponses"]
    }


async def test_it_describes_itself_with_a_data_set_per_member_and_assembly(
    net: DemoRunning,
) -> None:
    for path in ("/v1", "/v1/"):
        reply = await net.ask(path=path)
        assert reply.status == 200
        official.validate_v1(reply.json, "beacon")

    sets = {one["id"]: (one["name"], one["assemblyId"]) for one in reply.json["datasets"]}
    assert sets == {
        "demo-legacy:GRCh37": ("Demo: Old University Beacon", "GRCh37"),
        "demo-v1:clinical": ("Clinical exomes", "GRCh37"),
        "demo-v1:population": ("Population controls", "GRCh37"),
        "demo-v11:urn:demo:genomes": ("Demo genomes", "GRCh38"),
        "demo-v11:urn:demo:tumours": ("Demo tumours", "GRCh38"),
        "demo-records:GRCh38": ("Demo: Genome Archive Beacon", "GRCh38"),
        "demo-counts:GRCh38": ("Demo: Cohort Platform Beacon", "GRCh38"),
    }


async def test_its_own_sample_question_is_answered_yes(net: DemoRunning) -> None:
    beacon = (await net.ask(path="/v1/")).json
    for sample in beacon["sampleAlleleRequests"]:
        official.validate_v1(sample, "request")
        reply = await net.ask(path=QUERY, body=sample)
        assert reply.json["exists"] is True


@pytest.mark.parametrize("how", ["GET", "POST", "form", "JSON labelled as a form"])
async def test_one_question_in_every_form(net: DemoRunning, how: str) -> None:
    asked = F508DEL | {"includeDatasetResponses": "ALL"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    if how == "GET":
        reply = await net.ask(asked, path=QUERY)
    elif how == "POST":
        reply = await net.ask(path=QUERY, body=asked | {"start": 117559589})
    elif how == "form":
        reply = await net.ask(path=QUERY, raw=urlencode(asked).encode(), headers=form)
    else:
        reply = await net.ask(path=QUERY, body=asked, headers=form)

    assert reply.status == 200, reply.text
    assert reply.json["exists"] is True
    assert reply.json["alleleRequest"] == asked | {"start": 117559589}
    assert rows(reply) == {
        "demo-legacy": 501,
        "demo-v1": 501,
        "demo-v11:urn:demo:genomes": True,
        "demo-v11:urn:demo:tumours": False,
        "demo-records:DEMO_COHORT": True,
        "demo-counts:cohort": True,
        "demo-counts:oncology": False,
    }


HITS = {
    "demo-v11:urn:demo:genomes": True,
    "demo-records:DEMO_COHORT": True,
    "demo-counts:cohort": True,
}
MISSES = {"demo-v11:urn:demo:tumours": False, "demo-counts:oncology": False}


@pytest.mark.parametrize(
    ("include", "expected"),
    [("HIT", HITS), ("MISS", MISSES), ("NONE", {}), ("", {}), ("hit", HITS)],
)
async def test_rows_are_those_that_were_wanted(
    net: DemoRunning, include: str, expected: dict[str, bool]
) -> None:
    reply = await net.ask(F508DEL | {"includeDatasetResponses": include}, path=QUERY)

    assert rows(reply) == expected
    assert reply.json["exists"] is True


async def test_rows_tell_counts_with_their_unit_and_how_they_match(net: DemoRunning) -> None:
    reply = await net.ask(F508DEL | {"includeDatasetResponses": "HIT"}, path=QUERY)

    told = {row["datasetId"]: row for row in reply.json["datasetAlleleResponses"]}
    genomes = told["demo-v11:urn:demo:genomes"]
    assert genomes["variantCount"] == 61
    assert genomes["info"]["countUnit"] == "observations"
    assert genomes["info"]["match"] == "exact"
    assert genomes["frequency"] == pytest.approx(61 / 7220)
    assert told["demo-counts:cohort"]["info"]["match"] == "equivalent"
    assert told["demo-records:DEMO_COHORT"]["info"]["countUnit"] == "genomicVariant records"


async def test_the_network_stands_in_info(net: DemoRunning) -> None:
    reply = await net.ask(C282Y_37, path=QUERY)

    assert reply.found == ["demo-legacy", "demo-v1"]
    assert list(reply.members) == list(BEACON_IDS)


@pytest.mark.parametrize(
    ("names", "found", "asked"),
    [
        ("demo-v1:clinical", {"demo-v1:clinical": True}, {"demo-v1": ["clinical"]}),
        (
            "demo-v1:clinical,demo-v1:population",
            {"demo-v1:clinical": True, "demo-v1:population": True},
            {"demo-v1": ["clinical", "population"]},
        ),
        ("population", {"demo-v1:population": True}, {"demo-v1": ["population"]}),
    ],
)
async def test_data_sets_of_a_member_are_asked_by_their_names(
    net: DemoRunning, names: str, found: dict[str, bool], asked: dict[str, list[str]]
) -> None:
    question = C282Y_37 | {"datasetIds": names, "includeDatasetResponses": "HIT"}
    reply = await net.ask(question, path=QUERY)

    assert rows(reply) == found
    (received,) = net.asked("demo-v1")
    assert received.json["datasetIds"] == asked["demo-v1"]
    assert not net.asked("demo-v11")


async def test_names_with_colons_are_whole(net: DemoRunning) -> None:
    question = F508DEL | {"datasetIds": "demo-v11:urn:demo:genomes"}
    reply = await net.ask(question | {"includeDatasetResponses": "HIT"}, path=QUERY)

    assert rows(reply) == {"demo-v11:urn:demo:genomes": True}
    assert net.asked("demo-v11")[0].json["datasetIds"] == ["urn:demo:genomes"]
    assert not net.asked("demo-records")


@pytest.mark.parametrize(
    ("name", "question", "member"),
    [
        ("demo-legacy:GRCh37", C282Y_37, "demo-legacy"),
        ("demo-records:GRCh38", F508DEL, "demo-records"),
        ("demo-counts:GRCh38", F508DEL, "demo-counts"),
        ("demo-records", F508DEL, "demo-records"),
        ("demo-legacy", C282Y_37, "demo-legacy"),
    ],
)
async def test_a_data_set_we_list_for_a_whole_member_asks_that_member(
    net: DemoRunning, name: str, question: dict[str, str], member: str
) -> None:
    """`/v1/` lists `member:assembly` where a member told no data sets: that is all it has."""
    reply = await net.ask(question | {"datasetIds": name}, path=QUERY)

    assert reply.found == [member]
    assert set(reply.endings.values()) <= {"found", "not_asked/dataset"}
    (received,) = net.asked(member)
    assert "datasets" not in str(received.query) + str(received.json)


async def test_a_hit_in_another_data_set_is_no_yes(net: DemoRunning) -> None:
    """bento's servers answer for all their data sets whatever is asked; only `cohort` has it."""
    asked_for = {"includeDatasetResponses": "ALL", "ask": "demo-counts"}
    other = await net.ask(F508DEL | asked_for | {"datasetIds": "demo-counts:oncology"}, path=QUERY)
    none = await net.ask(F508DEL | asked_for | {"datasetIds": "demo-counts:unknown"}, path=QUERY)
    right = await net.ask(F508DEL | asked_for | {"datasetIds": "demo-counts:cohort"}, path=QUERY)

    assert other.json["exists"] is False
    assert rows(other)["demo-counts:oncology"] is False
    assert "demo-counts:cohort" not in rows(other)
    assert none.status == 502
    assert none.endings["demo-counts"] == "no_answer/no_verdict"
    assert right.json["exists"] is True
    assert right.members["demo-counts"]["count"] == 23


async def test_an_inclusive_window_stays_inclusive(net: DemoRunning) -> None:
    windows = {
        "assemblyId": "GRCh38",
        "referenceName": "7",
        "startMin": "117559589",
        "startMax": "117559589",
        "endMin": "117559590",
        "endMax": "117559600",
        "referenceBases": "N",
        "variantType": "DEL",
    }
    reply = await net.ask(windows, path=QUERY)

    assert {"demo-v11", "demo-records"} <= set(reply.found)
    sent = net.asked("demo-v11")[0].json
    names = ("startMin", "startMax", "endMin", "endMax")
    assert {name: str(sent[name]) for name in names} == {name: windows[name] for name in names}


async def test_an_exactly_determined_event_is_no_overlap(net: DemoRunning) -> None:
    exact = {
        "assemblyId": "GRCh38",
        "referenceName": "7",
        "start": "117559589",
        "end": "117559593",
        "referenceBases": "N",
        "variantType": "DEL",
    }
    assert "demo-v11" in (await net.ask(exact, path=QUERY)).found
    wider = await net.ask(exact | {"start": "117559580", "end": "117559600"}, path=QUERY)
    assert wider.endings["demo-v11"] == "not_found"


async def test_silent_members_are_rows_with_their_error() -> None:
    async with demo_running(query={"retries": 0}) as net:
        question = F508DEL | {"includeDatasetResponses": "ALL"}
        # from now on this answer is in the cache, so that it is there in time
        assert (await net.ask(question | {"ask": "demo-v11", "wait": "10"}, path=QUERY)).found
        net.beacons["demo-counts"].fault = Fault(down=True)
        net.beacons["demo-records"].fault = Fault(delay_s=30)
        reply = await net.ask(question | {"wait": "0.3"}, path=QUERY)

        assert rows(reply)["demo-counts"] == 502
        assert rows(reply)["demo-records"] == 504
        assert reply.json["exists"] is True
        assert reply.headers["Cache-Control"] == "no-store"


async def test_an_incomplete_no_has_an_error_and_no_exists() -> None:
    async with demo_running(query={"retries": 0}) as net:
        net.beacons["demo-counts"].fault = Fault(down=True)
        reply = await net.ask(F508DEL | {"alternateBases": "ATCTT"}, path=QUERY)

        assert reply.status == 502
        official.validate_v1(reply.json, "response")
        assert "exists" not in reply.json
        accepted = await net.ask(
            F508DEL | {"alternateBases": "ATCTT", "partial": "allow"}, path=QUERY
        )
        assert accepted.json["exists"] is False


async def test_a_network_without_members_says_so_in_valid_words() -> None:
    async with network_of() as net:
        official.validate_v1((await net.ask(path="/v1/")).json, "beacon")
        reply = await net.ask(C282Y_37, path=QUERY)

        assert reply.status == 503
        official.validate_v1(reply.json, "response")


DEL_AT = {
    "assemblyId": "GRCh38",
    "referenceName": "7",
    "referenceBases": "N",
    "variantType": "DEL",
}
START, END = 117559589, 117559593
"""Where the deletion F508del begins and ends, in the spelling with the base before it."""


@pytest.mark.parametrize(
    "place",
    [
        {"start": START, "end": END},
        {"startMin": START, "startMax": START, "endMin": END, "endMax": END},
        {"startMin": START, "startMax": START, "endMin": END - 2, "endMax": END + 2},
        {"startMin": START - 2, "startMax": START + 2, "endMin": END, "endMax": END},
        {"startMin": START - 2, "startMax": START + 2, "endMin": END - 2, "endMax": END + 2},
    ],
    ids=["exact", "exact windows", "one-sided start", "one-sided end", "bracket"],
)
async def test_every_way_to_place_an_event_is_passed_on_as_it_was_put(
    net: DemoRunning, place: dict[str, int]
) -> None:
    asked = DEL_AT | place
    reply = await net.ask(path=QUERY, body=asked)

    official.validate_v1(reply.json, "response")
    assert reply.endings["demo-v11"] == "found"
    assert reply.json["alleleRequest"] == asked | {"includeDatasetResponses": "NONE"}
    sent = net.asked("demo-v11")[0].json
    if place.keys() == {"start", "end"} or len(set(place.values())) == 2:
        place = {"start": START, "end": END}
    assert {name: int(sent[name]) for name in place} == place


async def test_a_mate_is_passed_on_where_it_is_understood(net: DemoRunning) -> None:
    asked = DEL_AT | {"variantType": "BND", "start": START, "mateName": "13"}
    reply = await net.ask(path=QUERY, body=asked | {"partial": "allow"})

    official.validate_v1(reply.json, "response")
    assert reply.json["alleleRequest"]["mateName"] == "13"
    assert net.asked("demo-v11")[0].json["mateName"] == "13"
    assert reply.endings["demo-v1"].startswith("not_asked/")


@pytest.mark.parametrize(
    "encoded",
    [
        [("datasetIds", "demo-v1:clinical"), ("datasetIds", "demo-v1:population")],
        [("datasetIds", "demo-v1:clinical,demo-v1:population")],
        [("datasetIds", "demo-v1:clinical, demo-v1:population"), ("datasetIds", "")],
    ],
    ids=["repeated", "commas", "commas and blanks"],
)
async def test_names_of_data_sets_in_every_encoding(
    net: DemoRunning, encoded: list[tuple[str, str]]
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    pairs = [*C282Y_37.items(), *encoded]
    in_body = {"datasetIds": [value for _, value in encoded]}
    replies = [
        await net.ask(path=f"{QUERY}?{urlencode(pairs)}"),
        await net.ask(path=QUERY, raw=urlencode(pairs).encode(), headers=form),
        await net.ask(path=QUERY, body=C282Y_37 | in_body),
    ]
    for reply in replies:
        official.validate_v1(reply.json, "response")
        assert reply.json["alleleRequest"]["datasetIds"] == [
            "demo-v1:clinical",
            "demo-v1:population",
        ]
        assert reply.found == ["demo-v1"]


async def test_what_a_member_says_of_a_data_set_stands_where_the_version_has_it() -> None:
    row = {
        "datasetId": "d",
        "exists": True,
        "callCount": 7,
        "sampleCount": -1,
        "note": "a note",
        "externalUrl": "https://d.example.org",
        "info": {"accessType": "PUBLIC"},
    }
    document = {"beaconId": "b", "apiVersion": "1.0.1", "exists": True}
    document |= {"datasetAlleleResponses": [row]}
    async with (
        FaultyMember(scripted(json_answer(document))) as member,
        network_of([{"id": "one", "url": member.url, "protocol": "v1"}]) as net,
    ):
        reply = await net.ask(BRAF | {"includeDatasetResponses": "HIT"}, path=QUERY)

        official.validate_v1(reply.json, "response")
        (told,) = reply.json["datasetAlleleResponses"]
        assert told["callCount"] == 7
        assert "sampleCount" not in told
        assert told["note"] == "a note"
        assert told["externalUrl"] == "https://d.example.org"
        assert told["info"]["accessType"] == "PUBLIC"


@pytest.mark.parametrize(
    ("method", "path", "raw", "status"),
    [
        ("GET", "/v1/query?start=x", None, 400),
        ("POST", "/v1/query", b"{", 400),
        ("POST", "/v1/query", b"[1]", 400),
        ("POST", "/v1/query", b"\xff\xfe", 400),
        ("GET", "/v1/query?ask=nobody", None, 400),
        ("GET", "/v1/nothing", None, 404),
        ("GET", "/v1/query/more", None, 404),
        ("DELETE", "/v1/query", None, 405),
        ("POST", "/v1/", b"{}", 405),
        ("POST", "/v1/query", b" " * 2000 + b"{}", 413),
    ],
)
async def test_every_refusal_has_the_shape_of_the_version(
    method: str, path: str, raw: bytes | None, status: int
) -> None:
    async with network_of(server={"max_request_bytes": 1024}) as net:
        headers = {"Accept": "text/html"}
        reply = await net.ask(path=path, raw=raw, method=method, headers=headers)

    assert reply.status == status, reply.text
    official.validate_v1(reply.json, "response")
    assert reply.json["error"]["errorCode"] == status
    assert "exists" not in reply.json


async def test_limits_overload_loops_and_slowness_have_it_too() -> None:
    async with (
        FaultyMember(scripted(hang())) as member,
        network_of(
            [entry(member)],
            security={"rate_limit": 3},
            query={"retries": 0, "max_queries": 1, "deadline_s": 0.2, "member_timeout_s": 60},
        ) as net,
    ):
        waiting = asyncio.create_task(net.ask(BRAF | {"wait": "60"}, path=QUERY))
        await until(member, lambda m: len(questions(m)) == 1)
        replies = {503: await net.ask(BRAF, path=QUERY)}
        waiting.cancel()
        await asyncio.wait({waiting})
        await come_true(lambda: net.network.service.queries_in_flight == 0)
        replies[504] = await net.ask(BRAF | {"wait": "0.3"}, path=QUERY)
        replies[508] = await net.ask(
            BRAF, path=QUERY, headers={"Via": "1.1 org.example.test-network"}
        )
        for _ in range(3):
            replies[429] = await net.ask(BRAF | {"wait": "0.01"}, path=QUERY)
        for status, reply in replies.items():
            assert reply.status == status
            official.validate_v1(reply.json, "response")
            assert "exists" not in reply.json
        assert {"503", "429"} <= {str(s) for s, r in replies.items() if "Retry-After" in r.headers}


@asynccontextmanager
async def around(inner: Running) -> AsyncIterator[Running]:
    """A second network whose members are the first one, once in each version."""
    members = [
        {"id": "as-v1", "url": f"{inner.url}/v1", "protocol": "v1"},
        {"id": "as-v2", "url": f"{inner.url}/api", "protocol": "v2"},
    ]
    async with network_of(
        members,
        network={"id": "org.example.outer", "name": "Outer"},
        query={"retries": 0},
        cache={"ttl_s": 0, "stale_while_revalidate_s": 0, "stale_if_error_s": 0},
    ) as outer:
        await outer.known("as-v1", "as-v2")
        yield outer


@pytest.mark.parametrize("question", [BRAF, F508DEL, C282Y_37], ids=["BRAF", "F508del", "C282Y"])
async def test_another_network_may_have_us_as_a_member_in_both_versions(
    net: DemoRunning, question: dict[str, str]
) -> None:
    async with around(net) as outer:
        inside = await net.ask(question)
        outside = await outer.ask(question)

    assert inside.summary["exists"] is outside.summary["exists"] is True
    assert outside.endings == {"as-v1": "found", "as-v2": "found"}


async def test_counts_of_several_units_are_not_one_number_outside(net: DemoRunning) -> None:
    """Observations of one member and records of another, which the version has one word for."""
    async with around(net) as outer:
        mixed = await outer.ask(F508DEL)
        plain = await outer.ask(F508DEL | {"datasetIds": "demo-v11:urn:demo:genomes"})

    assert mixed.members["as-v1"]["answer"] == "found"
    assert mixed.members["as-v1"]["count"] is None
    assert (plain.members["as-v1"]["count"], plain.members["as-v1"]["countUnit"]) == (
        61,
        "observations",
    )


async def test_a_complete_no_of_ours_is_a_no_outside() -> None:
    async with (
        FaultyMember(scripted(json_answer(says(False)))) as member,
        network_of([entry(member)]) as inner,
        around(inner) as outer,
    ):
        reply = await outer.ask(BRAF)

        assert reply.endings == {"as-v1": "not_found", "as-v2": "not_found"}
        assert reply.summary["exists"] is False


@pytest.mark.parametrize("habit", ["error", "answer"])
async def test_an_incomplete_no_of_ours_is_never_a_no_outside(habit: str) -> None:
    """Also where the inner operator chose to answer it, as `exists: false` with a warning."""
    async with (
        FaultyMember(scripted(json_answer(says(False)))) as fine,
        FaultyMember(scripted(json_answer({}, 500))) as broken,
        network_of(
            [entry(fine, "fine"), entry(broken, "broken")],
            query={"retries": 0, "incomplete_negative": habit},
        ) as inner,
        around(inner) as outer,
    ):
        reply = await outer.ask(BRAF)

        assert reply.status == 502
        assert reply.info["verdict"] == "unknown"
        assert all(ending.startswith("no_answer/") for ending in reply.endings.values())


async def test_an_incomplete_yes_of_ours_is_a_yes_outside_and_stays_incomplete() -> None:
    async with (
        FaultyMember(scripted(json_answer(says()))) as fine,
        FaultyMember(scripted(json_answer({}, 500))) as broken,
        network_of([entry(fine, "fine"), entry(broken, "broken")], query={"retries": 0}) as inner,
        around(inner) as outer,
    ):
        reply = await outer.ask(BRAF)

        assert reply.endings == {"as-v1": "found", "as-v2": "found"}
        assert reply.info["complete"] is False


async def test_the_page_of_another_network_hears_our_members_as_its_own(net: DemoRunning) -> None:
    """A member of CSC's kind: the list of `/query`, with a null that is no no."""
    member = {"id": "as-csc", "url": net.url, "protocol": "csc"}
    outside = {"id": "org.example.outer", "name": "Outer"}
    async with network_of([member], query={"retries": 0}, network=outside) as outer:
        found = await outer.ask(BRAF)
        assert found.endings == {"as-csc": "found"}
        unknown = await outer.ask(BRAF | {"alternateBases": "G"})
        assert unknown.endings["as-csc"].startswith("no_answer/")
