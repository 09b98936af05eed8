"""Cache keys: one key never stands for two different things asked."""

import pytest

from aggregator.cache.keys import answer_key
from aggregator.model.answer import Match
from aggregator.model.query import Pagination
from aggregator.protocol.wire import Ask, Part, Request
from registry.models import Dialect
from tests.builders import SNV, member, query

GET = Request("GET", "https://one.example.org/g_variants?start=5")
POST = Request("POST", "https://one.example.org/g_variants", b'{"start": 5}')


def key(*requests, of=None, scope="public", fields=SNV, **question):
    ask = Ask(tuple(Part(request) for request in requests or (GET,)))
    return answer_key(of or member(), ask, scope, query(fields, **question))


def test_the_same_question_has_the_same_key():
    assert key() == key()


def test_how_a_hit_is_called_is_no_part_of_the_key():
    named = Ask((Part(GET, Match.EQUIVALENT, "7-5-TCT-"),), ("a warning",))
    assert answer_key(member(), named, "public", query()) == key()


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(key(Request("POST", GET.url)), id="method"),
        pytest.param(key(Request("GET", GET.url + "0")), id="address"),
        pytest.param(key(POST), id="body"),
        pytest.param(key(GET, GET), id="parts"),
        pytest.param(key(scope="5f3a"), id="permission"),
        pytest.param(key(of=member("two", url="https://one.example.org")), id="member"),
        pytest.param(key(of=member(learned=Dialect(null_means="no"))), id="revision"),
    ],
)
def test_anything_else_asked_has_another_key(other):
    assert other != key()


def test_bodies_are_told_apart():
    assert key(POST) != key(Request("POST", POST.url, b'{"start": 6}'))


def test_the_order_of_the_parts_matters():
    # which part said yes is kept by its number
    assert key(GET, POST) != key(POST, GET)


def test_pieces_do_not_run_into_each_other():
    one = key(Request("POST", "https://x.org/a", b"b"))
    other = key(Request("POST", "https://x.org/ab", b""))
    assert one != other


def test_a_key_shows_member_revision_and_scope_and_no_allele():
    of = member()
    assert key(of=of).startswith(f"ba:2:one:{of.revision}:public:")
    assert "start" not in key()


def test_how_much_is_read_is_part_of_the_key():
    keys = {key(granularity=one) for one in ("boolean", "count", "record")}
    assert len(keys) == 3


def test_the_page_of_records_is_part_of_the_key_where_no_request_says_it():
    pages = [Pagination(0, 10), Pagination(0, 100), Pagination(1, 10), Pagination(11, 0)]
    for granularity, different in (("boolean", 1), ("count", 1), ("record", 4)):
        keys = {key(granularity=granularity, pagination=page) for page in pages}
        assert len(keys) == different


def test_wildcards_are_part_of_the_key_where_no_request_says_them():
    # a member that takes no reference bases is sent the same for each of them
    keys = {key(fields={**SNV, "reference": base}) for base in "RYG"}
    assert len(keys) == 3


def test_two_spellings_of_one_allele_have_one_key():
    padded = {**SNV, "start": (43045702,), "reference": "CG", "alternate": "CA"}
    assert key(fields=padded, granularity="record") == key(granularity="record")
