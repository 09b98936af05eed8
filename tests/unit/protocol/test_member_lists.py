"""Lists of beacons of every form, as they are met, and what is wrong with them."""

import json
from typing import Any

import pytest
import yaml

from aggregator.base.errors import BadQuery
from aggregator.protocol.member_list_items import MAX_MEMBERS, Listed, id_of_url, member_id
from aggregator.protocol.member_lists import read_list
from registry.models import Protocol

EXAMPLE = "https://beacon.example.org/api"


def read(document: Any, **options: Any) -> Listed:
    """Read a list that is JSON, or text as it is."""
    text = document if isinstance(document, str) else json.dumps(document)
    return read_list(text.encode(), **options)


def service(**told: Any) -> dict[str, Any]:
    made = {
        "id": "org.example.one",
        "name": "One",
        "type": {"group": "org.ga4gh", "artifact": "beacon", "version": "2.0.0"},
        "organization": {"name": "Example", "url": "https://www.example.org"},
        "version": "1.2",
        "url": EXAMPLE,
    }
    return {**made, **told}


def urls(listed: Listed) -> list[str]:
    return [entry.url for entry in listed.entries]


# --- GA4GH service registries


def test_a_service_becomes_a_member_with_what_a_beacon_may_say_of_itself() -> None:
    listed = read(
        [
            service(
                description="Ours",
                contactUrl="mailto:help@example.org",
                organization={
                    "name": "Example",
                    "url": "https://www.example.org",
                    "logoUrl": "https://www.example.org/logo.png",
                },
                environment="prod",
                token="env:BEACON_MEMBER_TOKEN_X",
                groups=["europe"],
            )
        ]
    )
    (entry,) = listed.entries
    assert (listed.form, listed.problems, listed.is_whole) == ("ga4gh", (), True)
    assert entry.model_dump(mode="json", exclude_defaults=True) == {
        "id": "org-example-one",
        "url": EXAMPLE,
        "name": "One",
        "description": "Ours",
        "organization": {
            "name": "Example",
            "url": "https://www.example.org",
            "contact_url": "mailto:help@example.org",
            "logo_url": "https://www.example.org/logo.png",
        },
    }


@pytest.mark.parametrize("end", ["", "/", "/service-info", "/service-info/", "/info"])
def test_both_styles_of_addresses_give_the_base(end: str) -> None:
    assert urls(read([service(url=EXAMPLE + end)])) == [EXAMPLE]


@pytest.mark.parametrize(
    "told",
    [
        {"group": "org.ga4gh", "artifact": "beacon", "version": "1.0.0"},
        {"group": "fi.csc", "artifact": "beacon-aggregator", "version": "1"},
        {"artifact": "Beacon-Network"},
        "beacon",
        "beacon-aggregator",
        "org.ga4gh:beacon:2.0.0",
        "urn:ga4gh:beacon",
    ],
)
def test_both_styles_of_types_name_beacons(told: Any) -> None:
    assert urls(read([service(type=told)])) == [EXAMPLE]


@pytest.mark.parametrize(
    "told", [{"group": "org.ga4gh", "artifact": "service-registry", "version": "1.0.0"}, "drs"]
)
def test_other_services_are_named_and_leave_the_list_whole(told: Any) -> None:
    listed = read([service(type=told), service(id="b", url="https://b.example.org")])
    assert urls(listed) == ["https://b.example.org"]
    assert len(listed.problems) == 1
    assert "service 1 (org.example.one)" in listed.problems[0]
    assert "no beacon" in listed.problems[0]
    assert listed.is_whole


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (service(type=None), "type: "),
        (service(type=7), "type: "),
        (service(url=None), "url: it is missing"),
        (service(url="ftp://beacon.example.org"), "url: a member's address starts with"),
        (service(url=f"{EXAMPLE}?key=1"), "url: the address is the base"),
        (service(url="https://me:secret@beacon.example.org"), "url: no user name or password"),
        ("just a text", "expected an object"),
    ],
)
def test_a_bad_service_is_named_and_the_others_are_taken(broken: Any, said: str) -> None:
    listed = read([broken, service(id="b", url="https://b.example.org")])
    assert urls(listed) == ["https://b.example.org"]
    (problem,) = listed.problems
    assert problem.startswith("service 1 (")
    assert said in problem
    assert "secret" not in problem
    assert not listed.is_whole, "the beacon is still listed, as far as anybody knows"


def test_what_cannot_be_shown_is_left_out_and_the_service_taken() -> None:
    organization = {"name": "Ex\nample", "url": "www.example.org", "logoUrl": "javascript:alert(1)"}
    listed = read([service(name="A\x00 \u202eB\n", organization=organization)])
    (entry,) = listed.entries
    assert entry.name == "A B"
    assert entry.organization is not None
    assert entry.organization.model_dump(exclude_none=True) == {"name": "Ex ample"}
    assert len(listed.problems) == 2
    assert listed.is_whole


