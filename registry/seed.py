"""The YAML seed: declared members, reviewable in version control."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from aggregator.base.errors import ConfigError
from registry.models import Group, MemberEntry, describe_problems

D = TypeVar("D", MemberEntry, Group)


@dataclass(frozen=True, slots=True)
class Seed:
    """What a seed file declares."""

    members: tuple[MemberEntry, ...] = ()
    groups: tuple[Group, ...] = ()


def read_seed(path: Path) -> Seed:
    """Read a seed file; raises `ConfigError` naming every problem of every entry."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: not UTF-8 text"]) from None
    try:
        document = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError([f"{path}: not YAML: {' '.join(str(error).split())}"]) from None
    if document is None:
        return Seed()
    if not isinstance(document, dict) or set(document) - {"members", "groups"}:
        raise ConfigError([f"{path}: expected two keys, members and groups, with lists below them"])
    problems: list[str] = []
    members = _read_list(MemberEntry, document.get("members"), str(path), "member", problems)
    groups = _read_list(Group, document.get("groups"), str(path), "group", problems)
    opaque = {group.id for group in groups if group.opaque}
    problems += [
        f"{path}: the id {entry.id} is a member's and an opaque group's, which is a member too"
        for entry in members
        if entry.id in opaque
    ]
    if problems:
        raise ConfigError(problems)
    return Seed(members, groups)


def read_entries(declared: Any, origin: str) -> tuple[MemberEntry, ...]:
    """Check declared members; raises `ConfigError` naming every problem of every entry."""
    problems: list[str] = []
    entries = _read_list(MemberEntry, declared, origin, "member", problems)
    if problems:
        raise ConfigError(problems)
    return entries


def _read_list(
    kind: type[D], declared: Any, origin: str, noun: str, problems: list[str]
) -> tuple[D, ...]:
    if declared is None:
        return ()
    if not isinstance(declared, list):
        problems.append(f"{origin}: {noun}s: expected a list")
        return ()
    read: list[D] = []
    for number, item in enumerate(declared, start=1):
        name = item.get("id", "?") if isinstance(item, dict) else "?"
        try:
            read.append(kind.model_validate(item))
        except ValidationError as error:
            where = f"{origin}: {noun} {number} ({name})"
            problems += describe_problems(where, error.errors())
    for one_id, times in Counter(one.id for one in read).items():
        if times > 1:
            problems.append(f"{origin}: the id {one_id} is given {times} times")
    return tuple(read)


class SeedFile:
    """A seed file that is read again when it changes on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None

    def read(self) -> Seed:
        """Read the file and remember its state, also when it cannot be used."""
        self._seen = self._state()
        return read_seed(self.path)

    def has_changed(self) -> bool:
        """Whether the file differs from when it was read last."""
        return self._state() != self._seen

    def forget(self) -> None:
        """Take the file for changed: what was read could not be taken in."""
        self._seen = None

    def _state(self) -> tuple[int, int, int] | None:
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino
