"""Documents about the network: valid, and saying which member offers what."""

import json
from typing import Any

import pytest

from aggregator.model.query import Granularity, Pagination
from aggregator.protocol import documents, documents_info, network_terms
from aggregator.protocol.member_terms import read_filtering_terms
from aggregator.protocol.network_offer import MAX_SCHEMAS
from aggregator.protocol.network_terms import join_terms
from aggregator.protocol.surface import DEFAULT_NESTED, ENTRY_TYPES
from registry.capabilities import FilteringResource, FilteringTerm
from registry.models import Dialect
from tests.builders import US, member
from tests.official import official

BASE = "https://network.example.org"
OTHER = {"id": "ga4gh-phenopacket", "name": "P", "referenceToSchemaDefinition": "https://p.org/v2"}

MEMBERS = (
    member("old", protocol="v1"),
    member(
        "mapped",
        capabilities={
            "endpoints": {"individual": "/people", "individual/{id}/run": "/people/{id}/runs"},
            "security_levels": ("REGISTERED",),
            "default_granularity": "count",
        },
    ),
    member(
        "typed",
        capabilities={
            "entry_types": ("individual", "biosample"),
            "security_levels": ("CONTROLLED", "SECRET"),
            "entry_type_definitions": {
                "individual": {
                    "defaultSchema": OTHER,
                    "additionallySupportedSchemas": [OTHER, {"id": "nowhere"}, "text", None],
                }
            },
        },
    ),
    member("silent"),
    member("unknown", protocol="auto"),
    member("off", disabled=True, capabilities={"entry_types": ("cohort",)}),
)


def written(document: dict[str, Any]) -> Any:
    return json.loads(documents.encode(document))


DOCUMENTS = [
    (documents_info.info_document(US, BASE), "info"),
    (documents_info.service_info_document(US, BASE), "service-info"),
    *(
        one
        for members in ((), MEMBERS)
        for one in (
            (documents_info.configuration_document(US, members), "configuration"),
            (documents_info.map_document(US, BASE, members), "map"),
            (documents_info.entry_types_document(US, members), "entry_types"),
            (
                documents_info.filtering_terms_document(US, join_terms(members), Pagination()),
                "filtering_terms",
            ),
        )
    ),
]


@pytest.mark.parametrize(("document", "kind"), DOCUMENTS)
def test_informational_documents_are_valid(document: dict[str, Any], kind: Any) -> None:
    official.validate_v2(written(document), kind)


def test_the_declared_granularity_is_the_default_of_questions() -> None:
    configuration = documents_info.configuration_document(US)
    assert configuration["response"]["securityAttributes"]["defaultGranularity"] == (
        Granularity.BOOLEAN
    )


# --- who supports what ---


def offers(entry_type: str) -> tuple[list[str], list[str]]:
    told = written(documents_info.entry_types_document(US, MEMBERS))
    one = told["info"]["network"]["entryTypes"][entry_type]
    return one["members"], one["notKnown"]


@pytest.mark.parametrize(
    ("entry_type", "members"),
    [
        ("genomicVariant", ["old"]),
        ("individual", ["mapped", "typed"]),
        ("biosample", ["typed"]),
        ("cohort", []),
    ],
)
def test_who_offers_an_entry_type_is_named(entry_type: str, members: list[str]) -> None:
    assert offers(entry_type) == (members, ["silent", "unknown"])


def test_a_type_the_map_has_but_the_entry_types_lack_is_not_offered() -> None:
    one = member(capabilities={"endpoints": {"run": "/runs"}, "entry_types": ("individual",)})
    told = documents_info.entry_types_document(US, (one,))["info"]["network"]["entryTypes"]
    assert told["run"] == told["individual"] == {"members": [], "notKnown": []}


def test_a_path_the_operator_declares_is_offered() -> None:
    one = member(
        capabilities={"endpoints": {}},
        dialect=Dialect(paths={"runs": "/r", "runs/{id}/individuals": "/r/{id}/p"}),
    )
    told = documents_info.map_document(US, BASE, (one,))
    assert told["info"]["network"]["entryTypes"]["run"]["members"] == ["one"]
    assert "individual" in told["response"]["endpointSets"]["run"]["endpoints"]


def test_schemas_of_members_are_listed_once() -> None:
    told = written(documents_info.configuration_document(US, MEMBERS))["response"]["entryTypes"]
    assert told["individual"]["additionallySupportedSchemas"] == [OTHER]
    assert told["run"]["additionallySupportedSchemas"] == []
    assert told["individual"]["defaultSchema"]["id"] == "beacon-individual-v2.1.1"


