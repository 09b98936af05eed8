"""The documents of members, decoded: bounded in depth and number."""

import json

import pytest

from aggregator.protocol.bodies import MAX_DEPTH
from aggregator.protocol.member_document import document_of, few, texts
from aggregator.protocol.wire import Reply


def nested(levels):
    return Reply(200, b'{"x":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}")


def test_a_document_of_the_deepest_nesting_is_read():
    assert isinstance(document_of(nested(MAX_DEPTH)), dict)


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 300, 100_000])
def test_a_document_nested_deeper_is_refused(levels):
    assert isinstance(document_of(nested(levels)), str)


def test_a_refusal_says_how_deep_a_document_may_be():
    assert document_of(nested(300)) == "nested more than 100 levels deep"


def test_a_list_of_texts_has_an_end():
    told = json.loads(json.dumps([str(number) for number in range(5000)]))
    assert len(texts(told)) == 1000


def test_few_problems_are_told_one_by_one_and_the_rest_counted():
    assert few(["a", "b"], "map") == ("a", "b")
    many = few([str(number) for number in range(25)], "map")
    assert many[:20] == tuple(str(number) for number in range(20))
    assert many[20:] == ("its /map has 5 more such problems",)
