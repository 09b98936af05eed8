"""Refusals teach how to ask: each lesson once, and never another question."""

import pytest

from aggregator.protocol import v2
from registry.models import Dialect
from tests.unit.protocol.building import BRCA1, asked, member, question, reply

ANY = question(**BRCA1)


def learned(words, status=400, *, query=ANY, of=None, **dialect):
    of = of or member("v2", **dialect)
    (sent,) = asked(v2.plan(query, of)).parts
    document = words if isinstance(words, dict) else {"error": {"errorMessage": words}}
    result = v2.read(reply(document, status), query, of, sent)
    return result.learned


LIST = "start: value is not a valid list"


@pytest.mark.parametrize(
    ("words", "dialect", "lesson"),
    [
        (LIST, {}, Dialect(method="POST", start="list")),
        (LIST, {"method": "POST"}, Dialect(start="list")),
        (LIST, {"method": "POST", "start": "list"}, None),
        (LIST, {"method": "GET"}, None),
        ("start: Input should be a valid list", {"method": "POST"}, Dialect(start="list")),
        ("start must be an array", {"method": "POST"}, Dialect(start="list")),
        ("start: value is not a valid integer", {"method": "POST"}, None),
        (
            "43045703 is not of type 'object'",
            {"method": "POST"},
            Dialect(parameters="nested", start="list"),
        ),
        ("43045703 is not of type 'object'", {"method": "POST", "parameters": "flat"}, None),
        (
            "g_variant is missing in requestParameters",
            {},
            Dialect(method="POST", parameters="nested"),
        ),
        ("please use POST", {}, Dialect(method="POST")),
        ("please use POST", {"method": "GET"}, None),
        ("only GET is answered", {"method": "POST"}, None),
        ("'requestParameters' is a required property", {}, Dialect(method="POST")),
        ("unknown parameter: includeResultsetResponses", {}, "includeResultsetResponses"),
        ("requestedGranularity: extra fields not permitted", {}, "requestedGranularity"),
        ("referenceBases is not supported", {}, "referenceBases"),
        ("referenceName '17' must look like 'chr17'", {}, Dialect(chromosome="chr")),
        ("chromosome: expected e.g. NC_000017.11", {}, Dialect(chromosome="refseq")),
        ("chromosome: expected e.g. NC_000017.11", {"chromosome": "bare"}, None),
        ("chromosome '17' is not known here", {}, None),
        ("assemblyId must be one of hg19, hg38", {}, Dialect(assembly="ucsc")),
        ("assemblyId must be one of hg19, hg38", {"assembly": "grc"}, None),
        ("assemblyId is not known", {}, None),
        ("the position lies beyond the chromosome", {}, None),
        ("bad request", {}, None),
    ],
)
def test_a_refusal_teaches_what_it_names(words, dialect, lesson):
    expected = Dialect(drop=(lesson,)) if isinstance(lesson, str) else lesson
    assert learned(words, **dialect) == expected


@pytest.mark.parametrize("status", [400, 415, 422])
def test_only_refusals_of_the_form_teach(status):
    assert learned(LIST, status) == Dialect(method="POST", start="list")


@pytest.mark.parametrize("status", [401, 403, 404, 409, 429, 500, 501, 503])
def test_other_failures_do_not(status):
    assert learned(LIST, status) is None


def test_a_body_nobody_reads_wants_the_other_method():
    assert learned("unsupported", 415) == Dialect(method="POST")
    assert learned("unsupported", 415, method="POST") is None
    filtered = member("v2", learned=Dialect(parameters="flat", start="scalar"))
    assert learned("unsupported", 415, of=filtered) == Dialect(method="POST")


def test_what_was_dropped_before_stays_dropped():
    of = member("v2", learned=Dialect(drop=("testMode",)))
    lesson = learned("requestedGranularity: unknown parameter", of=of)
    assert lesson == Dialect(drop=("testMode", "requestedGranularity"))


def test_several_unknown_parameters_are_dropped_at_once():
    lesson = learned("unexpected: includeResultsetResponses, requestedGranularity")
    assert lesson == Dialect(drop=("includeResultsetResponses", "requestedGranularity"))


def test_what_the_operator_declared_to_drop_is_all_that_is_dropped():
    assert learned("requestedGranularity is unknown", drop=("testMode",)) is None


def test_a_parameter_under_a_name_of_the_dialect_is_recognised():
    words = "unknown parameter: level"
    lesson = learned(words, rename={"requestedGranularity": "level"})
    assert lesson == Dialect(drop=("requestedGranularity",))


def test_a_parameter_that_was_not_sent_teaches_nothing():
    assert learned("unknown parameter: testMode") is None


@pytest.mark.parametrize(
    "words",
    [
        "unknown parameter: alternateBases",
        "unknown parameter: start",
        "filters are not supported",
        "{'start': [43045703], 'requestedGranularity': 'boolean'} not allowed",
    ],
)
def test_what_makes_the_question_is_never_dropped(words):
    lesson = learned(words)
    assert lesson is None or lesson.drop == ()


def test_the_reference_base_of_an_indel_cannot_be_left_out():
    """The lesson may say so; the planner then has no question left to ask."""
    fields = {**BRCA1, "reference": "GT", "alternate": "G"}
    of = member("v2", learned=learned("referenceBases is not supported", query=question(**fields)))
    assert v2.plan(question(**fields), of).code == "parameter"


def test_a_page_of_a_web_server_teaches_nothing():
    (sent,) = asked(v2.plan(ANY, member("v2"))).parts
    page = reply(b"<html><body>Bad request: start is not a valid number</body></html>", 400)
    assert v2.read(page, ANY, member("v2"), sent).learned is None


def test_a_guess_from_the_software_is_corrected_by_the_member():
    guess = Dialect(method="POST", parameters="nested", start="list")
    of = member("v2", capabilities={"software_dialect": guess})
    refusal = "parameters: {'g_variant': {'start': [5]}} not allowed"
    assert learned(refusal, of=of) == Dialect(parameters="flat")
    assert learned("start: value is not a valid integer", of=of) == Dialect(start="scalar")
    assert learned(LIST, of=of) is None
    declared = member("v2", method="POST", parameters="nested", start="list")
    assert learned(refusal, of=declared) is None
    assert learned("start: value is not a valid integer", of=declared) is None
