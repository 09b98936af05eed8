"""Forms of operators' pages: what was typed, what is wrong where, and what an entry makes of it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from aggregator.api.admin_bodies import NoteBody, checked_body, plain
from aggregator.base.errors import BadQuery, BeaconError, Conflict
from registry.models import MemberEntry, Organization

TEXTS: Final = ("name", "url", "protocol", "description", "token", "ca_file")
NUMBERS: Final = ("timeout_s", "max_concurrency")
LISTS: Final = ("assemblies", "same_as", "controls")
ORGANIZATION: Final = ("name", "url", "contact_url", "logo_url", "id", "description")
_TICKS: Final = {"sure", "groups"}
"""Fields that are not sent where nothing is ticked."""
_PROBLEM: Final = re.compile(r"([a-z_]+)((?:\.[^:\s]+)?): (.+)", re.S)
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?")
_WORD: Final = re.compile(r"[a-z_]+")


@dataclass(frozen=True, slots=True)
class Sent:
    """The fields of a form that was sent."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Sent":
        """Gather the values of each field."""
        found: dict[str, tuple[str, ...]] = {}
        for name, value in pairs:
            found[name] = (*found.get(name, ()), value.replace("\r\n", "\n"))
        return cls(found)

    def text(self, name: str) -> str:
        """Give the last value of a field without blanks around it; empty if it is not there."""
        return self.fields.get(name, ("",))[-1].strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Give every value of a field that is not empty."""
        return tuple(value.strip() for value in self.fields.get(name, ()) if value.strip())

    def note(self) -> str:
        """Read why something is done; raises `BadQuery`."""
        return checked_body(NoteBody, {"note": self.text("note")}).note

    def number(self, name: str) -> int | None:
        """Read a whole number; None for an empty field. Raises `BadQuery`."""
        text = self.text(name)
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) <= 9):
            raise BadQuery([f"{name}: a whole number, or nothing"])
        return int(text)


@dataclass(frozen=True, slots=True)
class FormShown:
    """A form as it is shown: what stands in its fields, and what is wrong with them."""

    name: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    """What is wrong and belongs to no field."""

    @classmethod
    def failed(cls, name: str, sent: Sent, error: BeaconError) -> "FormShown":
        """Show a form again as it was sent, with every problem at its field."""
        told = error.problems if isinstance(error, (BadQuery, Conflict)) else ()
        found: dict[str, tuple[str, ...]] = {}
        others = []
        for problem in told or (error.message,):
            where, message = _place_of(problem, sent)
            if where is None:
                others.append(message)
            else:
                found[where] = (*found.get(where, ()), message)
        return cls(name, sent.fields, found, tuple(others))

    def at(
        self, name: str, values: Mapping[str, tuple[str, ...]] | None = None, member: str = ""
    ) -> "FormShown":
        """Give the form of this name (and about this member): itself if it is the one that was
        sent, else one with these values.
        """
        if self.name == name and (not member or self.values.get("member") == (member,)):
            return self
        return FormShown(name, values or {})

    def without(self, name: str) -> "FormShown":
        """Give the form with nothing in one field."""
        kept = {one: value for one, value in self.values.items() if one != name}
        return replace(self, values=kept)

    def text(self, name: str) -> str:
        """Give what stands in a field."""
        return self.values.get(name, ("",))[-1]

    def has(self, name: str, value: str) -> bool:
        """Whether a box is ticked."""
        return value in self.values.get(name, ())


NO_FORM: Final = FormShown()


def values_of(entry: MemberEntry, contact: str = "", seen: str = "") -> dict[str, tuple[str, ...]]:
    """Fill a form in with an entry."""
    organization = entry.organization
    dialect = entry.dialect.model_dump(mode="json", exclude_defaults=True)
    told = {
        "id": entry.id,
        **{name: str(getattr(entry, name) or "") for name in TEXTS},
        "timeout_s": "" if entry.timeout_s is None else f"{entry.timeout_s:g}",
        "max_concurrency": str(entry.max_concurrency or ""),
        **{name: ", ".join(map(str, getattr(entry, name))) for name in LISTS},
        "dialect": json.dumps(dialect, ensure_ascii=False, indent=1) if dialect else "",
        "contact": contact,
        "seen": seen,
        **{
            f"organization_{name}": (getattr(organization, name) or "") if organization else ""
            for name in ORGANIZATION
        },
    }
    return {**{name: (value,) for name, value in told.items()}, "groups": entry.groups}


def document_of(sent: Sent) -> dict[str, Any]:
    """Read an entry out of a form; None puts a field back to its default. Raises `BadQuery`."""
    document: dict[str, Any] = {name: sent.text(name) or None for name in TEXTS}
    document |= {name: _number(sent.text(name)) for name in NUMBERS}
    for name in LISTS:
        listed = [one.strip() for one in sent.text(name).replace("\n", ",").split(",")]
        document[name] = [one for one in listed if one] or None
    document["groups"] = [*sent.all("groups")] or None
    told = {name: sent.text(f"organization_{name}") for name in ORGANIZATION}
    document["organization"] = {name: text for name, text in told.items() if text} or None
    problems = []
    for name in sent.fields:
        try:
            plain(sent.text(name))
        except ValueError as error:
            problems.append(f"{name}: {error}")
    document["dialect"], unreadable = _dialect(sent.text("dialect"))
    problems += unreadable
    if document["organization"] and not told["name"]:
        problems.append("organization.name: an organization needs a name")
        document["organization"] = Organization(name="-").model_dump(exclude_defaults=True)
    if problems:
        raise BadQuery(problems)
    return document


def _number(text: str) -> float | str | None:
    """Read a number; what is none is said to be none by the entry."""
    if not _NUMBER.fullmatch(text):
        return text or None
    return float(text) if "." in text else int(text)


def _dialect(text: str) -> tuple[Any, list[str]]:
    if not text:
        return None, []
    try:
        told = msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        told = None
    if not isinstance(told, dict):
        return None, ['dialect: a JSON object, as {"coordinates": 0}']
    return told or None, []


def _place_of(problem: str, sent: Sent) -> tuple[str | None, str]:
    """Find the field of a form that a problem is about."""
    found = _PROBLEM.fullmatch(problem)
    if found is None:
        return None, problem
    name, below, message = found.groups()
    if name == "paused" and below[1:] in sent.fields:
        return below[1:], message
    first = _WORD.match(message)
    for one in (f"{name}_{below[1:]}", f"{name}_{first[0] if first else ''}", f"{name}_name", name):
        if one in sent.fields:
            return one, message if one == name and not below else problem
    return (name, message) if name in _TICKS else (None, problem)