def test_our_own_schemas_are_no_others_and_there_is_an_end() -> None:
    own = ENTRY_TYPES["run"]
    many = [{**OTHER, "referenceToSchemaDefinition": f"https://p.org/{n}"} for n in range(200)]
    default = {"id": own.schema_id, "name": "x", "referenceToSchemaDefinition": "https://mine.org"}
    definition = {"defaultSchema": default, "additionallySupportedSchemas": many}
    one = member(capabilities={"entry_type_definitions": {"run": definition}})
    told = documents_info.entry_types((one,))["run"]["additionallySupportedSchemas"]
    assert len(told) == MAX_SCHEMAS
    assert "https://mine.org" not in str(told)


def test_access_is_what_members_declare() -> None:
    told = written(documents_info.configuration_document(US, MEMBERS))
    levels = told["response"]["securityAttributes"]["securityLevels"]
    assert levels == ["PUBLIC", "REGISTERED", "CONTROLLED"]
    assert told["info"]["network"]["access"]["mapped"] == {
        "defaultGranularity": "count",
        "securityLevels": ["REGISTERED"],
    }
    assert "silent" not in told["info"]["network"]["access"]


# --- the map ---


def test_the_map_has_every_endpoint_of_the_default_model_without_any_member() -> None:
    sets = documents_info.map_document(US, BASE)["response"]["endpointSets"]
    assert set(sets) == set(ENTRY_TYPES)
    for name, one in sets.items():
        assert one["entryType"] == name
        assert one["rootUrl"] == f"{BASE}/api/{ENTRY_TYPES[name].path}"
        assert one["singleEntryUrl"] == f"{one['rootUrl']}/{{id}}"
        assert one["filteringTermsUrl"] == f"{one['rootUrl']}/filtering_terms"
        assert set(one["endpoints"]) == set(DEFAULT_NESTED[name])
    assert sets["individual"]["endpoints"]["genomicVariant"] == {
        "returnedEntryType": "genomicVariant",
        "url": f"{BASE}/api/individuals/{{id}}/g_variants",
    }


def test_the_map_has_what_a_member_offers_beyond_it() -> None:
    sets = documents_info.map_document(US, BASE, MEMBERS)["response"]["endpointSets"]
    assert sets["individual"]["endpoints"]["run"]["url"] == f"{BASE}/api/individuals/{{id}}/runs"
    assert "run" not in sets["cohort"]["endpoints"]


@pytest.mark.parametrize("change", [{"disabled": True}, {"protocol": "v1"}])
def test_the_map_has_nothing_of_members_that_cannot_be_asked_it(change: dict[str, Any]) -> None:
    one = member(capabilities={"endpoints": {"individual/{id}/run": "/x/{id}"}}, **change)
    sets = documents_info.map_document(US, BASE, (one,))["response"]["endpointSets"]
    assert "run" not in sets["individual"]["endpoints"]


# --- filtering terms ---


def test_a_page_of_filtering_terms_says_how_many_there_are() -> None:
    terms = tuple(FilteringTerm(id=f"X:{n}", type="ontology") for n in range(5))
    one = member(
        capabilities={
            "filtering_terms": terms,
            "filtering_resources": (FilteringResource(id="x", namespace_prefix="X"),),
        }
    )
    joined = join_terms((one, member("two")))
    told = written(
        documents_info.filtering_terms_document(US, joined, Pagination(1, 2), ("look here",))
    )
    official.validate_v2(told, "filtering_terms")
    assert [each["id"] for each in told["response"]["filteringTerms"]] == ["X:2", "X:3"]
    assert told["response"]["resources"] == [{"id": "x", "nameSpacePrefix": "X"}]
    assert told["info"]["network"] == {
        "filteringTerms": {
            **{"total": 5, "skip": 1, "limit": 2},
            **{"members": ["one"], "notKnown": ["two"]},
        },
        "warnings": ["look here"],
    }


def test_readers_see_that_terms_are_missing_where_all_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terms = tuple(FilteringTerm(id=f"X:{n}", type="ontology") for n in range(5))
    joined = join_terms((member(capabilities={"filtering_terms": terms}),))
    everything = Pagination(limit=0)
    whole = written(documents_info.filtering_terms_document(US, joined, everything))
    assert read_filtering_terms(whole).terms == terms
    assert whole["info"]["network"]["warnings"] == []

    monkeypatch.setattr(network_terms, "MAX_LISTED", 3)
    part = written(documents_info.filtering_terms_document(US, joined, everything))
    official.validate_v2(part, "filtering_terms")
    assert len(part["response"]["filteringTerms"]) == 3
    assert read_filtering_terms(part).terms is None
    told = part["info"]["network"]
    assert (told["filteringTerms"]["total"], told["filteringTerms"]["limit"]) == (5, 3)
    assert told["warnings"] == [
        "3 of 5 terms are listed: a page has at most 3, `skip` gives the next"
    ]
