"""What the network knows of a member: what people declare, what was learned, how it is doing.

`MemberEntry` is one model for the YAML seed, the API and the store. Facts marked operator-only in
their description must never be set by a registration.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    field_validator,
    model_validator,
)
from yarl import URL

from aggregator.model.allele import IndelStyle
from aggregator.model.genome import Assembly, GenomeError, parse_assembly
from registry.known_variants import MAX_KNOWN, KnownVariant
from registry.problem_words import DAY, place_and_words

MEMBER_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
MAX_URL: Final = 2_000
NO_TOKEN: Final = "none"  # noqa: S105 - a policy name
"""The policy of members that no credential is sent to."""
TOKEN_VARIABLE = re.compile(r"env:BEACON_MEMBER_TOKEN_[A-Z0-9_]+")
_BEGINS_WITH_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


_ADDRESSES: Final = {
    "url": ("https://", "http://"),
    "contact_url": ("https://", "http://", "mailto:"),
    "logo_url": ("https://", "http://"),
}
"""Addresses of an organization and how they may begin."""


class Protocol(StrEnum):
    """The Beacon protocol family of a member."""

    AUTO = "auto"
    V0 = "v0"
    V1 = "v1"
    V2 = "v2"
    CSC = "csc"
    """CSC's beacon-network: one list of v1 answers."""
    BEACON_NETWORK = "beacon-network"
    """The API of beacon-network.org: one row per beacon, yes, no or null."""


class AnswerShape(BaseModel):
    """Where a legacy member says yes or no."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exists: str | None = None
    """Dotted path to the verdict in the JSON answer, e.g. `response.exist`."""
    text: Literal["yes/no"] | None = None
    """The answer is plain text that starts with yes or no."""


class Dialect(BaseModel):
    """How a member's software wants to be asked where that is data, not structure.

    Every field is None for "not known": the protocol's default applies. Learned facts and the
    operator's overrides are joined by `merged`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Literal["GET", "POST"] | None = None
    parameters: Literal["nested", "flat"] | None = None
    start: Literal["list", "scalar"] | None = None
    chromosome: Literal["bare", "chr", "refseq", "numeric"] | None = None
    assembly: Literal["grc", "ucsc"] | None = None
    coordinates: Literal[0, 1] | None = None
    case: Literal["upper", "lower"] | None = None
    indels: IndelStyle | None = None
    windows: Literal["half_open", "inclusive"] | None = None
    wildcards: bool | None = None
    paging: Literal["pages", "records", "none"] | None = None
    paths: Mapping[str, str] = Field(default_factory=dict)
    """URL templates or paths relative to the member's address; `query` is the variant question."""
    drop: tuple[str, ...] = ()
    """Parameters the server refuses, never sent."""
    rename: Mapping[str, str] = Field(default_factory=dict)
    """Our parameter name to the server's."""
    answer: AnswerShape | None = None
    null_means: Literal["no", "unknown"] | None = None
    exact: Literal["start", "start_end"] | None = None
    """How one exact position is asked: by its start alone, or with its last base as `end`."""
    unknown_filters: Literal["refused", "empty"] | None = None
    """What becomes of a filter the server does not know: an error, or an empty result, whose "no"
    then proves nothing unless the server lists the filter."""
    concurrent: bool | None = None
    """False for servers that mix up concurrent requests: one question at a time."""

    def merged(self, over: "Dialect") -> "Dialect":
        """Join two dialects; what `over` states wins."""
        told = over.model_dump(exclude_defaults=True)
        return Dialect.model_validate({**self.model_dump(exclude_defaults=True), **told})

    def __hash__(self) -> int:
        return hash(self.model_dump_json())


