"""Second pages: what shows that they go on where the first ones end, and what does not."""

from collections.abc import Mapping, Sequence

import pytest

from aggregator.protocol.wire import Request
from aggregator.watch.conformance.asking import Exchange
from aggregator.watch.conformance.behaviour import judge_skip
from aggregator.watch.conformance.report import Verdict

REQUEST = Request("GET", "http://member.example/g_variants")
Held = Mapping[str, Sequence[str]]


def page(held: Held, skip: int, limit: int = 1) -> Exchange:
    """A page of a member that holds these records in these data sets."""
    sets = [
        {
            "id": name,
            "exists": True,
            "resultsCount": len(records),
            "results": [{"variantInternalId": one} for one in records[skip : skip + limit]],
        }
        for name, records in held.items()
    ]
    total = sum(map(len, held.values()))
    summary = {"exists": True, "numTotalResults": total}
    document = {"meta": {}, "responseSummary": summary, "response": {"resultSets": sets}}
    return Exchange(REQUEST, 200, document, came="200")


@pytest.mark.parametrize(
    "held",
    [
        {"one": ["v0", "v1"]},
        {"one": ["v0", "v1"], "two": ["v1", "v2"]},
        {"one": ["v0", "v1"], "two": ["v1"]},
        {"one": ["v0"], "two": ["v1", "v0"]},
    ],
)
def test_data_sets_that_share_records_turn_pages_each_for_itself(held: Held) -> None:
    judgement, shown = judge_skip([(page(held, 0), page(held, 1))])
    assert judgement.verdict is Verdict.PASS
    assert shown is not None


@pytest.mark.parametrize(
    ("held", "skip", "words"),
    [
        ({"one": ["v0", "v1"], "two": ["v1", "v2"]}, 0, "repeats the first"),
        ({"one": ["v0", "v1"], "two": ["v1", "v0"]}, 2, "is empty"),
        ({"one": ["v0", "v1"]}, 0, "repeats the first"),
    ],
)
def test_pages_that_do_not_go_on_are_named(held: Held, skip: int, words: str) -> None:
    judgement, shown = judge_skip([(page(held, 0), page(held, skip))])
    assert judgement.verdict is Verdict.FAIL
    assert words in judgement.message
    assert shown is not None


def test_pages_that_hold_more_than_was_asked_for_cannot_be_told_from_each_other() -> None:
    held = {"one": ["v0", "v1"], "two": ["v1"]}
    judgement, _ = judge_skip([(page(held, 0, limit=2), page(held, 0, limit=2))])
    assert judgement.verdict is Verdict.SKIPPED
