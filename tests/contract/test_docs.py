"""What the documentation promises to name, it names: settings, commands, codes, keys, paths.

Where it is a table, both ways: what is gone from the code has to go from the table.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from aggregator import __version__
from aggregator.app import running, web_application
from aggregator.base.settings import load
from aggregator.cli import cli
from aggregator.commands import exits
from aggregator.model.outcome import NoAnswerCode, NotAskedCode
from aggregator.protocol.parameters import NETWORK_CONTROLS
from registry.models import AnswerShape, Dialect, MemberEntry

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", *sorted(
    path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")
))  # fmt: skip
FORBIDDEN: Mapping[str, frozenset[str]] = {
    # put together, so that this file does not hold them
    "/" + "work/": frozenset(),
    ".." + "/shared": frozenset(
        {
            "tests/official.py",
            "tests/contract/test_official_schemas.py",
            "tests/unit/protocol/test_recorded_servers.py",
        }
    ),
    "DESIGN" + ".md": frozenset(),
    "SCIENCE" + ".md": frozenset(),
    "STYLE" + ".md": frozenset(),
}
"""What nobody outside can follow, and the files that look for it where it may be."""


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """Give what stands below a heading, up to the next of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    found = re.search(rf"^{re.escape(heading)}$\n(.*?)(?=^#{{1,{level}}} |\Z)", page, re.M | re.S)
    assert found, f"no heading {heading!r}"
    return found[1]


def first_cells(part: str) -> list[str]:
    """Give the code in the first cell of every row of the tables in a part of a page."""
    return re.findall(r"^\| `([^`]+)`", part, re.M)


def settings(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from settings(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def test_every_setting_is_documented_with_its_default() -> None:
    table = section(text("docs/operating.md"), "## Settings")
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]*)` \| (.+) \|$", table, re.M)
    told = {name: yaml.safe_load(default) for name, default, _ in rows}
    assert told == dict(settings(yaml.safe_load(text("config/default.yaml"))))
    assert len(rows) == len(told)
    assert all(len(meaning) >= 10 for _, _, meaning in rows)


def test_every_key_of_a_member_is_documented() -> None:
    table = section(text("docs/operating.md"), "## The members file")
    assert first_cells(table) == [*MemberEntry.model_fields]


def test_every_key_of_a_dialect_is_documented() -> None:
    table = section(text("docs/dialects.md"), "## The keys")
    shape = [f"answer.{name}" for name in AnswerShape.model_fields]
    expected = [
        name for key in Dialect.model_fields for name in (shape if key == "answer" else [key])
    ]
    assert first_cells(table) == expected


def test_every_choice_of_a_dialect_key_is_documented() -> None:
    table = section(text("docs/dialects.md"), "## The keys")
    schema = Dialect.model_json_schema()
    for key, told in schema["properties"].items():
        choices = re.findall(r"'(?:enum|const)': (\[[^\]]*\]|'[^']*')", str(told))
        row = next((line for line in table.splitlines() if line.startswith(f"| `{key}")), "")
        for choice in re.findall(r"[\w/]+", " ".join(choices)):
            assert choice in row, f"{key}: {choice}"


def test_every_reason_has_its_row() -> None:
    page = text("docs/api.md")
    not_asked = section(page, "### `not_asked`")
    no_answer = section(page, "### `no_answer`")
    assert first_cells(not_asked) == [code.value for code in NotAskedCode]
    assert first_cells(no_answer) == [code.value for code in NoAnswerCode]


def test_every_control_has_its_row() -> None:
    table = section(text("docs/api.md"), "## Controls of the network")
    assert {name.partition("=")[0] for name in first_cells(table)} == NETWORK_CONTROLS


async def test_every_path_is_documented_and_no_other() -> None:
    settings = load(None, {"registry": {"url": "sqlite:///:memory:"}, "log": {"level": "error"}})
    async with running(settings) as network:
        resources = web_application(network).router.resources()
        served = {re.sub(r":[^}]*\}", "}", str(one.canonical)) for one in resources}
    told = {path for cell in first_cells(section(text("docs/api.md"), "## Paths"))
            for path in cell.split(" ")}  # fmt: skip
    assert told == {path.rstrip("/") or "/" for path in served}


def commands(group: click.Group = cli, path: str = "beacon-aggregator") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}"


def test_every_command_and_exit_code_is_in_the_readme() -> None:
    part = section(text("README.md"), "## Commands")
    told = [" ".join(cell.split(" ")[:3]) for cell in first_cells(part)]
    for command in commands():
        assert any(cell.startswith(command) for cell in told), command
    codes = {value for value in vars(exits).values() if type(value) is int}
    assert {int(cell) for cell in first_cells(part) if cell.isdecimal()} == codes | {1}


def test_every_option_of_a_documented_command_exists() -> None:
    known = {"--" + name.replace("_", "-") for name in ()}
    for path in PAGES:
        for line in re.findall(r"beacon-aggregator [a-z].*", text(path)):
            command: click.Command = cli
            for word in line.split()[1:]:
                if isinstance(command, click.Group) and word.strip("`") in command.commands:
                    command = command.commands[word.strip("`")]
            known = {name for option in command.params for name in option.opts} | {"--help"}
            for name in re.findall(r"(?<![\w-])--[a-z-]+", line.split("` ")[0]):
                assert name in known, f"{path}: {line}"


def test_every_make_target_of_the_documentation_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.M))
    named = {target for page in PAGES for target in re.findall(r"`make ([a-z-]+)", text(page))}
    assert named <= targets
    contributing = set(re.findall(r"`make ([a-z-]+)", text("CONTRIBUTING.md")))
    assert contributing >= targets - {"help", "serve"}


def test_the_changelog_has_the_current_version() -> None:
    page = text("CHANGELOG.md")
    assert "https://keepachangelog.com/" in page
    assert re.search(rf"^## \[{re.escape(__version__)}\] - 20\d\d-\d\d-\d\d$", page, re.M)


@pytest.mark.parametrize("name", PAGES)
def test_links_between_pages_lead_somewhere(name: str) -> None:
    page = text(name)
    for target in re.findall(r"\]\((?!https?://|mailto:)([^)]+)\)", page):
        path, _, anchor = target.partition("#")
        linked = (ROOT / name).parent / path if path else ROOT / name
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.M)
            slugs = {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}
            assert anchor in slugs, target


@pytest.mark.parametrize("name", PAGES)
def test_yaml_in_the_documentation_is_yaml_and_its_members_are_members(name: str) -> None:
    for block in re.findall(r"```yaml\n(.*?)```", text(name), re.S):
        document = yaml.safe_load(block)
        for entry in document.get("members", []) if isinstance(document, dict) else []:
            MemberEntry.model_validate(entry)


def test_no_file_mentions_what_only_its_writers_can_see() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    names = listed.stdout.decode().split("\0") if listed.returncode == 0 else [*PAGES]
    for name in filter(None, names):
        path = ROOT / name
        if not path.is_file():  # removed and not yet committed
            continue
        content = path.read_bytes().decode("utf-8", "replace")
        for word, allowed in FORBIDDEN.items():
            assert word not in content or name in allowed, f"{name} mentions {word}"
