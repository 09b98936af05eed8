"""Cache keys: one key never stands for two different things asked."""

import pytest

from aggregator.cache.keys import answer_key
from aggregator.model.answer import Match
from aggregator.protocol.wire import Ask, Part, Request
from registry.models import Dialect
from tests.builders import member

GET = Request("GET", "https://one.example.org/g_variants?start=5")
POST = Request("POST", "https://one.example.org/g_variants", b'{"start": 5}')


def key(*requests, of=None, scope="public", granularity="boolean"):
    ask = Ask(tuple(Part(request) for request in requests or (GET,)))
    return answer_key(of or member(), ask, scope, granularity)


def test_the_same_question_has_the_same_key():
    assert key() == key()


def test_how_a_hit_is_called_is_no_part_of_the_key():
    named = Ask((Part(GET, Match.EQUIVALENT, "7-5-TCT-"),), ("a warning",))
    assert answer_key(member(), named, "public", "boolean") == key()


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
    assert key(granularity="boolean") != key(granularity="record")
