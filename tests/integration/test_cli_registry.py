"""Which registry the command line works on, lists, groups, keys; and beside a running network."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.seed import read_seed
from tests.networks import BRAF, RECOGNISED, come_true, network_of
from tests.processes import Started, eventually, network, run
from tests.registry_commands import ONE, Command


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """The demo's beacons."""
    with network("demo", "--port", "0", folder=tmp_path_factory.mktemp("demo")) as started:
        yield started


# --- which registry


def test_a_registry_in_memory_is_4_and_says_what_to_give(command: Command) -> None:
    for words in (("members", "list"), ("members", "remove", "a"), ("keys", "invite")):
        ran = command(*words, registry="sqlite:///:memory:")
        assert (ran.code, ran.out) == (4, "")
        assert "--set registry.url=sqlite:///FILE" in ran.err


def test_reading_makes_no_registry_where_there_is_none(command: Command) -> None:
    for words in (("list",), ("show", "a"), ("export",), ("log",), ("followed",)):
        ran = command("members", *words)
        assert (ran.code, "there is no registry in" in ran.err) == (4, True)
    assert not command.file.exists()


def test_a_file_that_is_no_registry_is_4(command: Command) -> None:
    command.file.write_bytes(b"no database" * 100)
    ran = command("members", "list")
    assert (ran.code, len(ran.err.splitlines())) == (4, 1)
    assert "registry.url" in ran.err


