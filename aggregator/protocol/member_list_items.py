"""Items of other people's lists of beacons, made into entries of ours one by one. Pure.

Whatever an item says beyond what a beacon may say of itself when it joins is left out. What is
wrong with one item is a sentence that names it; the others are taken all the same.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from registry.models import Group, MemberEntry, Organization, describe_problems
from registry.places import free_id, place_of_url

MAX_MEMBERS: Final = 2_000
"""How many members are taken from one list."""
_MAX_ID: Final = 63
_LONGEST_NAME: Final = 200
_LONGEST_TEXT: Final = 10_000
_LONGEST_PROBLEM: Final = 500
_MAX_PROBLEMS: Final = 100
_PLAIN: Final = ("url", "protocol", "assemblies")
"""What is taken as it is written, beside the texts that are tidied."""
_GENERIC: Final = re.compile(r"v?\d[\d.]*|api|beacon|ga4gh")
"""Parts of an address that tell no two beacons apart."""
_ORGANIZATION: Final = {
    "id": ("id",),
    "name": ("name",),
    "url": ("url",),
    "contact_url": ("contact_url", "contactUrl"),
    "logo_url": ("logo_url", "logoUrl"),
    "description": ("description",),
}
"""Fields of an organization, by the names they have in lists."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list or another registry names."""

    form: str
    """`ga4gh`, `elixir`, `ega`, `csv` or `seed` (our own YAML or JSON)."""
    entries: tuple[MemberEntry, ...]
    problems: tuple[str, ...]
    """What could not be taken, one sentence each, naming the item."""
    is_whole: bool = True
    """Whether every beacon of the list is among the entries: who is missing is no longer listed."""
    groups: tuple[Group, ...] = ()
    """Groups that an operator's own file describes."""
    is_own: bool = False
    """Whether an operator wrote it for this network: its ids are ours."""


@dataclass
class Items:
    """Takes in the items of a list."""

    form: str
    takes_all: bool = False
    """Whether the list is the operator's own, who may set everything."""
    entries: list[MemberEntry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_whole: bool = True
    groups: tuple[Group, ...] = ()
    _ids: set[str] = field(default_factory=set)
    _places: dict[tuple[str, str], str] = field(default_factory=dict)
    _untold: int = 0

    def listed(self) -> Listed:
        """Give what was read."""
        problems = self.problems
        if self._untold:
            problems = [*problems, f"and {self._untold:,} more problems like these"]
        return Listed(
            self.form,
            tuple(self.entries),
            tuple(problems),
            self.is_whole,
            groups=self.groups,
            is_own=self.takes_all,
        )

    def fault(self, where: str, what: str) -> None:
        """Tell of an item that may be a beacon and cannot be taken."""
        self.is_whole = False
        self.note(where, what)

    def note(self, where: str, what: str) -> None:
        """Tell of what was left out although nothing is wrong with the beacons."""
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(one_line(f"{where}: {what}", _LONGEST_PROBLEM))
        else:
            self._untold += 1

    def take(self, where: str, item: Mapping[str, Any]) -> None:
        """Take an item whose fields have our names; `id` is anybody's, or missing."""
        if len(self.entries) >= MAX_MEMBERS and not self.takes_all:
            self.fault(where, f"left out, a list has at most {MAX_MEMBERS:,} members")
            return
        try:
            entry = MemberEntry.model_validate(
                dict(item) if self.takes_all else self._tidied(where, item)
            )
        except ValidationError as error:
            for problem in describe_problems("", error.errors()):
                self.fault(where, problem)
            return
        place = (place_of_url(entry.url), entry.protocol.value)
        if (first := self._places.get(place)) is not None:
            self.note(where, f"the same address as {first}, taken once")
            return
        if entry.id in self._ids:
            if self.takes_all:
                self.fault(where, f"the id {entry.id} is given twice")
                return
            entry = entry.model_copy(update={"id": free_id(entry.id, self._ids)})
        self._ids.add(entry.id)
        self._places[place] = where
        self.entries.append(entry)

    def _tidied(self, where: str, item: Mapping[str, Any]) -> dict[str, Any]:
        """Give what a beacon may say of itself, in our form."""
        told = {name: item[name] for name in _PLAIN if item.get(name)}
        url = item.get("url")
        named = item.get("id")
        told["id"] = member_id(named) if isinstance(named, str) else ""
        if not told["id"]:
            told["id"] = id_of_url(url) if isinstance(url, str) else "beacon"
        told["name"] = one_line(item.get("name"), _LONGEST_NAME)
        description = item.get("description")
        if isinstance(description, str):
            told["description"] = _text(description)
        organization = item.get("organization")
        if isinstance(organization, Mapping):
            told["organization"] = self._organization(where, organization)
        return told

    def _organization(self, where: str, told: Mapping[str, Any]) -> Organization | None:
        name = one_line(told.get("name"), _LONGEST_NAME)
        if not name:
            return None
        held = {"name": name}
        for field_name, spellings in _ORGANIZATION.items():
            value = next((told[one] for one in spellings if told.get(one)), None)
            if field_name == "name" or not isinstance(value, str):
                continue
            longest = _LONGEST_TEXT if field_name == "description" else 2_000
            value = one_line(value, longest)
            if field_name == "contact_url" and "@" in value and ":" not in value:
                value = f"mailto:{value}"
            if field_name.endswith("url") and not _is_address(field_name, value):
                self.note(where, f"organization.{field_name} is no web address and is left out")
                continue
            held[field_name] = value
        return Organization(**held)


def shown_item(noun: str, number: int, item: object) -> str:
    """Name an item of a list: by its number, and by what it calls itself."""
    name: object = item
    if isinstance(item, Mapping):
        name = next((item[key] for key in ("id", "url", "name") if item.get(key)), "?")
    shown = re.sub(r"//[^/@]*@", "//…@", str(name))  # no password in a message
    return f"{noun} {number} ({one_line(shown, 80)})"


def member_id(text: str) -> str:
    """Make an id of ours of somebody's: lower case, hyphens for all but letters and digits."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_MAX_ID].rstrip("-")


def id_of_url(url: str) -> str:
    """Make an id of an address: the host, and what of the path tells beacons of one host apart."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
    except ValueError:
        return "beacon"
    segments = [one for one in parts.path.lower().split("/") if one and not _GENERIC.fullmatch(one)]
    return member_id("-".join((host, *segments))) or "beacon"


def one_line(text: object, longest: int) -> str:
    """Give a text as one line of printable characters."""
    if not isinstance(text, str):
        return ""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:longest].strip()


def _text(text: str) -> str:
    """Give a text of several lines without what does not print."""
    kept = "".join(c for c in text[:_LONGEST_TEXT] if c.isprintable() or c == "\n")
    return kept.strip()


def _is_address(name: str, value: str) -> bool:
    schemes = ("https://", "http://", "mailto:")
    return value.startswith(schemes if name == "contact_url" else schemes[:2])
