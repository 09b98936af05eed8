"""Members as GA4GH services: what is told of them, which are meant, under which names."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from aggregator.base.errors import BadQuery, NotFound
from registry.models import Group, Organization, Pause
from registry.service_registry import (
    Home,
    Listing,
    ServiceFilter,
    as_uri,
    error_document,
    find_service,
    host_id,
    is_named,
    service_document,
    service_type,
    service_types,
)
from registry.snapshot import RegisteredMember, Snapshot
from tests.builders import member
from tests.official import FORMATS, official

NOW = datetime(2026, 11, 21, tzinfo=UTC)
NETWORK = "org.example.network"
HOME = Home(
    api_url="https://network.example.org/api",
    api_version="v2.1.1",
    version="1.2.3",
    environment="prod",
    organization=Organization(name="The Network", url="https://network.example.org"),
)
TOLD = Organization(
    name="As Told",
    url="https://told.example.org",
    contact_url="mailto:told@example.org",
    logo_url="https://told.example.org/logo.png",
)


def document(one: RegisteredMember, **more: Any) -> dict[str, Any]:
    """Write a service, which has to be one."""
    written = service_document(Listing(one, **more), HOME, now=NOW)
    official.validate_registry(written, "service")
    return written


def test_a_silent_member_is_still_a_whole_service() -> None:
    one = member("silent", protocol="auto", url="https://silent.example.org:8443/api")

    assert document(one) == {
        "id": "silent",
        "name": "silent",
        "type": {"group": "org.ga4gh", "artifact": "beacon", "version": "unknown"},
        "organization": {
            "name": "silent.example.org:8443",
            "url": "https://silent.example.org:8443",
        },
        "version": "unknown",
        "url": "https://silent.example.org:8443/api",
        "info": {
            "network": {
                "beaconId": None,
                "protocol": "auto",
                "isNetwork": False,
                "assemblies": [],
                "groups": [],
                "state": "active",
            }
        },
    }


def test_what_a_member_tells_is_told() -> None:
    one = member(
        "told",
        capabilities={
            "protocol": "v1",
            "api_version": "v1.0.1",
            "service_version": "3.4",
            "beacon_id": "org.example.told",
            "name": "Told",
            "description": "A beacon.",
            "environment": "test",
            "organization": TOLD,
        },
        data_sets={"a": "GRCh37"},
    )
    times = {"created_at": "2026-01-02T03:04:05.678Z", "updated_at": "2026-02-03T04:05:06.789Z"}
    written = document(one, **times, logo_url="https://network.example.org/logo/told")

    assert written["name"] == "Told"
    assert written["type"] == {"group": "org.ga4gh", "artifact": "beacon", "version": "v1.0.1"}
    assert written["version"] == "3.4"
    assert written["description"] == "A beacon."
    assert written["environment"] == "test"
    assert written["contactUrl"] == "mailto:told@example.org"
    assert written["createdAt"] == "2026-01-02T03:04:05.678Z"
    assert written["updatedAt"] == "2026-02-03T04:05:06.789Z"
    assert written["organization"] == {
        "name": "As Told",
        "url": "https://told.example.org",
        "logoUrl": "https://network.example.org/logo/told",
    }
    assert written["info"]["network"]["beaconId"] == "org.example.told"
    assert written["info"]["network"]["assemblies"] == ["GRCh37"]


def test_what_is_declared_wins_over_what_is_told() -> None:
    declared = {"name": "Declared", "contact_url": "https://declared.example.org/contact"}
    one = member(
        name="Mine",
        description="Declared words.",
        organization=declared,
        groups=["europe"],
        capabilities={"name": "Told", "description": "Told words.", "organization": TOLD},
    )
    written = document(one)

    assert (written["name"], written["description"]) == ("Mine", "Declared words.")
    assert written["organization"] == {"name": "Declared", "url": "https://told.example.org"}
    assert written["contactUrl"] == "https://declared.example.org/contact"
    assert written["info"]["network"]["groups"] == ["europe"]


@pytest.mark.parametrize(
    ("protocol", "artifact", "version"),
    [
        ("v1", "beacon", "1"),
        ("v2", "beacon", "2"),
        ("csc", "beacon-aggregator", "unknown"),
        ("beacon-network", "beacon-network", "unknown"),
    ],
)
def test_the_type_names_the_api_that_is_spoken(protocol: str, artifact: str, version: str) -> None:
    told = service_type(member(protocol=protocol), HOME)
    assert told == {"group": "org.ga4gh", "artifact": artifact, "version": version}


def test_a_network_that_answers_as_a_beacon_is_one_and_says_so() -> None:
    one = member(capabilities={"protocol": "v2", "api_version": "v2.0.0", "is_network": True})
    written = document(one)
    assert written["type"]["artifact"] == "beacon"
    assert written["info"]["network"]["isNetwork"] is True


def test_the_oldest_beacons_have_a_version_too() -> None:
    one = member(protocol="v0", dialect={"coordinates": 1})
    assert service_type(one, HOME)["version"] == "0"


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "active"),
        ({"paused": Pause(note="moving")}, "paused"),
        ({"paused": Pause(until=datetime(2026, 11, 20, tzinfo=UTC))}, "active"),
        ({"disabled": True}, "disabled"),
        ({"paused": Pause(), "disabled": True}, "disabled"),
    ],
)
def test_members_that_are_not_asked_are_still_listed(changes: dict[str, Any], state: str) -> None:
    one = member()
    one = replace(one, entry=one.entry.model_copy(update=changes))
    assert document(one)["info"]["network"]["state"] == state


def test_an_opaque_group_is_a_service_of_this_network_and_hides_its_members() -> None:
    inside = [
        member(
            name,
            url=f"https://{name}.secret.example.org",
            groups=["quiet"],
            protocol="v1",
            capabilities={"beacon_id": f"org.secret.{name}", "organization": TOLD},
        )
        for name in ("one", "two")
    ]
    group = Group(id="quiet", name="Quiet Ones", opaque=True)
    shown = Snapshot().with_members([*inside, member("three")], [group])

    assert [one.id for one in shown.members] == ["quiet", "three"]
    written = document(shown.members[0])
    assert written["name"] == "Quiet Ones"
    assert written["url"] == HOME.api_url
    assert written["type"] == {"group": "org.ga4gh", "artifact": "beacon", "version": "v2.1.1"}
    assert written["organization"] == {"name": "The Network", "url": "https://network.example.org"}
    assert "secret" not in str(written)
    assert "told" not in str(written).lower()
    for name in ("one", "org.secret.one", f"{NETWORK}.one", "org.example.secret.one", ""):
        with pytest.raises(NotFound):
            find_service(shown.members, name, network_id=NETWORK)


@pytest.mark.parametrize(
    "address",
    [
        "https://bücher.example.org/ü",
        "https://h.example.org/a{b}|c",
        'https://h.example.org/a[b]^`"<>',
        "https://" + "ü" * 40 + ".org/x",
        "http://[2001:db8::1]:8080/a",
        "https://h.example.org/%zz",
        "https://h|x/",
    ],
)
def test_every_address_is_written_as_a_uri(address: str) -> None:
    one = member(url=address)
    FORMATS.check(as_uri(address), "uri")
    document(one)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "example.org", "", "https://", "https://[", "ftp://a.org"]
)
def test_what_is_no_address_of_the_web_is_not_told(address: str) -> None:
    told = Organization.model_construct(name="Told", url=address, contact_url=address)
    one = member(url="https://here.example.org/api", capabilities={"organization": told})
    written = document(one)
    assert written["organization"] == {"name": "Told", "url": "https://here.example.org"}
    assert "contactUrl" not in written


def test_every_type_is_listed_once_in_order() -> None:
    members = [member("a", protocol="v2"), member("b", protocol="v1"), member("c", protocol="v2")]
    types = service_types(members, HOME)
    official.validate_registry(types, "types")
    assert [one["version"] for one in types] == ["2", "1"]
    assert service_types([], HOME) == []


BEACON_2 = {"group": "org.ga4gh", "artifact": "beacon", "version": "v2.1.1"}


@pytest.mark.parametrize(
    ("types", "versions", "is_wanted"),
    [
        ([], [], True),
        (["beacon"], [], True),
        (["BEACON"], [], True),
        ([" beacon "], [], True),
        ([""], [""], True),
        (["org.ga4gh:beacon"], [], True),
        (["org.ga4gh:beacon:2.1.1"], [], True),
        (["org.ga4gh:beacon:v2"], [], True),
        (["org.ga4gh:beacon:2.1"], ["v2.1.1"], True),
        (["beacon-aggregator", "beacon"], [], True),
        (["beacon-aggregator"], [], False),
        (["org.example:beacon"], [], False),
        (["org.ga4gh:beacon:1"], [], False),
        (["org.ga4gh:beacon:2.1.10"], [], False),
        ([], ["2.1.1"], True),
        ([], ["2"], True),
        ([], ["2.1."], False),
        ([], ["2.10"], False),
        ([], ["2", "1"], False),
        (["beacon"], ["1.0.1"], False),
    ],
)
def test_services_are_chosen_by_type_and_version(
    types: list[str], versions: list[str], is_wanted: bool
) -> None:
    assert ServiceFilter.read(types, versions).takes(BEACON_2) is is_wanted


@pytest.mark.parametrize("text", ["a:b:c:d", ":beacon", "org.ga4gh:", "org.ga4gh::2", ":"])
def test_a_type_that_can_be_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadQuery, match=r"type: .* is neither an artifact") as raised:
        ServiceFilter.read([text, "beacon", "x:y:z:w"], [])
    assert len(raised.value.problems) == 2


MEMBERS = (
    member(
        "one", url="https://shared.example.org/one", capabilities={"beacon_id": "org.example.one"}
    ),
    member(
        "two",
        url="https://shared.example.org/two",
        capabilities={"beacon_id": "org.example.default"},
    ),
    member(
        "three",
        url="https://three.example.org:8080/",
        capabilities={"beacon_id": "org.example.default"},
    ),
    member("org-example-one", url="https://four.example.org"),
)


@pytest.mark.parametrize(
    ("name", "member_id"),
    [
        ("one", "one"),
        (f"{NETWORK}.one", "one"),
        ("org.example.one", "one"),
        ("org-example-one", "org-example-one"),
        ("org:8080.example.three", "three"),
        ("org.example.four", "org-example-one"),
    ],
)
def test_a_service_is_found_by_each_of_its_names(name: str, member_id: str) -> None:
    assert find_service(MEMBERS, name, network_id=NETWORK).id == member_id
    found = [one.id for one in MEMBERS if is_named(one, name, network_id=NETWORK)]
    assert found == [member_id]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody", "no service “nobody”"),
        ("x" * 500, f"no service “{'x' * 80}”"),
        ("org.example.default", "2 services .* two, three"),
        ("org.example.shared", "2 services .* one, two"),
    ],
)
def test_a_name_of_nobody_or_of_several_finds_none(name: str, said: str) -> None:
    with pytest.raises(NotFound, match=said):
        find_service(MEMBERS, name, network_id=NETWORK)


def test_the_key_of_a_member_is_nobody_elses_name() -> None:
    squatter = member("other", capabilities={"beacon_id": "one"})
    assert find_service((squatter, *MEMBERS), "one", network_id=NETWORK).id == "one"


def test_csc_ids_are_the_host_back_to_front() -> None:
    assert host_id("https://beacon.example.org:8443/api/x") == "org:8443.example.beacon"
    assert host_id("http://localhost") == "localhost"


def test_errors_name_status_title_and_what_is_wrong() -> None:
    plain = error_document(404, "Not Found", "Nothing here.")
    assert plain == {"status": 404, "title": "Not Found", "detail": "Nothing here."}
    official.validate_registry(plain, "error")
    several = error_document(400, "Bad Request", "a. b.", ("a.", "b."))
    assert several["problems"] == ["a.", "b."]
    official.validate_registry(several, "error")
