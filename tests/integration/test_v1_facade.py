"""The whole network as one Beacon of version 1.1."""

from typing import Any
from urllib.parse import urlencode

import pytest

from demo import BEACON_IDS, Fault
from tests.networks import BRAF, DemoRunning, Reply, demo_running, network_of
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
        net.beacons["demo-counts"].fault = Fault(down=True)
        net.beacons["demo-records"].fault = Fault(delay_s=30)
        question = F508DEL | {"includeDatasetResponses": "ALL", "wait": "0.3"}
        reply = await net.ask(question, path=QUERY)

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