class Organization(BaseModel):
    """Who runs a beacon."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str | None = None
    name: str
    url: str | None = None
    contact_url: str | None = None
    logo_url: str | None = None
    description: str | None = None


class Pause(BaseModel):
    """A member is not asked for a while."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    until: date | datetime | None = None
    note: str = Field(default="", max_length=500)
    by: Literal["operator", "member"] = "operator"
    """Who paused it: a member ends only a pause of its own."""

    @field_validator("until", mode="before")
    @classmethod
    def _check_until(cls, value: object) -> object:
        # a number would be read as seconds since 1970
        is_text = isinstance(value, str) and _BEGINS_WITH_DAY.match(value.strip()) is not None
        if value is None or is_text or isinstance(value, date):
            return value
        raise ValueError(DAY)

    def is_over(self, now: datetime) -> bool:
        """Whether the pause has ended."""
        return self.ends_at is not None and now >= self.ends_at

    @property
    def ends_at(self) -> datetime | None:
        """The moment it ends; a date means the start of that day, UTC."""
        until = self.until
        if until is None:
            return None
        if not isinstance(until, datetime):
            until = datetime(until.year, until.month, until.day, tzinfo=UTC)
        return until if until.tzinfo is not None else until.replace(tzinfo=UTC)


class MemberEntry(BaseModel):
    """One member as declared by the operator or a registration."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    url: str
    name: Annotated[str, Field(max_length=200)] = ""
    protocol: Protocol = Protocol.AUTO
    dialect: Dialect = Dialect()
    """Operator only: overrides what was learned."""
    assemblies: tuple[Assembly, ...] = ()
    """Overrides what discovery found; empty leaves it to discovery."""
    timeout_s: Annotated[float, Field(strict=True, gt=0, le=600)] | None = None
    """Operator only. The smaller of this and what is left of the deadline applies."""
    max_concurrency: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = None
    """Operator only. 1 for servers that mix up concurrent requests."""
    token: str = NO_TOKEN
    """Operator only: `none`, `passthrough` or `env:BEACON_MEMBER_TOKEN_X`."""
    ca_file: str | None = None
    """Operator only. A CA bundle (PEM) for this member alone."""
    groups: tuple[str, ...] = ()
    """Operator only."""
    paused: Pause | None = None
    disabled: StrictBool = False
    """Operator only: named in every answer, never asked."""
    same_as: tuple[str, ...] = ()
    """Operator only: ids of members (or `network~beaconId` inside one) that are the same beacon,
    so that what both count is counted once."""
    controls: Annotated[tuple[KnownVariant, ...], Field(max_length=MAX_KNOWN)] = ()
    """Operator only: variants it is known to hold. They are asked again and again; while it does
    not find one of them, its "no" is not passed on."""
    description: str = Field(default="", max_length=10_000)
    organization: Organization | None = None

    @field_validator("id")
    @classmethod
    def _check_id(cls, value: str) -> str:
        if not MEMBER_ID.fullmatch(value):
            raise ValueError(
                "an id is 1 to 63 lower-case letters, digits and hyphens, not starting with one"
            )
        return value

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        url = value.strip()
        parts = _read_address(url)
        if parts is None:
            raise ValueError(
                "not a web address: https://, a host, and where needed a port up to 65535"
            )
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("a member's address starts with https:// (or http://) and a host")
        if parts.username or parts.password:
            raise ValueError("no user name or password in the address")
        if parts.query or parts.fragment:
            raise ValueError("the address is the base of the beacon, without ? and #")
        if len(url) > MAX_URL or not url.isprintable():
            raise ValueError(f"an address is at most {MAX_URL:,} printable characters")
        return url.rstrip("/")

    @field_validator("assemblies", mode="before")
    @classmethod
    def _read_assemblies(cls, value: object) -> object:
        if not isinstance(value, (list, tuple)):
            return value
        return tuple(dict.fromkeys(_assembly(name) for name in value))

    @field_validator("token")
    @classmethod
    def _check_token(cls, value: str) -> str:
        if value in {"none", "passthrough"} or TOKEN_VARIABLE.fullmatch(value):
            return value
        raise ValueError("a token policy is none, passthrough or env:BEACON_MEMBER_TOKEN_NAME")

    @field_validator("groups")
    @classmethod
    def _check_groups(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for group in value:
            if not MEMBER_ID.fullmatch(group):
                raise ValueError(f"group “{group}”: use lower-case letters, digits and hyphens")
        return tuple(dict.fromkeys(value))

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("a name is one line of printable characters")
        return value.strip()

    @field_validator("organization")
    @classmethod
    def _check_organization(cls, value: Organization | None) -> Organization | None:
        return _checked_organization(value)

    @model_validator(mode="after")
    def _check_legacy(self) -> Self:
        if self.protocol is Protocol.V0 and self.dialect.coordinates is None:
            raise ValueError(
                "a v0 member needs `dialect: {coordinates: 0|1}`: the old specification and its "
                "documentation disagree, and a guess would give wrong answers"
            )
        return self

    @property
    def display_name(self) -> str:
        """The name, or the id where none was given."""
        return self.name or self.id


OPERATOR_ONLY: Final = frozenset(
    {
        *("dialect", "timeout_s", "max_concurrency", "token", "ca_file", "groups", "disabled"),
        *("same_as", "controls"),
    }
)
"""Fields of an entry that no registration can set: no stranger asks for credentials or limits."""


class Group(BaseModel):
    """A part of the network that can be asked by its name.

    An opaque group is one member everywhere: nothing tells which of its members holds an allele.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: Annotated[str, Field(max_length=200)] = ""
    description: Annotated[str, Field(max_length=10_000)] = ""
    opaque: StrictBool = False
    organization: Organization | None = None

    @field_validator("id")
    @classmethod
    def _check_id(cls, value: str) -> str:
        if not MEMBER_ID.fullmatch(value):
            raise ValueError(
                "a group's id is 1 to 63 lower-case letters, digits and hyphens, not starting "
                "with one"
            )
        return value

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("a name is one line of printable characters")
        return value.strip()

    @field_validator("organization")
    @classmethod
    def _check_organization(cls, value: Organization | None) -> Organization | None:
        return _checked_organization(value)


