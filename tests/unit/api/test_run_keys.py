"""Which searches may share one run."""

from aggregator.api.search_runs import _key
from aggregator.engine.service import QueryOptions
from aggregator.protocol.requests import read_v2

PLACE = {"assemblyId": "GRCh38", "referenceName": "7"}
OPTIONS = QueryOptions(deadline_s=5)


def query(start, reference, alternate):
    bases = {"start": start, "referenceBases": reference, "alternateBases": alternate}
    return read_v2({**PLACE, **bases}).query


def test_two_spellings_of_one_allele_are_two_runs():
    """What a member can be asked of each differs where no reference sequence is known."""
    padded, anchored = query(117559590, "TCTT", "T"), query(117559589, "ATCT", "A")
    assert padded == anchored
    assert _key(padded, OPTIONS) != _key(anchored, OPTIONS)


def test_the_same_spelling_is_one_run():
    assert _key(query(9, "A", "T"), OPTIONS) == _key(query(9, "A", "T"), OPTIONS)


def test_a_token_separates_and_is_not_kept():
    token = "Bearer very-secret"
    mine = _key(query(9, "A", "T"), QueryOptions(deadline_s=5, user_token=token))
    assert mine != _key(query(9, "A", "T"), OPTIONS)
    assert "very-secret" not in repr(mine)
