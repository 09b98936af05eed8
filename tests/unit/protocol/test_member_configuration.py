"""Configurations, entry types and lists of data sets as real members write them."""

import pytest

from aggregator.protocol.member_configuration import (
    MAX_DATA_SETS,
    MAX_ENTRY_TYPES,
    read_configuration,
    read_data_sets,
    read_entry_types,
)
from registry.capabilities import DataSet


def test_a_configuration_is_read():
    found = read_configuration(
        {
            "response": {
                "securityAttributes": {
                    "defaultGranularity": "count",
                    "securityLevels": ["PUBLIC", "registered"],
                },
                "entryTypes": {"x": {"id": "genomicVariation", "name": "Variants"}},
            }
        }
    )
    assert found is not None
    assert found.default_granularity == "count"
    assert found.security_levels == ("PUBLIC", "REGISTERED")
    assert found.definitions == {"genomicVariant": {"id": "genomicVariation", "name": "Variants"}}


def test_a_granularity_that_is_none_is_not_told():
    found = read_configuration({"response": {"securityAttributes": {"defaultGranularity": "no"}}})
    assert found is not None
    assert found.default_granularity is None


@pytest.mark.parametrize("read", [read_configuration, read_entry_types, read_data_sets])
@pytest.mark.parametrize("document", [{}, {"response": {}}, {"response": [1]}, {"response": None}])
def test_another_document_is_none(read, document):
    assert read(document) is None


@pytest.mark.parametrize(
    "types", [[{"id": "runs"}], {"anything": {"id": "run"}}, {"run": {"name": "Runs"}}]
)
def test_entry_types_are_known_by_id_or_key(types):
    assert list(read_entry_types({"response": {"entryTypes": types}}) or ()) == ["run"]


@pytest.mark.parametrize(
    "response",
    [
        {"collections": [{"id": "a", "name": "A"}]},
        {"collections": {"id": "a", "name": "A"}},
        {"resultSets": [{"id": "s", "results": [{"id": "a", "name": "A"}]}]},
        {"resultSets": [{"id": "a", "name": "A", "setType": "dataset"}]},
    ],
)
def test_data_sets_are_found_in_every_form(response):
    assert read_data_sets({"response": response}) == (DataSet(id="a", name="A"),)


@pytest.mark.parametrize(
    "document",
    [
        {"responseSummary": {"numTotalResults": 2}, "response": {"collections": [{"id": "a"}]}},
        {"response": {"collections": [{"id": "a"}, {"name": "no id"}]}},
        {"response": {"collections": [{"id": str(n)} for n in range(MAX_DATA_SETS)]}},
        {"response": {"collections": []}},
    ],
)
def test_a_list_that_may_not_be_complete_is_not_known(document):
    assert read_data_sets(document) is None


def test_only_what_is_used_of_a_definition_is_kept_as_plain_texts():
    deep = {"x": [[["deep"]]]}
    schema = {"id": "s" * 900, "referenceToSchemaDefinition": "https://x.org/s", "more": deep}
    definition = {
        "id": "run",
        "name": "Runs",
        "description": deep,
        "x": deep,
        "defaultSchema": schema,
        "additionallySupportedSchemas": [schema, "text", deep] + [schema] * 100,
    }
    found = read_entry_types({"response": {"entryTypes": {"run": definition}}})
    kept = {"id": "s" * 500, "referenceToSchemaDefinition": "https://x.org/s"}
    assert found is not None
    run = found["run"]
    assert set(run) == {"id", "name", "defaultSchema", "additionallySupportedSchemas"}
    assert run["defaultSchema"] == kept
    assert run["additionallySupportedSchemas"] == [kept] * 48


def test_entry_types_without_end_are_not_known():
    types = {str(number): {"id": "run"} for number in range(MAX_ENTRY_TYPES + 1)}
    assert read_entry_types({"response": {"entryTypes": types}}) is None


def test_only_the_levels_of_the_specification_are_levels():
    levels = ["controlled", "PUBLIC", "SECRET", *map(str, range(5000))]
    found = read_configuration({"response": {"securityAttributes": {"securityLevels": levels}}})
    assert found is not None
    assert found.security_levels == ("PUBLIC", "CONTROLLED")