def describe_problems(location: str, errors: list[Any]) -> list[str]:
    """Turn pydantic's errors into one sentence each, naming the place in the document."""
    sentences = []
    for error in errors:
        place, words = place_and_words(error)
        where = ".".join(filter(None, (location, *place)))
        sentences.append(f"{where}: {words}" if where else words)
    return list(dict.fromkeys(sentences))


def _checked_organization(value: Organization | None) -> Organization | None:
    if value is None:
        return None
    if not value.name.strip() or len(value.name) > 200 or not value.name.isprintable():
        raise ValueError("an organization's name is 1 to 200 printable characters")
    if len(value.id or "") > 200 or not (value.id or "").isprintable():
        raise ValueError("an organization's id is at most 200 printable characters")
    if len(value.description or "") > 10_000:
        raise ValueError("an organization's description is at most 10,000 characters")
    for field, schemes in _ADDRESSES.items():
        address = getattr(value, field) or ""
        if address and not (len(address) <= MAX_URL and address.startswith(schemes)):
            allowed = " or ".join(schemes)
            raise ValueError(f"{field} starts with {allowed}, at most {MAX_URL:,} characters")
        read = None if address.startswith("mailto:") else _read_address(address)
        is_bad = address.startswith("http") and not (read and read.hostname)
        if is_bad or not address.isprintable():
            raise ValueError(f"{field} is no address that can be read")
    return value


def _read_address(url: str) -> SplitResult | None:
    """Read an address as those do who call it later; None if one of them cannot."""
    try:
        read, parts = URL(url), urlsplit(url)
        _ = parts.port
        return parts if read.host or not parts.hostname else None
    except (ValueError, IndexError):
        return None


def _assembly(name: object) -> Assembly:
    try:
        return parse_assembly(str(name)).assembly
    except GenomeError as error:
        # halves of characters, which no message can hold
        message = f"{error.message} {error.hint}".encode("utf-8", "replace").decode()
        raise ValueError(message) from None
