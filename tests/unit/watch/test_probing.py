"""Test questions: how a member wants to be asked, found out politely."""

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure, Reply
from aggregator.upstream.call_results import CallResult
from aggregator.watch.probing import MAX_PROBES, probe
from registry.capabilities import DataSet
from registry.models import Dialect
from tests.builders import member

REFUSED = (400, {"error": {"errorCode": 400, "errorMessage": "no such form"}})


def says(exists=True, entry_type="genomicVariant", **echo):
    meta = {
        "beaconId": "b",
        "apiVersion": "v2.0.0",
        "returnedSchemas": [{"entityType": entry_type, "schema": "x"}],
        "receivedRequestSummary": {"requestParameters": echo},
    }
    return 200, {"meta": meta, "responseSummary": {"exists": exists}}


class Server:
    """Answers as a function of the request says: a status and a document, or a failure."""

    def __init__(self, answer):
        self.answer = answer
        self.requests = []
        self.at_once = 0
        self.most_at_once = 0
        self.in_background = set()

    async def call(self, asked_member, request, **options):
        self.in_background.add(options["in_background"])
        self.requests.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        found = self.answer(request)
        self.at_once -= 1
        if isinstance(found, Failure):
            return CallResult(None, found, 0.1, 1)
        status, document = found
        return CallResult(Reply(status, json.dumps(document).encode()), None, 0.1, 1)


async def probed(answer, asked=None, **more):
    server = Server(answer)
    found = await probe(asked or member(**more), server, via="1.1 us")
    return found, server


def parameters(request):
    if request.body is None:
        return {key: value[0] for key, value in parse_qs(urlsplit(request.url).query).items()}
    return json.loads(request.body)["query"].get("requestParameters", {})


async def test_a_member_that_takes_the_default_form_is_asked_once_for_it():
    found, server = await probed(lambda request: says())
    assert found.learned == Dialect()
    variants = [one for one in server.requests if "/g_variants" in one.url]
    assert len(variants) == 1
    assert variants[0].method == "GET"


async def test_test_questions_are_sent_in_the_background():
    _, server = await probed(lambda request: says())
    assert server.in_background == {True}


def takes_post_list(request):
    told = parameters(request)
    is_fit = request.method == "POST" and isinstance(told.get("start"), list)
    return says() if is_fit else REFUSED


def takes_post_nested(request):
    is_fit = request.method == "POST" and "g_variant" in parameters(request)
    return says() if is_fit else (500, {"oops": 1})


@pytest.mark.parametrize(
    ("answer", "learned"),
    [
        (takes_post_list, Dialect(method="POST", parameters="flat", start="list")),
        (takes_post_nested, Dialect(method="POST", parameters="nested", start="list")),
        (
            lambda request: says() if request.method == "POST" else REFUSED,
            Dialect(method="POST", parameters="flat", start="scalar"),
        ),
        (
            lambda request: (
                REFUSED if "requestedGranularity" in request.url or request.body else says()
            ),
            Dialect(drop=("requestedGranularity", "includeResultsetResponses")),
        ),
    ],
)
async def test_the_form_that_is_understood_is_learned(answer, learned):
    found, _ = await probed(answer)
    assert found.learned == learned


async def test_every_test_question_is_told():
    found, server = await probed(takes_post_list)
    assert len(found.probes) == len(server.requests)
    first = str(found.probes[0])
    assert first.startswith("GET /g_variants?")
    assert first.endswith(": HTTP 400; not understood in this form")


@pytest.mark.parametrize("answer", [lambda request: REFUSED, lambda request: (200, {"x": 1})])
async def test_a_member_that_understands_nothing_is_left_alone_soon(answer):
    found, server = await probed(answer)
    assert found.learned == Dialect()
    assert 1 < len(server.requests) <= MAX_PROBES
    assert server.most_at_once == 1


