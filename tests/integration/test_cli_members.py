"""The commands `members …`: adding, checking and changing members of the registry."""

import getpass
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Started, network
from tests.registry_commands import ONE, TWO, Command

ACTOR = f"command line:{getpass.getuser()}"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """The demo's beacons."""
    with network("demo", "--port", "0", folder=tmp_path_factory.mktemp("demo")) as started:
        yield started


# --- adding and checking


def test_a_member_is_added_with_its_fields(command: Command) -> None:
    words = ("timeout_s=20", "dialect.start=scalar", "organization.name=Org", "contact=a@b.example")
    unknown = command("members", "add", ONE, "--unchecked", "--group", "north")
    assert (unknown.code, "there is no group “north”" in unknown.err) == (2, True)
    for group in ("europe", "north"):
        command.done("groups", "set", group)
    out = command.done(
        *("members", "add", ONE, "--unchecked", "--name", "One", "--protocol", "v2"),
        *("--group", "europe", "--group", "north", *words),
    )
    assert out == f"one-example-org has been added: {ONE}\n"
    (told,) = command.read("members", "list")
    assert told["entry"] == {
        "id": "one-example-org",
        "url": ONE,
        "name": "One",
        "protocol": "v2",
        "dialect": {"start": "scalar"},
        "timeout_s": 20.0,
        "groups": ["europe", "north"],
        "organization": {"name": "Org"},
    }
    assert (told["state"], told["contact"]) == ("active", "a@b.example")
    assert command.read("members", "log")[0]["actor"] == ACTOR


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("same_as=nobody", "same_as: there is no member “nobody”"),
        ("ca_file=/nowhere/ca.pem", "ca_file: “/nowhere/ca.pem” is no file here"),
    ],
)
def test_what_a_member_names_has_to_be_there(command: Command, field: str, said: str) -> None:
    command.done("members", "add", TWO, "--unchecked", "--id", "two")
    for words in (("add", ONE, "--unchecked", "--id", "one"), ("edit", "two")):
        ran = command("members", *words, field)
        assert (ran.code, said in ran.err) == (2, True), ran.err
    assert [one["id"] for one in command.read("members", "list")] == ["two"]


def test_a_beacon_is_checked_before_it_is_added(command: Command, demo: Started) -> None:
    ran = command("members", "add", demo.beacons["demo-records"], "--private", "--id", "records")
    assert (ran.code, ran.out.split()[0]) == (0, "records"), ran.out + ran.err
    nowhere = command("members", "add", "http://127.0.0.1:9", "--private")
    assert nowhere.code == 3
    assert nowhere.out.startswith("✕ ")
    assert "nothing was added" in nowhere.err
    refused = command("members", "add", demo.beacons["demo-v1"])
    assert (refused.code, "public internet" in refused.out) == (3, True)
    assert list(command.states) == ["records"]


def test_the_check_tells_rule_by_rule_and_stores_nothing(command: Command, demo: Started) -> None:
    url = demo.beacons["demo-records"]
    ran = command("members", "check", url, "--private")
    assert ran.code == 0, ran.out
    assert all(line[0] in "✓✕!○ " for line in ran.lines[:-1])
    assert ran.lines[-1].startswith(f"{url} may join: 0 to fix")
    as_json = command("members", "check", "http://127.0.0.1:9", "--private", "--json")
    assert as_json.code == 3
    assert json.loads(as_json.out)["mayJoin"] is False
    assert not command.file.exists()


def test_commands_that_ask_once_take_the_settings_of_several_workers(
    command: Command, demo: Started, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text("server: {workers: 2}\n")
    config = ("--config", tmp_path / "config.yaml")
    url, seed = demo.beacons["demo-records"], demo.members_file(tmp_path / "members.yaml")
    for words in (
        ("members", "check", url, "--private"),
        ("check", url, "--private"),
        (
            "query",
            "7-140753336-A-T",
            "--seed",
            seed,
            "--set",
            "security.allow_private_members=true",
        ),
    ):
        ran = command(*words, *config)
        assert (ran.code, ran.err) == (0, ""), words
    assert not command.file.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ftp://one.example.org",), "url: a member's address starts with"),
        ((ONE, "--id", "Bad Id"), "id: an id is 1 to 63"),
        ((ONE, "timeout_s=many"), "timeout_s: "),
        ((ONE, "colour=blue"), "is no field of a member"),
        ((ONE, "dialect.start=circle"), "dialect.start: "),
        ((ONE, "contact=nobody"), "contact: an e-mail address"),
        ((ONE, "--protocol", "v0"), "a v0 member needs"),
    ],
)
def test_bad_input_is_2_and_names_the_field(
    command: Command, words: tuple[str, ...], said: str
) -> None:
    ran = command("members", "add", *words, "--unchecked")
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert not command.file.exists()