def test_halves_of_characters_do_no_harm() -> None:
    odd = {"name": "A\ud800", "description": "x\ud800\n\x00y", "organization": {"name": "\ud800"}}
    listed = read([service(**odd), service(id="\ud800", url="https://\ud800.example.org")])
    assert (listed.entries[0].name, listed.entries[0].description) == ("A", "x\ny")
    bad = read({"members": [{"id": "b", "url": EXAMPLE, "assemblies": ["\ud800"]}]})
    for text in (
        *listed.problems,
        *bad.problems,
        *(one.model_dump_json() for one in listed.entries),
    ):
        assert text.encode()


# --- ids


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        ("org.ga4gh.Beacon", "org-ga4gh-beacon"),
        ("localhost:5000", "localhost-5000"),
        ("..É..", ""),
        ("x" * 62 + ".y", "x" * 62),
    ],
)
def test_ids_are_made_of_others_ids(foreign: str, ours: str) -> None:
    assert member_id(foreign) == ours


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://beacons.bsc.es/beacon/v2.0.0", "beacons-bsc-es"),
        (
            "https://ega-archive.org/test-beacon-apis/cineca",
            "ega-archive-org-test-beacon-apis-cineca",
        ),
        ("https://[::1]:8080/", "1"),
        ("https://[bad", "beacon"),
    ],
)
def test_ids_are_made_of_addresses(url: str, ours: str) -> None:
    assert id_of_url(url) == ours


def test_ids_are_unique_and_fit() -> None:
    long = "a" * 80
    listed = read([service(id=long, url=f"https://{n}.example.org") for n in range(3)])
    ids = [entry.id for entry in listed.entries]
    assert ids == ["a" * 63, "a" * 61 + "-2", "a" * 61 + "-3"]


def test_the_same_address_is_taken_once_and_told() -> None:
    listed = read([service(), service(id="other", url="HTTPS://BEACON.example.org:443/api/")])
    assert [entry.id for entry in listed.entries] == ["org-example-one"]
    assert "service 2 (other): the same address as service 1" in listed.problems[0]
    assert listed.is_whole


# --- the ELIXIR array and EGA's registry.yml


def test_the_elixir_array() -> None:
    listed = read([f"{EXAMPLE}/", "your.beacon.url/api", "https://c.example.org/info"])
    assert listed.form == "elixir"
    assert urls(listed) == [EXAMPLE, "https://your.beacon.url/api", "https://c.example.org"]
    assert listed.entries[0].id == "beacon-example-org"
    assert listed.problems == ()


def test_what_is_no_address_in_the_elixir_array_is_named() -> None:
    listed = read([EXAMPLE, 7, "", None])
    assert urls(listed) == [EXAMPLE]
    assert [problem.partition(":")[0] for problem in listed.problems] == [
        "address 2 (7)",
        "address 3 ()",
        "address 4 (None)",
    ]


def test_the_registry_of_ega() -> None:
    text = (
        "v2_Beacons:\n"
        "  - https://a.example.org/api\n"
        "v1_Beacons:\n"
        "  - https://b.example.org/beacon\n"
        "  - https://a.example.org/api\n"
    )
    listed = read(text)
    assert listed.form == "ega"
    assert [(entry.url, entry.protocol) for entry in listed.entries] == [
        ("https://a.example.org/api", Protocol.V2),
        ("https://b.example.org/beacon", Protocol.V1),
        ("https://a.example.org/api", Protocol.V1),
    ]
    assert read("v2_Beacons:\nv1_Beacons: [https://b.example.org]").problems == ()


# --- tables


def test_a_table_with_semicolons_and_a_byte_order_mark() -> None:
    text = (
        "\ufeffID;Name;URL;assemblies;organization;organization.url;protocol\r\n"
        '"A.B";"One; two";https://a.example.org/service-info;GRCh37 hg38;Org;https://o.org;v1\r\n'
        ";;https://b.example.org;;;;\r\n"
        ";;;;;;\r\n"
    )
    listed = read(text)
    first, second = listed.entries
    assert (listed.form, listed.problems) == ("csv", ())
    assert (first.id, first.name, first.url) == ("a-b", "One; two", "https://a.example.org")
    assert [one.value for one in first.assemblies] == ["GRCh37", "GRCh38"]
    assert first.organization is not None
    assert first.organization.url == "https://o.org"
    assert first.protocol is Protocol.V1
    assert (second.id, second.organization) == ("b-example-org", None)


def test_columns_that_are_not_taken_are_named_once() -> None:
    listed = read(f"url,token,timeout_s,paused,colour\n{EXAMPLE},env:X,7,yes,blue\n")
    assert listed.entries[0].model_dump(exclude_defaults=True) == {
        "id": "beacon-example-org",
        "url": EXAMPLE,
    }
    assert [problem.partition(":")[0] for problem in listed.problems] == [
        *("column token", "column timeout_s", "column paused", "column colour"),
    ]
    assert listed.is_whole