@pytest.mark.parametrize(
    "trouble",
    [
        Failure(NoAnswerCode.CONNECT, "refused"),
        Failure(NoAnswerCode.TIMEOUT, "too late"),
        (401, {}),
        (403, {}),
        (429, {}),
        (503, {}),
    ],
)
async def test_trouble_teaches_nothing_and_ends_it(trouble):
    found, server = await probed(lambda request: trouble)
    assert found.learned == Dialect()
    assert len(server.requests) == 1


async def test_a_yes_under_another_name_of_the_chromosome_is_learned():
    found, _ = await probed(
        lambda request: says(parameters(request).get("referenceName") == "chr7")
    )
    assert found.learned == Dialect(chromosome="chr")


async def test_a_no_under_every_name_teaches_nothing():
    found, server = await probed(lambda request: says(False))
    assert found.learned == Dialect()
    names = [parameters(one).get("referenceName") for one in server.requests[:3]]
    assert names == ["7", "chr7", "NC_000007.14"]


@pytest.mark.parametrize("source", ["dialect", "learned"])
async def test_what_is_known_is_not_asked_again(source):
    stated = Dialect(method="POST", parameters="nested", start="list", chromosome="bare")
    asked = (
        member(dialect=stated.model_dump(exclude_defaults=True))
        if source == "dialect"
        else member(learned=stated)
    )
    found, server = await probed(lambda request: REFUSED, asked)
    assert {(one.method, "g_variant" in parameters(one)) for one in server.requests} == {
        ("POST", True)
    }
    assert found.learned == Dialect()


def offers_runs(**more):
    return member(capabilities={"entry_types": ("genomicVariant", "run")}, **more)


def by_path(request, at_once=False):
    if "/runs" in request.url:
        return says(True, "run")
    return says()


async def test_a_server_that_keeps_requests_apart_is_not_slowed_down():
    found, server = await probed(by_path, offers_runs())
    assert server.most_at_once == 2
    assert found.learned.concurrent is None


async def test_a_server_that_mixes_up_requests_is_asked_one_thing_at_a_time():
    server = Server(lambda request: says())
    last = ["genomicVariant"]

    async def call(asked_member, request, **options):
        last[0] = "run" if "/runs" in request.url else "genomicVariant"
        await asyncio.sleep(0)
        body = json.dumps(says(True, last[0])[1]).encode()
        return CallResult(Reply(200, body), None, 0.1, 1)

    server.call = call
    found = await probe(offers_runs(), server, via="1.1 us")
    assert found.learned.concurrent is False


async def test_a_server_that_always_names_another_entry_type_mixes_up_nothing():
    found, _ = await probed(lambda request: says(), offers_runs())
    assert found.learned.concurrent is None


async def test_a_member_asked_one_thing_at_a_time_is_not_asked_two_to_find_out():
    _, server = await probed(by_path, offers_runs(max_concurrency=1))
    assert server.most_at_once == 1


async def test_data_sets_are_asked_for():
    def answer(request):
        if "/datasets" in request.url:
            return 200, {"meta": {}, "response": {"collections": [{"id": "a", "name": "A"}]}}
        return says()

    found, _ = await probed(answer)
    assert found.data_sets == (DataSet(id="a", name="A"),)


async def test_a_version_1_member_is_asked_by_the_other_method():
    def answer(request):
        if request.method == "POST":
            return 501, {}
        return 200, {"beaconId": "b", "exists": True, "alleleRequest": {}}

    found, server = await probed(answer, member(protocol="v1"))
    assert found.learned == Dialect(method="GET")
    assert [one.method for one in server.requests] == ["POST", "GET"]


@pytest.mark.parametrize(
    "asked",
    [
        member(protocol="v0", dialect={"coordinates": 0}),
        member(protocol="auto"),
        member(protocol="csc"),
        member(assemblies=["NCBI36"]),
    ],
)
async def test_where_there_is_nothing_to_find_out_nothing_is_sent(asked):
    found, server = await probed(lambda request: says(), asked)
    assert (found.probes, server.requests) == ((), [])