def test_what_is_taken_is_2(two: Command) -> None:
    ran = two("members", "add", ONE, "--unchecked", "--id", "two")
    assert ran.code == 2
    at_its_address, its_id = ran.err.splitlines()
    assert at_its_address.startswith("url: a beacon at this address is a member")
    assert "“one”" in at_its_address
    assert its_id == "id: “two” is taken; choose another one."


# --- changing members


def test_a_member_goes_through_everything(two: Command) -> None:
    assert two.done("members", "pause", "one", "--until", "2999-01-01", "--note", "moving") == (
        "one is paused until 2999-01-01.\n"
    )
    assert "paused until 2999-01-01" in two.done("members", "list")
    assert two.done("members", "resume", "one") == "one is asked again.\n"
    assert two.done("members", "resume", "one") == "one was not paused.\n"
    two.done("members", "disable", "one")
    assert (
        two.done("members", "disable", "one") == "one is disabled already; nothing was changed.\n"
    )
    two.done("members", "enable", "one")
    two.done("members", "remove", "one", "--note", "moved away")
    assert two.states == {"one": "removed", "two": "active"}
    assert "one" not in two.done("members", "list")
    two.done("members", "restore", "one")
    for group in ("a", "b"):
        two.done("groups", "set", group)
    two.done("members", "edit", "one", "name=", "groups=a,b", "dialect.start=list")
    assert two.done("members", "order", "two") == "two\none\n"
    entry = two.read("members", "show", "one")["entry"]
    assert entry == {"id": "one", "url": ONE, "groups": ["a", "b"], "dialect": {"start": "list"}}
    log = two.read("members", "log", "one")
    assert [one["action"] for one in log][::-1] == [
        *("add", "pause", "resume", "disable", "enable", "remove", "restore", "edit"),
    ]
    assert {one["actor"] for one in log} == {ACTOR}
    assert log[2]["note"] == "moved away"
    assert len(two.read("members", "log", "--limit", "3")) == 3


def test_edits_go_into_what_is_there(two: Command) -> None:
    two.done("members", "edit", "one", "dialect.start=list", "dialect.case=lower")
    two.done("members", "edit", "one", "dialect.case=")
    assert two.read("members", "show", "one")["entry"]["dialect"] == {"start": "list"}
    assert two.done("members", "edit", "one", "dialect.case=").endswith("nothing was changed.\n")


def test_who_waits_is_approved_or_turned_away(command: Command, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps([ONE, TWO]))
    command.done("members", "import", "list.json", "--pending")
    assert command.states == {"one-example-org": "pending", "two-example-org": "pending"}
    command.done("members", "approve", "one-example-org")
    command.done("members", "reject", "two-example-org", "--note", "a test server")
    assert command.states == {"one-example-org": "active", "two-example-org": "rejected"}
    again = command("members", "approve", "one-example-org")
    assert again.out == "one-example-org is approved already; nothing was changed.\n"


@pytest.mark.parametrize(
    "words",
    [
        *(("approve",), ("reject",), ("pause",), ("resume",), ("disable",), ("enable",)),
        *(("remove",), ("restore",), ("key",), ("show",), ("edit", "name=A")),
    ],
)
def test_nobody_of_this_name_is_2_in_a_sentence(two: Command, words: tuple[str, ...]) -> None:
    ran = two("members", words[0], "nobody", *words[1:])
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "There is no member “nobody”.\n"


def test_impossible_changes_are_2(two: Command) -> None:
    for words, said in (
        (("pause", "one", "--until", "2001-01-01"), "until: this is in the past"),
        (("pause", "one", "--until", "soon"), "until"),
        (("reject", "one"), "does not wait for approval"),
        (("edit", "one", f"url={TWO}"), "url: a beacon at this address"),
        (("edit", "one", "id=other"), "id: it cannot be changed"),
        (("order", "nobody"), "there is no member “nobody”"),
        (("unfollow", "nobody"), "No registry “nobody” is followed"),
        (("follow", "list", "members.csv"), "can be followed"),
        (("import", "none.csv"), "cannot be read"),
    ):
        ran = two("members", *words)
        assert (ran.code, said in ran.err) == (2, True), (words, ran.err)
