"""Paths of the network: what they ask for, and the words for those that ask for nothing."""

import pytest

from aggregator.model.query import Query
from aggregator.protocol.surface import (
    BY_PATH,
    DEFAULT_NESTED,
    ENTRY_TYPES,
    EVERY_NESTED,
    MAX_ID,
    QUESTION_KEYS,
    TERMS_PATHS,
    Target,
    endpoint_key,
    lists_collections,
    nested_key,
    owner_of,
    path_of,
    target_of,
)


def parts(path: str) -> list[str]:
    return path.strip("/").split("/")


@pytest.mark.parametrize("key", QUESTION_KEYS)
def test_every_path_of_the_default_model_leads_to_its_endpoint(key: str) -> None:
    target = target_of(parts(path_of(key)))
    assert isinstance(target, Target)
    query = Query(entry_type=target.entry_type, within=target.within, record_id=target.record_id)
    assert endpoint_key(query) == key
    assert target.record_id == ("{id}" if "{id}" in key else None)


@pytest.mark.parametrize("path", TERMS_PATHS)
def test_filters_are_asked_for_beside_the_records(path: str) -> None:
    target = target_of(parts(path))
    assert isinstance(target, Target)
    assert target.is_filtering_terms
    assert target.within is None
    assert BY_PATH[parts(path)[0]].id == target.entry_type


def test_all_endpoints_of_the_default_model_are_there() -> None:
    paths = {path_of(key) for key in QUESTION_KEYS}
    assert len(paths) == 7 * 2 + sum(map(len, DEFAULT_NESTED.values())) == 28
    assert {"/cohorts/{id}/individuals", "/runs/{id}/analyses", "/g_variants/{id}"} <= paths
    assert {"/datasets/{id}/filtering_terms", "/individuals/filtering_terms"} <= {*TERMS_PATHS}


def test_an_id_may_be_anything_printable() -> None:
    for record_id in ("a/b", "HG 00096", "x~1", "NC_1:g.5A>T", "…", "%2F", "filtering terms"):
        assert target_of(["biosamples", record_id]) == Target("biosample", record_id=record_id)


@pytest.mark.parametrize("record_id", ["", " ", ".", "..", "a\nb", "\x00", "x" * (MAX_ID + 1)])
def test_what_is_no_id_is_refused(record_id: str) -> None:
    for below in ([], ["g_variants"]):
        said = target_of(["individuals", record_id, *below])
        assert isinstance(said, str)
        assert "id" in said


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("frogs", "/individuals"),
        ("", "/cohorts"),
        ("individual", "/individuals"),
        ("individuals/1/frogs", "/individuals/{id}/g_variants, /individuals/{id}/biosamples"),
        ("individuals/1/runs", "/individuals/{id}/biosamples"),
        ("individuals/1/biosamples/2", "nothing below"),
        ("individuals/1/filtering_terms", "No member offers this"),
    ],
)
def test_a_path_that_leads_nowhere_says_what_there_is(path: str, words: str) -> None:
    said = target_of(parts(path))
    assert isinstance(said, str)
    assert words in said


def test_what_a_member_offers_beyond_the_model_can_be_asked() -> None:
    offered = {nested_key("individual", "run")}
    assert target_of(["individuals", "1", "runs"], offered) == Target("run", "individual", "1")
    assert isinstance(target_of(["individuals", "1", "cohorts"], offered), str)
    said = target_of(["individuals", "1", "frogs"], offered)
    assert "/individuals/{id}/runs" in str(said)
    for key in EVERY_NESTED:
        assert isinstance(target_of(parts(path_of(key)), EVERY_NESTED), Target)


@pytest.mark.parametrize(
    ("record_id", "owner"),
    [
        ("one~X1", ("one", "X1")),
        ("one~two~X1", ("one", "two~X1")),
        ("three~X1", (None, "three~X1")),
        ("X1", (None, "X1")),
        ("one", (None, "one")),
        ("~X1", (None, "~X1")),
    ],
)
def test_an_id_may_name_its_member(record_id: str, owner: tuple[str | None, str]) -> None:
    assert owner_of(record_id, {"one", "two"}) == owner


def test_only_lists_of_data_sets_and_cohorts_are_collections() -> None:
    listing = {name for name in ENTRY_TYPES if lists_collections(Query(entry_type=name))}
    assert listing == {"dataset", "cohort"}
    assert not lists_collections(Query(entry_type="dataset", record_id="1"))
    assert not lists_collections(Query(entry_type="cohort", within="individual", record_id="1"))
