"""The YAML seed: declared members, reviewable in version control."""

from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from aggregator.base.errors import ConfigError
from registry.models import MemberEntry, describe_problems


def read_seed(path: Path) -> tuple[MemberEntry, ...]:
    """Read the members of a seed file; raises `ConfigError` naming every problem of every entry."""
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
        return ()
    if not isinstance(document, dict) or set(document) - {"members"}:
        raise ConfigError([f"{path}: expected one key, members, with a list below it"])
    return read_entries(document.get("members") or [], str(path))


def read_entries(declared: Any, origin: str) -> tuple[MemberEntry, ...]:
    """Check declared members; raises `ConfigError` naming every problem of every entry."""
    if not isinstance(declared, list):
        raise ConfigError([f"{origin}: members: expected a list"])
    entries: list[MemberEntry] = []
    problems: list[str] = []
    for number, item in enumerate(declared, start=1):
        name = item.get("id", "?") if isinstance(item, dict) else "?"
        where = f"{origin}: member {number} ({name})"
        try:
            entries.append(MemberEntry.model_validate(item))
        except ValidationError as error:
            problems += describe_problems(where, error.errors())
    for member_id, times in Counter(entry.id for entry in entries).items():
        if times > 1:
            problems.append(f"{origin}: the id {member_id} is given {times} times")
    if problems:
        raise ConfigError(problems)
    return tuple(entries)


class SeedFile:
    """A seed file that is read again when it changes on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None

    def read(self) -> tuple[MemberEntry, ...]:
        """Read the file and remember its state, also when it cannot be used."""
        self._seen = self._state()
        return read_seed(self.path)

    def has_changed(self) -> bool:
        """Whether the file differs from when it was read last."""
        return self._state() != self._seen

    def _state(self) -> tuple[int, int, int] | None:
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino
