"""Writes members for others to read: our own members file (YAML or JSON) and the ELIXIR array.

What is written can be read back as a seed, groups included. Secrets are never in it: an entry
holds the name of a variable, not what is in the variable, and keys are no part of an entry. Pure.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from registry.models import Group, Protocol
from registry.records import MemberRecord, MemberState, as_document

FORMS: Final = ("yaml", "json", "elixir")
MEDIA_TYPES: Final = {
    "yaml": "application/yaml; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "elixir": "application/json; charset=utf-8",
}
_OF_ELIXIR: Final = {None, Protocol.AUTO, Protocol.V2}
"""What the networks that read the ELIXIR array can ask."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A list as it is written."""

    text: str
    left_out: tuple[str, ...] = ()
    """Ids of members the form has no room for."""


def export(
    records: Iterable[MemberRecord],
    groups: Iterable[Group] = (),
    *,
    form: str = "yaml",
    with_others: bool = False,
) -> Exported:
    """Write the members of the network, in order.

    `with_others` writes beside them who waits, was turned away or removed: as comments in YAML,
    under `others` in JSON. Reading the list back does not make members of these.
    """
    held = tuple(records)
    active = [record for record in held if record.state is MemberState.ACTIVE]
    others = [record for record in held if record.state is not MemberState.ACTIVE]
    if form == "elixir":
        return _elixir(active)
    told = others if with_others else []
    write = _json if form == "json" else _yaml
    return Exported(write(active, tuple(groups), told))


def _yaml(
    active: Sequence[MemberRecord], groups: Sequence[Group], others: Sequence[MemberRecord]
) -> str:
    text = _dumped({"members": [as_document(record.entry) for record in active]})
    if groups:
        text += "\n" + _dumped({"groups": [_group(group) for group in groups]})
    for record in others:
        commented = _dumped([as_document(record.entry)]).splitlines()
        text += "\n".join(["", f"# {record.state.value}:", *(f"# {line}" for line in commented)])
        text += "\n"
    return text


def _json(
    active: Sequence[MemberRecord], groups: Sequence[Group], others: Sequence[MemberRecord]
) -> str:
    document: dict[str, Any] = {"members": [as_document(record.entry) for record in active]}
    if groups:
        document["groups"] = [_group(group) for group in groups]
    if others:
        document["others"] = [
            {"state": record.state.value, "entry": as_document(record.entry)} for record in others
        ]
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _elixir(active: Sequence[MemberRecord]) -> Exported:
    taken = [record for record in active if record.member.protocol in _OF_ELIXIR]
    addresses = list(dict.fromkeys(record.entry.url for record in taken))
    left_out = tuple(record.id for record in active if record not in taken)
    return Exported(json.dumps(addresses, indent=2, ensure_ascii=False) + "\n", left_out)


def _group(group: Group) -> dict[str, Any]:
    return group.model_dump(mode="json", exclude_defaults=True)


def _dumped(document: Any) -> str:
    text: str = yaml.dump(
        document, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=100, indent=2
    )
    return text


class _Writer(yaml.SafeDumper):
    """Writes every value out where it is used: references are hard to review."""

    def ignore_aliases(self, data: Any) -> bool:
        """Refer to nothing."""
        return True
