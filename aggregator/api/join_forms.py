"""The form of an entry, as joining and managing show it: what was typed, and what is wrong where.

A form to join says in its token which beacon has passed the check, so that it is not checked
twice; the token is good for one form, one address, one hour.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.sessions import FORM_S
from aggregator.base.errors import BadQuery, BeaconError
from aggregator.base.i18n import N_
from aggregator.model.genome import Assembly
from registry.models import Protocol
from registry.records import MemberRecord
from registry.registration import Registration, checked_registration

OFFERED: Final = (
    (Protocol.AUTO, N_("find out")),
    (Protocol.V2, N_("Beacon version 2")),
    (Protocol.V1, N_("Beacon version 1")),
    (Protocol.CSC, N_("beacon-network of version 1 (CSC)")),
    (Protocol.BEACON_NETWORK, N_("the API of beacon-network.org")),
)
"""What a beacon can say it speaks; how version 0 counts positions, only an operator can say."""
ASSEMBLIES: Final = tuple(one.value for one in Assembly)
ORGANIZATION: Final = ("name", "url", "contact_url", "logo_url", "description")
"""What a member says of who runs it; an operator also says its id."""
TEXTS: Final = (
    *("id", "name", "description", "contact", "protocol", "url", "invitation"),
    *(f"organization_{name}" for name in ORGANIZATION),
)
"""Fields of one line or text each; the names of the form."""
NEEDS_CONTACT: Final = (
    "contact: give an e-mail address that is read when the beacon does not answer, as "
    "name@example.org"
)
NOT_V0: Final = (
    "protocol: a beacon of version 0 is added by the operator of this network, who has to say "
    "from which number it counts positions"
)
_PURPOSE: Final = "join"
_ABOUT: Final = re.compile(r"(?:an organization's )?([a-z_]+)")
"""The field a problem of an organization as a whole is about."""


@dataclass(frozen=True, slots=True)
class EntryForm:
    """What stands in the fields."""

    texts: Mapping[str, str] = field(default_factory=dict)
    assemblies: tuple[str, ...] = ()
    agrees: bool = False

    @classmethod
    def sent(cls, body: Mapping[str, Any]) -> "EntryForm":
        """Read a form that was sent; of a field that came twice, the last counts."""
        sent = {name: _texts(body.get(name))[-1:] for name in TEXTS}
        texts = {name: values for name, values in sent.items() if values}
        return cls(
            # browsers end lines as mail does
            {name: one.replace("\r\n", "\n").strip() for name, (one,) in texts.items()},
            tuple(_texts(body.get("assemblies"))),
            bool(_texts(body.get("agree"))),
        )

    @classmethod
    def of(cls, record: MemberRecord) -> "EntryForm":
        """Fill the form in with an entry, and with what it asks to be changed to."""
        entry = record.proposed or record.entry
        organization = entry.organization
        texts = {
            "id": entry.id,
            "url": entry.url,
            "name": entry.name,
            "description": entry.description,
            "protocol": entry.protocol.value,
            "contact": record.contact,
            **{
                f"organization_{name}": getattr(organization, name, None) or ""
                for name in ORGANIZATION
            },
        }
        return cls(texts, tuple(one.value for one in entry.assemblies))

    def __getitem__(self, name: str) -> str:
        """Give the text of a field; empty if nothing was typed."""
        return self.texts.get(name, "")

    def document(self, organization: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Give what was typed as programs would send it.

        `organization` is what is known of it already; what no field shows of it stays.
        """
        plain = ("id", "url", "name", "description", "contact", "protocol")
        told: dict[str, Any] = {name: self[name] for name in plain if name in self.texts}
        fields = {name: f"organization_{name}" for name in ORGANIZATION}
        typed = {name: self[one] for name, one in fields.items() if one in self.texts}
        told["organization"] = None
        if any(typed.values()):
            read = {name: text or None for name, text in typed.items() if name != "name"}
            told["organization"] = {**(organization or {}), "name": typed.get("name", ""), **read}
        told["assemblies"] = list(self.assemblies)
        return told


def problems_of(error: BeaconError | None) -> dict[str, list[str]]:
    """Give what is wrong by the field it is shown at, without its name; "" is for no field."""
    if error is None:
        return {}
    found: dict[str, list[str]] = {}
    for sentence in getattr(error, "problems", ()) or (error.message,):
        name, rest = _field_of(sentence)
        found.setdefault(name, []).append(rest[:1].upper() + rest[1:])
    return found


def registration_of(document: Mapping[str, Any], further: Iterable[str] = ()) -> Registration:
    """Read a registration; raises `BadQuery` with these further problems and all of its own."""
    problems = [*further]
    told = without_nulls(document)
    if told.get("protocol") == Protocol.V0:
        del told["protocol"]
        problems.append(NOT_V0)
    registration = None
    try:
        registration = checked_registration(told)
    except BadQuery as error:
        problems = [*error.problems, *problems]
    if not problems and registration is not None and not registration.contact:
        problems = [NEEDS_CONTACT]
    elif not str(told.get("contact") or "").strip():
        problems.append(NEEDS_CONTACT)
    if problems or registration is None:
        raise BadQuery(problems)
    return registration


def without_nulls(document: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is null among the fields there are; a wrong field is wrong with null too."""
    fields = Registration.model_fields
    return {name: one for name, one in document.items() if one is not None or name not in fields}


def sign_passed(request: web.Request, url: str, protocol: str) -> str:
    """Make the token of a form to join: this beacon passed the check."""
    subject = f"{secrets.token_hex(16)} {_digest(url, protocol)}"
    return api_of(request).signer.sign(_PURPOSE, subject)


def passed_form(request: web.Request, token: str, url: str, protocol: str) -> str | None:
    """Give the name of the form if its token proves that this beacon passed the check."""
    subject = api_of(request).signer.read(_PURPOSE, token, within_s=FORM_S)
    name, _, digest = (subject or "").partition(" ")
    return name if name and digest == _digest(url, protocol) else None


def _digest(url: str, protocol: str) -> str:
    return hashlib.sha256(f"{protocol} {url}".encode()).hexdigest()


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _field_of(sentence: str) -> tuple[str, str]:
    """Part a sentence into the field of the form that it names, and the rest."""
    place, colon, rest = sentence.partition(": ")
    first, _, second = place.partition(".")
    if not colon or " " in place:
        return "", sentence
    if first == "organization":
        about = second or ("" if (found := _ABOUT.match(rest)) is None else found[1])
        return f"organization_{about if about in ORGANIZATION else 'name'}", rest
    if first == "paused":
        return second or "note", rest
    known = {*TEXTS, "assemblies", "agree", "until", "note", "confirm", "key"}
    return (first, rest) if first in known else ("", sentence)
