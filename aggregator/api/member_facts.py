"""What a card of a member shows: facts as they are known, and words for them.

Values are kept as programs get them; the words are made when a page asks, in its language. What a
member does not say is None or empty, and never shown as a no.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from aggregator.api.texts import clean
from aggregator.base import i18n
from aggregator.base.i18n import N_, ngettext
from aggregator.base.i18n import gettext as _
from aggregator.protocol.tolerant import is_web_address
from registry.models import Organization, Pause, Protocol
from registry.snapshot import RegisteredMember

MAX_LISTED: Final = 12
"""How many assemblies or entry types a card names; the rest are a number."""
_MAIL: Final = re.compile(r"mailto:([^\s<>\"'\\?@]{1,100}@[A-Za-z0-9.-]{1,200})(?:\?.*)?", re.I)


class Standing(StrEnum):
    """Whether questions reach a member now."""

    ANSWERING = "answering"
    """It said what it is, and is not failing."""
    DECLARED = "declared"
    """It never says what it is, as beacons of version 0 do, and is asked as was declared."""
    UNRECOGNISED = "unrecognised"
    """It has not yet said what it is; it is asked all the same."""
    SUSPENDED = "suspended"
    DOWN = "down"
    """Checks of it fail; it is asked all the same."""
    PAUSED = "paused"
    DISABLED = "disabled"


STANDINGS: Final = {
    Standing.ANSWERING: ("●", N_("answering")),
    Standing.DECLARED: ("◆", N_("asked as declared")),
    Standing.UNRECOGNISED: ("?", N_("not recognised yet")),
    Standing.SUSPENDED: ("✕", N_("suspended after failures")),
    Standing.DOWN: ("✕", N_("down")),
    Standing.PAUSED: ("‖", N_("paused")),
    Standing.DISABLED: ("○", N_("switched off")),
}
"""Sign and word of each, in the order lists are sorted in."""

ENTRY_TYPE_WORDS: Final = {
    "genomicVariant": N_("variants"),
    "individual": N_("individuals"),
    "biosample": N_("biosamples"),
    "run": N_("sequencing runs"),
    "analysis": N_("analyses"),
    "dataset": N_("data sets"),
    "cohort": N_("cohorts"),
}
_ENVIRONMENTS: Final = {
    "prod": N_("production"),
    "production": N_("production"),
    "test": N_("test"),
    "dev": N_("development"),
    "development": N_("development"),
    "staging": N_("staging"),
}
_GIVES: Final = {
    "record": N_("gives records"),
    "aggregated": N_("gives aggregated numbers"),
    "count": N_("gives counts"),
    "boolean": N_("says yes or no"),
}
"""What the most detailed answer of a member holds, the most detailed first."""
_LEVELS: Final = {
    "PUBLIC": N_("public"),
    "REGISTERED": N_("registered users"),
    "CONTROLLED": N_("approved users"),
}
_V1_FAMILY: Final = frozenset({Protocol.V0, Protocol.V1, Protocol.CSC, Protocol.BEACON_NETWORK})


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """What is known of one member, for people and programs."""

    id: str
    name: str
    url: str
    """Empty for an opaque group, which has no address."""
    beacon_id: str | None
    protocol: str | None
    api_version: str | None
    organization: str
    organization_id: str | None
    website: str
    """Empty unless it is an address that may be a link; so is `contact`."""
    contact: str
    description: str
    environment: str | None
    entry_types: tuple[str, ...] | None
    assemblies: tuple[str, ...]
    granularities: tuple[str, ...] | None
    security_levels: tuple[str, ...]
    data_sets: int | None
    """None: it lists none, or they could not be read."""
    groups: tuple[str, ...]
    is_network: bool
    is_group: bool
    """Whether it stands for several beacons that are shown and asked as one."""
    standing: Standing
    pause: Pause | None
    """The pause in force."""
    since: str | None
    """Since when it is a member, as the registry writes moments."""
    is_declared: bool
    """Whether a protocol was declared for it, so that it is asked without a description."""
    waits: bool = False
    """Whether an operator has yet to let it in."""

    @property
    def logo(self) -> str:
        """The address of its logo, which is always there: ours where it has none."""
        return f"/logo/{self.id}"

    @property
    def sign(self) -> str:
        """The sign of its state."""
        return "…" if self.waits else STANDINGS[self.standing][0]

    @property
    def word(self) -> str:
        """The word for its state."""
        return _("waits for approval") if self.waits else _(STANDINGS[self.standing][1])

    @property
    def because(self) -> str:
        """What there is to say of its state beside the word."""
        if self.waits:
            return ""
        if self.standing is Standing.DECLARED:
            return _("beacons of version 0 do not say what they are")
        if self.standing is Standing.UNRECOGNISED and self.is_declared and not self.is_group:
            return _("asked as declared; it has not said what it is")
        if self.pause is None:
            return ""
        parts = (_until(self.pause), f"“{clean(self.pause.note, 500)}”" if self.pause.note else "")
        return " · ".join(filter(None, parts))

    @property
    def runs_as(self) -> str:
        """The environment in words."""
        told = (self.environment or "").lower()
        return _(_ENVIRONMENTS[told]) if told in _ENVIRONMENTS else clean(self.environment, 40)

    @property
    def speaks(self) -> str:
        """The version of the Beacon API."""
        version = clean((self.api_version or "").lstrip("vV"), 20)
        if not version and self.protocol in {"v0", "v1", "v2"}:
            version = self.protocol[1:]
        return _("Beacon %(version)s") % {"version": version} if version else ""

    @property
    def answers(self) -> str:
        """What can be asked for, in words; empty if that is not known."""
        words = [_(ENTRY_TYPE_WORDS.get(one, one)) for one in self.entry_types or ()]
        return _("answers %(types)s") % {"types": _few(words)} if words else ""

    @property
    def holds(self) -> str:
        """The assemblies; empty if they are not known."""
        return _few(list(self.assemblies))

    @property
    def gives(self) -> str:
        """How much its answers hold; empty if that is not known."""
        told = self.granularities or ()
        return next((_(word) for key, word in _GIVES.items() if key in told), "")

    @property
    def sets(self) -> str:
        """The number of its data sets, in words; empty if that is not known."""
        if self.data_sets is None:
            return ""
        told = {"number": i18n.number(self.data_sets)}
        return ngettext("%(number)s data set", "%(number)s data sets", self.data_sets) % told

    @property
    def opens_to(self) -> str:
        """Who gets answers, in words; empty if that is not known."""
        return " + ".join(_(_LEVELS[one]) for one in self.security_levels if one in _LEVELS)

    @property
    def line(self) -> tuple[str, ...]:
        """Everything of one line, in words."""
        kind = _("a network of beacons") if self.is_network else ""
        if self.is_group:
            kind = _("several beacons that answer as one")
        told = (kind, self.runs_as, self.speaks, self.answers, self.holds, self.gives)
        return tuple(filter(None, (*told, self.sets, self.opens_to)))


def facts_of(
    member: RegisteredMember,
    *,
    now: datetime,
    is_suspended: bool = False,
    is_down: bool = False,
    since: str | None = None,
    waits: bool = False,
) -> MemberFacts:
    """Gather what is known of a member; `is_suspended`: its breaker is open, `is_down`: its checks
    fail.
    """
    entry, told = member.entry, member.capabilities
    organization = organization_of(member)
    standing = standing_of(member, now, is_suspended=is_suspended, is_down=is_down)
    return MemberFacts(
        id=member.id,
        name=clean(member.name),
        url=entry.url,
        beacon_id=told.beacon_id,
        protocol=member.protocol.value if member.protocol else None,
        api_version=told.api_version,
        organization=clean(organization.name) if organization else "",
        organization_id=organization.id if organization else None,
        website=link_of(organization.url) if organization else "",
        contact=link_of(organization.contact_url) if organization else "",
        description=entry.description or told.description or "",
        environment=told.environment,
        entry_types=_entry_types(member),
        assemblies=tuple(one.value for one in member.assemblies),
        granularities=told.granularities,
        security_levels=told.security_levels,
        data_sets=len(told.data_sets) or None,
        groups=entry.groups,
        is_network=told.is_network,
        is_group=bool(member.inside),
        standing=standing,
        pause=entry.paused if standing is Standing.PAUSED else None,
        since=since,
        is_declared=entry.protocol is not Protocol.AUTO,
        waits=waits,
    )


def standing_of(
    member: RegisteredMember, now: datetime, *, is_suspended: bool = False, is_down: bool = False
) -> Standing:
    """Say whether questions reach a member now; what its operators chose comes first.

    Of an opaque group, that nothing reaches it is said only if that is so of all its beacons
    (`registry.groups.entry_of`).
    """
    pause = member.entry.paused
    if member.entry.disabled:
        return Standing.DISABLED
    if pause is not None and not pause.is_over(now):
        return Standing.PAUSED
    if is_suspended:
        return Standing.SUSPENDED
    if is_down:
        return Standing.DOWN
    real = member.inside or (member,)
    if any(one.capabilities.fetched_at is not None for one in real):
        return Standing.ANSWERING
    is_silent = all(one.entry.protocol is Protocol.V0 for one in real)
    return Standing.DECLARED if is_silent else Standing.UNRECOGNISED


def organization_of(member: RegisteredMember) -> Organization | None:
    """Say who runs a member: as declared, else as it says itself."""
    return member.entry.organization or member.capabilities.organization


def link_of(address: str | None) -> str:
    """Give an address that may be a link of a page: of the web, or one mailbox; else nothing."""
    if address is None:
        return ""
    if is_web_address(address):
        return address
    mail = _MAIL.fullmatch(address)
    return f"mailto:{mail[1]}" if mail else ""


def _entry_types(member: RegisteredMember) -> tuple[str, ...] | None:
    """Give what a member can be asked for; version 1 knows variants alone."""
    if member.capabilities.entry_types is None and member.protocol in _V1_FAMILY:
        return ("genomicVariant",)
    return member.capabilities.entry_types


def _few(words: list[str]) -> str:
    named = ", ".join(clean(word, 60) for word in words[:MAX_LISTED])
    more = len(words) - MAX_LISTED
    if more <= 0:
        return named
    return _("%(names)s and %(more)s more") % {"names": named, "more": i18n.number(more)}


def _until(pause: Pause) -> str:
    if pause.until is None:
        return ""
    when = pause.until
    told = i18n.moment(when) if isinstance(when, datetime) else when.isoformat()
    return _("until %(time)s") % {"time": told}