def test_a_registry_that_somebody_holds_is_4(two: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.database.Database.__init__.__kwdefaults__", {"busy_s": 0.1})
    with closing(sqlite3.connect(two.file, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        ran = two("members", "remove", "one")
    assert (ran.code, ran.out) == (4, "")
    assert two.states["one"] == "active"


def test_the_registry_is_listed_with_what_differs_from_the_seed(
    command: Command, tmp_path: Path
) -> None:
    seed = tmp_path / "members.yaml"
    seed.write_text(f"members:\n  - {{id: one, url: '{ONE}', name: Seed}}\n")

    async def start() -> None:
        async with network_of(registry=_on(command.file, seed=str(seed))):
            pass

    asyncio.run(start())
    command.done("members", "edit", "one", "name=Ours", "timeout_s=9")
    assert command.done("members", "list").split("\t")[-1] == "name, timeout_s\n"
    shown = yaml.safe_load(command.done("members", "show", "one"))
    assert shown["differs from what is declared"]["name"] == {"here": "Ours", "declared": "Seed"}
    declared = command.done("members", "list", "--declared", "--set", f"registry.seed={seed}")
    assert "Seed" in declared


# --- lists


def test_what_is_exported_comes_back_as_it_was(two: Command, tmp_path: Path) -> None:
    two.done("groups", "set", "europe", "--name", "Europe", "--opaque")
    two.done("members", "edit", "one", "token=env:BEACON_MEMBER_TOKEN_ONE", "groups=europe")
    two.done("members", "pause", "two", "--note", "moving")
    exported = two.done("members", "export")
    file = tmp_path / "members.yaml"
    file.write_text(exported)
    assert [entry.id for entry in read_seed(file).members] == ["one", "two"]
    url = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    ran = two("members", "import", file, registry=url)
    assert (ran.code, ran.out) == (0, "one\ntwo\n"), ran.err
    assert two("members", "export", registry=url).out == exported
    again = two("members", "import", file, registry=url)
    assert (again.code, again.out) == (0, "")
    assert "0 added, 2 known already" in again.err


def test_who_is_no_member_is_exported_only_when_asked_for(two: Command) -> None:
    two.done("members", "remove", "two")
    assert "two" not in two.done("members", "export")
    assert "# removed:\n# members" not in two.done("members", "export", "--all")
    assert "# - id: two" in two.done("members", "export", "--all")
    assert json.loads(two.done("members", "export", "--form", "elixir")) == [ONE]
    assert two("members", "export", "--form", "elixir", "--all").code == 2


def test_a_list_with_mistakes_gives_the_good_ones_and_names_the_others(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_text(f"id;url;token\nA.One;{ONE};x\nB;nowhere;\n")
    ran = command("members", "import", "list.csv", "--group", "north")
    assert (ran.code, ran.out) == (0, "a-one\n")
    assert "row 2 (B): url: " in ran.err
    assert "column token: " in ran.err
    assert command.read("members", "show", "a-one")["entry"]["groups"] == ["north"]
    (tmp_path / "bad.csv").write_text("url\nnowhere\n")
    assert command("members", "import", "bad.csv").code == 2


def recognised(demo: Started) -> int:
    """How many of the demo's beacons its network knows by what they say of themselves."""
    listed = json.loads(demo.get("/services")[2])
    return sum(bool(one["info"]["network"].get("beaconId")) for one in listed)


def test_a_registry_is_followed_from_the_command_line(command: Command, demo: Started) -> None:
    services = f"{demo.url}/services"
    eventually(lambda: recognised(demo) == len(RECOGNISED))  # until then the list changes
    ran = command(
        *("members", "import", services, "--follow", "demo", "--trusted", "--private"),
    )
    assert ran.code == 0, ran.err
    added = [name for name, state in command.states.items() if state == "active"]
    assert added
    (followed,) = command.read("members", "followed")
    assert (followed["id"], followed["url"], followed["trusted"]) == ("demo", services, True)
    assert "Nothing changed." in command.done("members", "look", "demo", "--private")
    command.done("members", "unfollow", "demo")
    assert command.read("members", "followed") == []
    assert [name for name, state in command.states.items() if state == "active"] == added


# --- groups and keys


def test_groups_are_described_and_forgotten(two: Command) -> None:
    two.done("groups", "set", "europe", "--name", "Europe", "--organization", "Org", "--opaque")
    two.done("members", "edit", "one", "groups=europe")
    two.done("groups", "set", "europe", "--description", "All of it")
    (group,) = two.read("groups", "list")
    assert (group["name"], group["description"], group["opaque"]) == ("Europe", "All of it", True)
    assert (group["organization"]["name"], group["members"]) == ("Org", ["one"])
    two.done("groups", "set", "europe", "--open", "--organization", "")
    assert "its members" in two.done("groups", "list")
    two.done("groups", "drop", "europe")
    assert two("groups", "drop", "europe").code == 2
    assert two("groups", "set", "one", "--opaque").code == 2
    assert two("groups", "set", "Bad Id").code == 2


def test_keys_are_shown_once_and_alone(two: Command) -> None:
    invited = two("keys", "invite", "--note", "for B", "--days", "3")
    assert invited.out.startswith("bik_")
    assert len(invited.lines) == 1
    appointed = two("keys", "appoint", "anna")
    assert appointed.out.startswith("bok_")
    service = two("members", "key", "one")
    assert service.out.startswith("bsk_")
    held = two.read("keys", "list")
    assert [(one["kind"], one["owner"]) for one in held] == [
        *(("service", "one"), ("operator", "anna"), ("invitation", "")),
    ]
    whole = two.done("keys", "list") + two.done("members", "log") + json.dumps(held)
    for ran in (invited, appointed, service):
        assert ran.out.strip() not in whole
        assert ran.out.strip().encode() not in two.file.read_bytes()
    two.done("keys", "revoke", held[2]["id"])
    assert "revoked" in two.done("keys", "list", "--kind", "invitation")
    assert two("keys", "revoke", "nothing").code == 2
    assert two("keys", "appoint", "Bad Name").code == 2
    assert two("keys", "invite", "--days", "0").code == 2


# --- beside a network


def _on(file: Path, **rest: Any) -> dict[str, Any]:
    return {"url": f"sqlite:///{file}", "probe": False, **rest}


async def test_a_running_network_takes_changes_over_within_two_seconds(tmp_path: Path) -> None:
    """It looks every second; how long it took is printed, for a machine may be slow."""
    file = tmp_path / "registry.sqlite3"

    async def change(*words: str, is_so: Callable[[], bool]) -> None:
        ran = await asyncio.to_thread(
            run, "members", *words, "--set", f"registry.url=sqlite:///{file}", cwd=tmp_path
        )
        ended = time.monotonic()
        assert ran.code == 0, ran.err
        assert ran.err == ""
        await come_true(is_so)
        print(f"in force after {time.monotonic() - ended:.2f} s: {words[0]}")

    async with network_of(registry=_on(file)) as net:
        holder = net.network.holder
        assert net.network.settings.registry.poll_s <= 1
        await change(
            "add", ONE, "--unchecked", "--id", "one", is_so=lambda: "one" in holder.current.by_id
        )
        await change("pause", "one", is_so=lambda: net.member("one").entry.paused is not None)
        reply = await net.ask(BRAF)
        assert reply.endings == {"one": "not_asked/paused"}
        await change("remove", "one", is_so=lambda: not holder.current.members)