def test_a_bad_row_is_named_by_its_number() -> None:
    listed = read(f"name,url\nA,{EXAMPLE}\nB,\nC,nowhere\nD,https://d.example.org,too,many\n")
    assert urls(listed) == [EXAMPLE, "https://d.example.org"]
    assert [problem[:8] for problem in listed.problems] == ["row 2 (B", "row 3 (n"]


# --- our own files


OWN = {
    "members": [
        {
            "id": "hospital",
            "url": "https://hospital.example.org",
            "name": "Hospital",
            "token": "env:BEACON_MEMBER_TOKEN_HOSPITAL",
            "groups": ["europe"],
            "dialect": {"start": "scalar"},
            "timeout_s": 20,
        }
    ],
    "groups": [{"id": "europe", "name": "Europe", "opaque": True}],
}


@pytest.mark.parametrize("as_text", [json.dumps, yaml.safe_dump])
def test_of_a_foreign_members_file_nothing_is_taken_that_operators_set(as_text: Any) -> None:
    listed = read(as_text(OWN))
    assert listed.form == "seed"
    assert listed.groups == ()
    assert listed.entries[0].model_dump(exclude_defaults=True) == {
        "id": "hospital",
        "url": "https://hospital.example.org",
        "name": "Hospital",
    }


@pytest.mark.parametrize("as_text", [json.dumps, yaml.safe_dump])
def test_of_the_operators_own_file_everything_is_taken(as_text: Any) -> None:
    listed = read(as_text(OWN), takes_all=True)
    told = listed.entries[0].model_dump(mode="json", exclude_defaults=True)
    assert told == OWN["members"][0]
    assert [(group.id, group.opaque) for group in listed.groups] == [("europe", True)]
    assert listed.is_own


def test_of_the_operators_own_table_no_more_is_taken_than_of_others() -> None:
    listed = read(f"url,token\n{EXAMPLE},passthrough\n", takes_all=True)
    assert listed.entries[0].token == "none"
    assert not listed.is_own


def test_mistakes_in_the_operators_own_file_are_named() -> None:
    document = {
        "members": [
            {"id": "a", "url": EXAMPLE, "colour": "blue"},
            {"id": "b", "url": "https://b.example.org"},
            {"id": "b", "url": "https://c.example.org"},
            "text",
        ],
        "groups": [{"id": "Bad Id"}],
    }
    listed = read(document, takes_all=True)
    assert [entry.id for entry in listed.entries] == ["b"]
    for said in ("member 1 (a): colour: unknown key", "member 3 (b): the id b is given twice",
                 "member 4 (text): expected an object", "group 1 (Bad Id): id: "):  # fmt: skip
        assert any(problem.startswith(said) for problem in listed.problems), said


def test_a_bare_array_of_entries_is_a_members_file_too() -> None:
    assert read([{"id": "a", "url": EXAMPLE}]).form == "seed"


# --- what is no list


@pytest.mark.parametrize(
    "text",
    [
        *("", "<!doctype html><title>Welcome</title>", "just words", "{}", "[1, 2]", "7"),
        *('{"message": "Not Found"}', "a: [", "name,address\nA,B\n"),
    ],
)
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(BadQuery) as refused:
        read(text, origin="members.txt")
    assert refused.value.problems[0].startswith("members.txt: ")


def test_another_form_than_expected_is_refused() -> None:
    with pytest.raises(BadQuery, match="Expected a registry"):
        read([service()], form="ega")
    with pytest.raises(BadQuery, match="expected a table"):
        read([service()], form="csv")
    with pytest.raises(BadQuery, match="form: expected auto, ga4gh"):
        read([service()], form="excel")


@pytest.mark.parametrize("form", ["auto", "elixir", "ga4gh", "seed"])
def test_an_empty_list_is_a_list(form: str) -> None:
    assert read([], form=form).entries == ()


def test_references_that_grow_without_bound_are_refused() -> None:
    levels = ["a: &a [https://x.example.org]"]
    levels += [
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    with pytest.raises(BadQuery, match="references"):
        read("\n".join([*levels, "v2_Beacons: *i"]))


@pytest.mark.parametrize(
    "trap", ["[" * 200_000, "{a: " * 100_000, "- " * 100_000, '{"a":' * 100_000]
)
def test_nesting_that_would_end_the_process_is_refused(trap: str) -> None:
    with pytest.raises(BadQuery):
        read(trap)


def test_a_list_has_a_bound_and_is_not_whole_beyond_it() -> None:
    listed = read([f"https://{n}.example.org" for n in range(MAX_MEMBERS + 300)])
    assert len(listed.entries) == MAX_MEMBERS
    assert not listed.is_whole
    assert len(listed.problems) == 101
    assert listed.problems[-1] == "and 200 more problems like these"
