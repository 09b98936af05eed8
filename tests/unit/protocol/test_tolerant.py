"""Single values and whole bodies as real members write them."""

import json

import msgspec
import pytest

from aggregator.model.answer import Exists
from aggregator.protocol.bodies import MAX_DEPTH, depth, json_value, text_bytes
from aggregator.protocol.entry_types import entry_type_of, entry_type_of_schema
from aggregator.protocol.failures import error_text, failure_of, stated_error
from aggregator.protocol.tolerant import (
    MAX_TEXT,
    count_of,
    exists_of,
    frequency_of,
    handovers_of,
    info_of,
    is_web_address,
    text_of,
    versions_of,
)
from aggregator.protocol.v2_reading import read
from aggregator.protocol.variant_types import same_type, vcf_types
from aggregator.protocol.wire import Failure, Reply
from tests.speed import least_s
from tests.unit.protocol.building import ANSWERLESS_QUERY, answer, member, part


@pytest.mark.parametrize("value", [True, 1, 1.0, "true", "TRUE", " Yes ", "1", "Found", "y"])
def test_a_yes(value):
    assert exists_of(value) is Exists.YES


@pytest.mark.parametrize("value", [False, 0, 0.0, "false", "No", "0", "overlap", "not found"])
def test_a_no(value):
    assert exists_of(value) is Exists.NO


@pytest.mark.parametrize(
    "value", [None, "null", "None", "", "ref", "maybe", 2, -1, [], [True], {}, {"exists": True}]
)
def test_neither_yes_nor_no(value):
    assert exists_of(value) is Exists.UNKNOWN


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (0, 0),
        (12, 12),
        (12.0, 12),
        ("12", 12),
        (" 12 ", 12),
        ("12.0", 12),
        ("1,204", 1204),
        ("12,345,678", 12345678),
        ("1,20", None),
        ("1204,5", None),
        ("<10", None),
        (">= 5", None),
        ("1-5", None),
        ("12.5", None),
        ("", None),
        ("many", None),
        ("٣", None),
        (12.5, None),
        (-1, None),
        (True, None),
        (None, None),
        ([3], None),
        (10**30, None),
        (float("inf"), None),
        (float("nan"), None),
        ("9" * 400, None),
    ],
)
def test_counts(value, count):
    assert count_of(value) == count


@pytest.mark.parametrize(
    ("value", "frequency"),
    [
        (0.5, 0.5),
        (1, 1.0),
        ("0.25", 0.25),
        ("1e-6", 1e-6),
        (0, None),
        (1.5, None),
        (-0.1, None),
        (True, None),
        ("x", None),
        (None, None),
        (float("nan"), None),
        ([], None),
    ],
)
def test_frequencies(value, frequency):
    assert frequency_of(value) == frequency


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  a\n\tb  ", "a b"),
        ("a\x00b\x1b[0m\u202ec\u200bd", "ab[0mcd"),
        ("", None),
        ("\n", None),
        (None, None),
        (True, None),
        ([], None),
        (1.0, "1.0"),
        (7, "7"),
        ("é", "é"),
    ],
)
def test_texts(value, text):
    assert text_of(value) == text


def test_long_texts_are_cut():
    text = text_of("word " * 1000)
    assert text is not None
    assert len(text) <= MAX_TEXT
    assert text.endswith("…")


@pytest.mark.parametrize(
    ("value", "info"),
    [
        (None, {}),
        ([], {}),
        ("", {}),
        (5, {}),
        ({"a": 1}, {"a": 1}),
        ("text", {"note": "text"}),
        ([{"key": "a", "value": 1}, {"key": "b"}], {"a": 1, "b": None}),
        ([{"key": "a", "value": 1}, {"key": "a", "value": 2}], {"a": [1, 2]}),
        ([{"a": 1}, {"b": 2}, 3, None], {"a": 1, "b": 2}),
    ],
)
def test_info(value, info):
    assert info_of(value) == info


def test_handovers_as_list_object_or_nothing():
    link = {"handoverType": {"id": "EDAM:1", "label": "L"}, "url": " https://e.org/ ", "note": "n"}
    (one,) = handovers_of(link, [link], None, "x", [None, 3, {}])
    assert (one.id, one.label, one.url, one.note) == ("EDAM:1", "L", "https://e.org/", "n")
    (bare,) = handovers_of({"handoverType": None, "url": "http://e.org"})
    assert (bare.id, bare.label, bare.note) == ("CUSTOM", "CUSTOM", None)
    (plain,) = handovers_of({"handoverType": "VCF", "url": "http://e.org"})
    assert (plain.id, plain.label) == ("VCF", "VCF")
    many = [{"url": f"https://e.org/{n}"} for n in range(1000)]
    assert len(handovers_of(many)) == 100


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://e.org/",
        "//e.org/",
        "/path",
        "https://",
        "https:///x",
        "https://e.org/a b",
        "https://e.org/\n",
        'https://e.org/"onclick="x',
        "https://e.org/" + "x" * 3000,
        "https://[/",
        "https://[::1]bad/",
        "https://[b9@]%é@",
        "https://xn--a.org/",
        "https://h:99999/",
        "https://h:port/",
        "https://\ud800.org/",
        "",
        None,
        5,
    ],
)
def test_what_is_no_web_address(url):
    assert not is_web_address(url)


@pytest.mark.parametrize(
    ("value", "numbers"),
    [("v1.0.1", (1, 0, 1)), (1.0, (1, 0)), ("1.1.0-rc0", (1, 1, 0)), ("x", ()), (None, ())],
)
def test_versions(value, numbers):
    assert versions_of(value) == numbers


