"""Fields of a member as they are written on the command line: `field=value`, `dialect.key=value`.

A value is read as its field wants it: texts as they are, lists with commas, numbers and yes or no
as YAML writes them. An empty value puts the field back to its default.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import click
import yaml

from aggregator.base.errors import BadQuery
from registry.models import Dialect, MemberEntry, Organization

CONTACT: Final = "contact"
"""A field of the registry beside the entry: the e-mail address for outages."""
_LISTS: Final = {"assemblies", "groups", "same_as", "controls", "dialect.drop"}
_NUMBERS: Final = {
    *("timeout_s", "max_concurrency", "disabled"),
    *("dialect.coordinates", "dialect.wildcards", "dialect.concurrent"),
}
_WITH_KEYS: Final = {
    "dialect": frozenset(Dialect.model_fields),
    "organization": frozenset(Organization.model_fields),
}
_DEEPER: Final = {"dialect.paths", "dialect.rename", "dialect.answer"}
"""Parts of a dialect that have keys themselves."""

Field = tuple[tuple[str, ...], Any]


class FieldValue(click.ParamType[Field]):
    """`FIELD=VALUE`; None as value: the default."""

    name = "field=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Field:
        """Read one field."""
        name, equals, text = str(value).partition("=")
        path = tuple(name.strip().split("."))
        if not equals or not all(path):
            self.fail("expected FIELD=VALUE, e.g. timeout_s=20 or dialect.start=scalar", param, ctx)
        if problem := _problem(path):
            self.fail(problem, param, ctx)
        return path, _read(path, text.strip())


def changes_of(held: Mapping[str, Any], fields: Iterable[Field]) -> dict[str, Any]:
    """Give the fields of an entry as they are to be; `held` is the entry as JSON."""
    changes: dict[str, Any] = {}
    for path, value in fields:
        name = path[0]
        if len(path) == 1:
            changes[name] = value
            continue
        base = changes[name] if name in changes else held.get(name)
        made = _deep_copy(base or {})
        _put(made, path[1:], value)
        # nothing left in it: as if it had never been set
        changes[name] = made or None
    return changes


def document_of(fields: Iterable[Field]) -> dict[str, Any]:
    """Give a new entry as these fields make it."""
    return {name: value for name, value in changes_of({}, fields).items() if value is not None}


def _problem(path: tuple[str, ...]) -> str:
    name = path[0]
    if name == CONTACT and len(path) == 1:
        return ""
    if name not in MemberEntry.model_fields:
        known = ", ".join((*MemberEntry.model_fields, CONTACT))
        return f"“{name[:80]}” is no field of a member. There are {known}"
    if name == "paused":
        return "paused: use `members pause ID` and `members resume ID`"
    if len(path) == 1:
        return f"{name}: name the key, as {name}.{_example(name)}=…" if name in _WITH_KEYS else ""
    if path[1] not in _WITH_KEYS.get(name, ()):
        known = ", ".join(sorted(_WITH_KEYS.get(name, ()))) or "none"
        return f"{name} has no key “{path[1][:80]}”. There are {known}"
    deepest = 3 if f"{name}.{path[1]}" in _DEEPER else 2
    return "" if len(path) == deepest else f"{'.'.join(path)[:80]}: too many or too few keys"


def _example(name: str) -> str:
    return "name" if name == "organization" else "start"


def _read(path: tuple[str, ...], text: str) -> Any:
    if not text:
        return None
    name = ".".join(path)
    if name in _LISTS:
        return [one.strip() for one in text.split(",") if one.strip()]
    if name not in _NUMBERS:
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise BadQuery([f"{name}: “{text[:80]}” is no value of it"]) from None


def _deep_copy(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _deep_copy(value) if isinstance(value, Mapping) else value
        for name, value in document.items()
    }


def _put(document: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set a key, or take it away for None; what becomes empty by that goes too."""
    name, *rest = path
    if rest:
        inner = document.setdefault(name, {})
        _put(inner, tuple(rest), value)
        value = inner or None
    if value is None:
        document.pop(name, None)
    else:
        document[name] = value
