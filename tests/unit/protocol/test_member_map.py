"""Maps of real members, whatever they name and wherever they point to."""

import pytest

from aggregator.protocol.member_map import MAX_SETS, read_map

HERE = "https://beacon.example.org/api"


def mapped(*sets, address=HERE):
    found = read_map(
        {"response": {"endpointSets": {f"k{i}": one for i, one in enumerate(sets)}}}, address
    )
    assert found is not None
    return found


def individuals(root, **more):
    return {"entryType": "individual", "rootUrl": root, **more}


def test_a_whole_set_is_read():
    found = mapped(
        individuals(
            f"{HERE}/individuals",
            singleEntryUrl=f"{HERE}/individuals/{{id}}",
            endpoints={
                "anything": {
                    "returnedEntryType": "genomicVariant",
                    "url": f"{HERE}/individuals/{{id}}/g_variants",
                }
            },
        )
    )
    assert found.endpoints == {
        "individual": "/individuals",
        "individual/{id}": "/individuals/{id}",
        "individual/{id}/genomicVariant": "/individuals/{id}/g_variants",
    }
    assert found.problems == ()


@pytest.mark.parametrize(
    ("url", "template"),
    [
        (f"{HERE}/individuals", "/individuals"),
        ("http://beacon.example.org/api/individuals", "/individuals"),
        ("https://beacon.example.org:8443/api/individuals", "/individuals"),
        ("//beacon.example.org/api/individuals", "/individuals"),
        ("/api/individuals", "/individuals"),
        ("/individuals", "/individuals"),
        ("individuals", "/individuals"),
        ("./individuals", "/individuals"),
        (f"{HERE}//individuals", "/individuals"),
        (f"{HERE}/individuals/", "/individuals/"),
        (f"{HERE}/individuals#top", "/individuals"),
        ("https://beacon.example.org/v2/people", "https://beacon.example.org/v2/people"),
        ("http://beacon.example.org/v2/people", "https://beacon.example.org/v2/people"),
        ("https://beacon.example.org/apis/people", "https://beacon.example.org/apis/people"),
    ],
)
def test_an_address_of_the_same_host_is_brought_to_the_registered_one(url, template):
    assert mapped(individuals(url)).endpoints == {"individual": template}


def test_another_host_is_asked_at_the_registered_address():
    elsewhere = "http://localhost:5050/beacon/api"
    found = mapped(
        individuals(f"{elsewhere}/individuals", singleEntryUrl=f"{elsewhere}/individuals/{{id}}"),
        {"entryType": "run", "rootUrl": f"{elsewhere}/runs"},
    )
    assert found.endpoints == {
        "individual": "/individuals",
        "individual/{id}": "/individuals/{id}",
        "run": "/runs",
    }
    assert found.problems == (
        "its /map names another host (localhost): asked at the registered address instead",
    )


def test_a_single_address_of_another_host_keeps_its_last_segment():
    assert mapped(individuals("http://localhost/api/individuals")).endpoints == {
        "individual": "/individuals"
    }


@pytest.mark.parametrize("name", ["{id}", "{individualId}", "{variantInternalId}", ":id", "<id>"])
def test_every_placeholder_becomes_the_same(name):
    found = mapped(individuals(f"{HERE}/individuals", singleEntryUrl=f"{HERE}/individuals/{name}"))
    assert found.endpoints["individual/{id}"] == "/individuals/{id}"


@pytest.mark.parametrize(
    "url",
    [
        f"{HERE}/individuals",  # without a place for the id
        f"{HERE}/{{a}}/individuals/{{b}}",
        f"{HERE}/../individuals/{{id}}",
        f"{HERE}/%2e%2e/individuals/{{id}}",
        "ftp://beacon.example.org/individuals/{id}",
        "https://user:pass@beacon.example.org/individuals/{id}",
        "https://[/individuals/{id}",
        f"{HERE}/indi viduals/{{id}}",
        f"{HERE}/individuals?id={{id}}",
        "https://{id}.example.org/individuals",
        7,
    ],
)
def test_an_address_that_cannot_be_asked_is_left_out_and_told(url):
    found = mapped(individuals(f"{HERE}/individuals", singleEntryUrl=url))
    assert found.endpoints == {"individual": "/individuals"}
    assert found.problems == ("its /map has an address for individual/{id} that cannot be used",)


@pytest.mark.parametrize("name", ["genomicVariation", "g_variants", "genomicVariant"])
def test_entry_types_are_read_under_their_aliases(name):
    found = mapped({"entryType": name, "rootUrl": f"{HERE}/g_variants"})
    assert found.endpoints == {"genomicVariant": "/g_variants"}


def test_the_entry_type_decides_and_not_the_key():
    sets = {"run": individuals("/individuals")}
    found = read_map({"response": {"endpointSets": sets}}, HERE)
    assert found is not None
    assert list(found.endpoints) == ["individual"]


def test_a_key_serves_where_the_entry_type_is_left_out():
    found = read_map({"response": {"endpointSets": {"runs": {"rootUrl": "/runs"}}}}, HERE)
    assert found is not None
    assert found.endpoints == {"run": "/runs"}


def test_a_single_record_that_is_not_offered_is_not_made_up():
    assert list(mapped(individuals("/individuals")).endpoints) == ["individual"]


def test_the_single_record_is_found_among_the_endpoints():
    one = {"returnedEntryType": "individual", "url": "/individuals/{id}"}
    found = mapped(individuals("/individuals", endpoints=[one]))
    assert found.endpoints["individual/{id}"] == "/individuals/{id}"


def test_an_unknown_entry_type_is_passed_over():
    found = mapped(individuals("/individuals"), {"entryType": "spaceship", "rootUrl": "/ships"})
    assert list(found.endpoints) == ["individual"]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"response": {}},
        {"response": []},
        {"response": {"endpointSets": "x"}},
        {"response": {"endpointSets": {}}},
        {"response": {"endpointSets": {"a": None, "b": {"entryType": "individual"}}}},
    ],
)
def test_what_holds_no_address_is_no_map(document):
    assert read_map(document, HERE) is None


def test_no_map_leads_to_another_origin():
    found = mapped(
        individuals("https://evil.example.com/individuals"),
        {"entryType": "run", "rootUrl": "//evil.example.com/runs"},
        {"entryType": "biosample", "rootUrl": "https://beacon.example.org.evil.com/b"},
    )
    assert set(found.endpoints.values()) == {"/individuals", "/runs", "/b"}


@pytest.mark.parametrize("many", ["sets", "endpoints"])
def test_a_map_without_end_is_none(many):
    one = {"entryType": "run", "rootUrl": "/runs"}
    below = {"returnedEntryType": "biosample", "url": "/runs/{id}/biosamples"}
    sets = {"a": one}
    if many == "sets":
        sets |= {str(number): one for number in range(MAX_SETS)}
    else:
        one["endpoints"] = {str(number): below for number in range(MAX_SETS + 1)}
    assert read_map({"response": {"endpointSets": sets}}, "https://one.example.org") is None