def test_errors_are_found_wherever_they_are():
    assert error_text({"error": {"errorCode": 1, "errorMessage": "m", "name": "n"}}) == "m"
    assert error_text({"message": {"error": {"errorMessage": "m"}}}) == "m"
    assert error_text({"error": "code", "message": "m"}) == "code: m"
    assert error_text({"err": {"name": "n", "description": "d"}}) == "d"
    assert error_text({"msg": ["start", "end"]}) == "start, end"
    assert error_text({"message": ""}) is None
    assert error_text({}) is None
    nested: object = "deep"
    for _ in range(50):
        nested = {"error": nested}
    assert error_text(nested) is None


def test_what_counts_as_an_error_beside_an_answer():
    assert stated_error({"error": {"errorCode": 400}}) == "no reason given"
    assert stated_error({"error": True}) == "no reason given"
    assert stated_error({"error": {"errorCode": [1]}}) == "no reason given"
    for nothing in (None, {}, "", [], False, {"errorCode": 200}, {"errorCode": 0}):
        assert stated_error({"error": nothing}) is None
    assert stated_error({"errorCode": 200, "errorMessage": ""}) is None


def test_bodies_of_errors_do_not_break_reading_them():
    for body in (b"", b"\xff\xfe", b"[" * 100_000, b"{", b"null", b'"text"', b"7", b"[[[]]]"):
        for status in (100, 304, 400, 500, 999):
            failure = failure_of(Reply(status, body, {"location": "::", "retry-after": "-1"}))
            assert failure is not None
            assert failure.message.isprintable()
            assert failure.retry_after_s is None
    large = failure_of(Reply(400, b'{"message": "m"}' + b" " * 2**21))
    assert large is not None
    assert failure_of(Reply(204, b"")) is None


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("é".encode(), "", "é"),
        (b"\xef\xbb\xbf" + "é".encode(), "charset=utf-8", "é"),
        (b"\xe9", "charset=latin1", "é"),
        (b"\xe9", 'charset="ISO-8859-1"', "é"),
        (b"\x80", "Charset = windows-1252", "€"),
        (b"\x81", "charset=windows-1252", "\x81"),
        ("é".encode(), "charset=latin1", "é"),
    ],
)
def test_encodings(body, charset, text):
    header = {"content-type": f"application/json; {charset}"}
    assert text_bytes(Reply(200, body, header)) == text.encode()


@pytest.mark.parametrize("charset", ["", "charset=utf-8", "charset=ascii", "charset=utf-16"])
def test_invalid_utf_8_is_not_guessed_at(charset):
    reply = Reply(200, b'{"a": "\xe9"}', {"content-type": f"application/json; {charset}"})
    assert isinstance(json_value(reply), Failure)


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("1", 0),
        ('"[[[{"', 0),
        ("{}", 1),
        ("[[],[[]],{}]", 3),
        ('{"a]": "}{", "b": [1, "\\"[", {"c\\\\": []}]}', 4),
        ('["\\\\", ["\\"", "]"], "["]', 2),
        ('["", "", ["", [""]]]', 3),
        ("[" * MAX_DEPTH + "]" * MAX_DEPTH, MAX_DEPTH),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), None),
    ],
)
def test_depth(text, levels):
    assert depth(text.encode()) == levels


def test_depth_hidden_behind_brackets_in_strings_is_found():
    hidden = '["]", ' * 150 + '"["' + ', "["]' * 150
    json.loads(hidden)
    assert depth(hidden.encode()) is None


def test_a_body_made_to_be_nested_is_given_up_on():
    nest = b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1)
    assert depth(b"[" + b",".join([nest] * 30_000) + b"]") is None


def test_an_8_mb_body_of_records_is_read_in_one_pass():
    record = {"variantInternalId": "x", "variation": {"location": {"interval": [1, {"v": 2}]}}}
    raw = json.dumps(record | {"text": "some text with a backslash \\ and ü " * 10}).encode()
    records = b",".join([raw] * (8 * 2**20 // len(raw)))
    body = b'{"responseSummary":{"exists":true},"response":{"resultSets":[{"id":"a","results":['
    whole = Reply(200, body + records + b"]}]}}")
    (one,) = answer(read(whole, ANSWERLESS_QUERY, member("v2"), part())).result_sets
    assert one.results[0] == msgspec.Raw(raw)
    read_s = least_s(lambda: read(whole, ANSWERLESS_QUERY, member("v2"), part()), 3)
    decoded_s = least_s(lambda: json.loads(whole.body), 3)
    assert read_s < 1.5 * decoded_s, "plain decoding alone takes longer"


@pytest.mark.parametrize(
    ("name", "entry_type"),
    [
        ("genomicVariant", "genomicVariant"),
        ("genomicVariation", "genomicVariant"),
        ("g_variants", "genomicVariant"),
        ("Individuals", "individual"),
        ("analyses", "analysis"),
        ("fish", None),
        (None, None),
        ({}, None),
    ],
)
def test_entry_types(name, entry_type):
    assert entry_type_of(name) == entry_type


def test_entry_types_of_schemas():
    assert entry_type_of_schema({"entityType": "run", "schema": "x"}) == "run"
    assert entry_type_of_schema({"schema": "beacon-g_variant-v2.0.0"}) == "genomicVariant"
    assert entry_type_of_schema("beacon-biosample-v2.0.0") == "biosample"
    assert entry_type_of_schema({"schema": 5}) is None
    assert entry_type_of_schema([]) is None


def test_variant_types():
    assert vcf_types("nonsense") == ()
    assert [one.name for one in vcf_types("dup:tandem")] == ["DUP:TANDEM"]
    assert same_type("<DEL>", "del") is True
    assert same_type("EFO:0030067", "SO:0001743") is True
    assert same_type("DEL", "DUP") is False
    assert same_type("DEL", "nonsense") is None
