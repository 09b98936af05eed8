"""The command line on a registry of its own, run in the process of the tests."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from aggregator.cli import main
from aggregator.commands.loop import run as run_on_a_loop
from tests.processes import Ran

ONE = "https://one.example.org/api"
TWO = "https://two.example.org/api"


class Command:
    """The command line on a registry of its own, in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], patch: Any) -> None:
        self.file = folder / "registry.sqlite3"
        self._capsys = capsys
        self._patch = patch

    def __call__(self, *words: object, registry: str | None = None) -> Ran:
        url = registry or f"sqlite:///{self.file}"
        said = [*map(str, words), "--set", f"registry.url={url}"]
        self._patch.setattr(sys, "argv", ["beacon-aggregator", *said])
        self._capsys.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        told = self._capsys.readouterr()
        return Ran(int(code or 0), told.out, told.err)

    def done(self, *words: object) -> str:
        """Run what has to go well, and give what it said."""
        ran = self(*words)
        assert ran.code == 0, ran.err
        return ran.out

    def read(self, *words: object) -> Any:
        return json.loads(self.done(*words, "--json"))

    @property
    def states(self) -> dict[str, str]:
        return {one["id"]: one["state"] for one in self.read("members", "list", "--state", "all")}


@pytest.fixture
def command(
    a_loop_before: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    """The command line on a registry that is not there yet."""
    # what is logged in this process stays as the other tests have it
    monkeypatch.setattr("aggregator.commands.office.logs.configure", lambda settings: None)
    monkeypatch.chdir(tmp_path)
    return Command(tmp_path, capsys, monkeypatch)


@pytest.fixture
def two(command: Command) -> Command:
    """With two members."""
    command.done("members", "add", ONE, "--unchecked", "--id", "one", "--name", "One [1]")
    command.done("members", "add", TWO, "--unchecked", "--id", "two")
    return command


@pytest.fixture(scope="session")
def a_loop_before() -> None:
    """Let uvloop open what it opens with its first loop and keeps."""

    async def nothing() -> None:
        pass

    run_on_a_loop(nothing())
