"""What is exported can be read back, holds no secret, and only who is a member."""

import json

import pytest
import yaml

from aggregator.protocol.member_lists import read_list
from registry.capabilities import Capabilities
from registry.exporting import export
from registry.models import Group, MemberEntry, Pause, Protocol
from registry.records import MemberRecord, MemberState
from registry.seed import read_seed
from registry.snapshot import RegisteredMember

GROUPS = (
    Group(id="europe", name="Europe", opaque=True),
    Group(id="plain", organization={"name": "Org ü", "url": "https://o.example.org"}),
)
WHOLE = {
    "id": "hospital",
    "url": "https://hospital.example.org/api",
    "name": "Hospital: “Ü” #1",
    "protocol": "v0",
    "dialect": {
        "coordinates": 0,
        "null_means": "no",
        "paths": {"query": "/q?x={x}"},
        "drop": ["a"],
    },
    "assemblies": ["GRCh37"],
    "timeout_s": 2.5,
    "max_concurrency": 1,
    "token": "env:BEACON_MEMBER_TOKEN_HOSPITAL",
    "ca_file": "/etc/ca.pem",
    "groups": ["europe", "plain"],
    "paused": {"until": "2030-01-31", "note": "yes: 1\nno"},
    "disabled": True,
    "same_as": ["other", "network~inside"],
    "description": "Two\nlines, and a trailing space \n",
    "organization": {"name": "no", "contact_url": "mailto:a@example.org"},
}


def record(entry, state=MemberState.ACTIVE, **facts):
    member = RegisteredMember(MemberEntry.model_validate(entry), Capabilities(**facts))
    return MemberRecord(member, state, "operator", 0, "", "", contact="secret@example.org")


def simple(member_id, state=MemberState.ACTIVE, **rest):
    return record({"id": member_id, "url": f"https://{member_id}.example.org"} | rest, state)


HELD = (
    record(WHOLE),
    simple("second"),
    simple("waits", MemberState.PENDING),
    simple("turned-away", MemberState.REJECTED),
    simple("gone", MemberState.REMOVED),
)


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize("with_others", [False, True])
def test_what_is_exported_reads_back_as_a_seed(tmp_path, form, with_others):
    path = tmp_path / "members.yaml"
    written = export(HELD, GROUPS, form=form, with_others=with_others).text
    path.write_text(written, encoding="utf-8")
    if form == "yaml" or not with_others:
        seed = read_seed(path)
        assert seed.members == (HELD[0].entry, HELD[1].entry)
        assert seed.groups == GROUPS
    listed = read_list(written.encode(), takes_all=True)
    assert listed.entries == (HELD[0].entry, HELD[1].entry)
    assert listed.groups == GROUPS
    assert listed.problems == ()


@pytest.mark.parametrize("form", ["yaml", "json", "elixir"])
def test_no_contact_and_nobody_else_is_in_it(form):
    written = export(HELD, GROUPS, form=form).text
    for word in ("secret@example.org", "waits", "turned-away", "gone"):
        assert word not in written


def test_the_others_are_told_when_they_are_asked_for():
    as_yaml = export(HELD, form="yaml", with_others=True).text
    for state, name in (("pending", "waits"), ("rejected", "turned-away"), ("removed", "gone")):
        assert f"# {state}:\n# - id: {name}\n" in as_yaml
    as_json = json.loads(export(HELD, form="json", with_others=True).text)
    assert [(one["state"], one["entry"]["id"]) for one in as_json["others"]] == [
        ("pending", "waits"),
        ("rejected", "turned-away"),
        ("removed", "gone"),
    ]


def test_nothing_refers_to_something_else_in_the_file():
    paused = Pause(note="same")
    entries = [
        MemberEntry(id=name, url=f"https://{name}.example.org", paused=paused) for name in "ab"
    ]
    records = [
        MemberRecord(RegisteredMember(one), MemberState.ACTIVE, "", 0, "", "") for one in entries
    ]
    text = export(records).text
    assert "&" not in text
    assert [one["id"] for one in yaml.safe_load(text)["members"]] == ["a", "b"]


def test_an_empty_network_is_an_empty_list():
    assert yaml.safe_load(export(()).text) == {"members": []}
    assert json.loads(export((), form="json").text) == {"members": []}
    assert json.loads(export((), form="elixir").text) == []


def test_the_elixir_array_has_the_addresses_of_who_may_speak_version_2():
    held = (
        simple("told", protocol="v2"),
        simple("not-looked-at"),
        simple("old", protocol="v1"),
        record({"id": "found", "url": "https://found.example.org"}, protocol=Protocol.V1),
        simple("waits", MemberState.PENDING),
    )
    written = export(held, form="elixir")
    assert json.loads(written.text) == [
        *("https://told.example.org", "https://not-looked-at.example.org"),
    ]
    assert written.left_out == ("old", "found")
    assert [one.url for one in read_list(written.text.encode()).entries] == json.loads(written.text)
