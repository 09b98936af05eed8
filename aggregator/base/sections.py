"""The sections of the settings: types and bounds; `config/default.yaml` holds the defaults."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_serializer,
    field_validator,
    model_validator,
)

Seconds = Annotated[float, Field(ge=0, le=10 * 365 * 86400)]
Positive = Annotated[float, Field(gt=0, le=3600)]
Bytes = Annotated[int, Field(ge=1024, le=16 * 2**30)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
REFERENCE: Final = r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$"
"""host:port"""


class Section(BaseModel):
    """A section of the settings: frozen, and strict about its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OrganizationSettings(Section):
    """Who runs the network."""

    id: str
    name: str
    url: str | None
    contact_url: str | None
    logo_url: str | None


class NetworkSettings(Section):
    """Who we are."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]*$", max_length=200)]
    name: str
    description: str
    organization: OrganizationSettings
    public_url: str
    environment: Literal["prod", "test", "dev", "staging"]

    @field_validator("public_url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("an address starts with https:// (or http://)")
        return value.rstrip("/")


class ServerSettings(Section):
    """Where we listen."""

    host: str
    port: Annotated[int, Field(ge=0, le=65535)]
    workers: Annotated[int, Field(ge=1, le=64)]
    trusted_proxies: tuple[str, ...]
    drain_s: Seconds
    max_streams: Count
    max_request_bytes: Bytes

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in value:
            ipaddress.ip_network(proxy, strict=False)
        return value


class QuerySettings(Section):
    """How long, how many, how large."""

    deadline_s: Positive
    max_deadline_s: Positive
    member_timeout_s: Positive
    connect_timeout_s: Positive
    retries: Annotated[int, Field(ge=0, le=1)]
    member_concurrency: Count
    max_calls_in_flight: Count
    max_queries: Count
    max_body_bytes: Bytes
    max_small_body_bytes: Bytes
    max_bytes_in_flight: Bytes
    max_limit: Count
    incomplete_negative: Literal["error", "answer"]


class ReferenceSettings(Section):
    """Reference sequences by assembly."""

    fasta: Mapping[Literal["NCBI36", "GRCh37", "GRCh38"], Path]


class CacheSettings(Section):
    """How long answers are kept."""

    url: Annotated[str, Field(repr=False)]
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9:._-]{0,64}$")]
    redis_timeout_s: Annotated[float, Field(gt=0, le=1)]
    redis_max_value_bytes: Bytes
    ttl_s: Seconds
    stale_while_revalidate_s: Seconds
    stale_if_error_s: Seconds
    max_entries: Count
    max_bytes: Bytes

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        # the message never repeats the address: it may hold a password
        if value != "memory://" and not _is_redis_url(value):
            raise ValueError(
                "expected memory://, redis://[user:password@]host[:port][/database], rediss://… "
                "(TLS) or unix:///path/to/socket; a password's special characters are written %XX"
            )
        return value

    @field_serializer("url")
    def _without_credentials(self, value: str) -> str:
        """Leave user, password and options out of whatever is shown or logged."""
        return _shown(value)

    @property
    def is_redis(self) -> bool:
        """Whether answers and limits are shared through Redis."""
        return self.url != "memory://"


class RegistrySettings(Section):
    """Where members come from."""

    url: Annotated[str, Field(repr=False)]
    seed: Path | None
    poll_s: Positive
    info_s: Seconds
    probe: bool
    joining: Literal["approval", "open", "invitation", "closed"]
    requirements: tuple[Annotated[str, Field(min_length=1, max_length=500)], ...]
    follow_s: Positive

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        # the message never repeats the address: it may hold a password
        scheme, colon, rest = value.partition("://")
        is_sqlite = scheme == "sqlite" and rest.startswith("/") and len(rest) > 1
        is_postgres = scheme in {"postgresql", "postgres"} and "/" in rest
        if not colon or not (is_sqlite or is_postgres) or (is_sqlite and "?" in rest):
            raise ValueError(
                "expected sqlite:///FILE (three slashes, then the file), sqlite:///:memory: or "
                "postgresql://[user:password@]host[:port]/database; a password's special "
                "characters are written %XX"
            )
        return value

    @field_serializer("url")
    def _without_credentials(self, value: str) -> str:
        """Leave user, password and options out of whatever is shown or logged."""
        return _shown(value)

    @property
    def is_in_memory(self) -> bool:
        """Whether the registry is one process's own and ends with it."""
        return self.url == "sqlite:///:memory:"


class SecuritySettings(Section):
    """Who may do what."""

    allow_private_members: bool
    admin_token: SecretStr | None
    join_rate_limit: Annotated[int, Field(ge=0, le=1_000_000)]
    rate_limit: Annotated[int, Field(ge=0, le=1_000_000_000)]
    rate_limit_secret: SecretStr | None

    @field_validator("admin_token")
    @classmethod
    def _check_token(cls, value: SecretStr | None) -> SecretStr | None:
        token = "" if value is None else value.get_secret_value().strip()
        if 0 < len(token) < 16:
            raise ValueError(
                "too short to be safe: give at least 16 characters, e.g. from "
                "`openssl rand -hex 32`"
            )
        return SecretStr(token) if token else None


class HealthSettings(Section):
    """How often members are looked at, and when they are called down or slow."""

    refresh_s: Seconds
    retry_s: Positive
    probe_s: Seconds
    probe_timeout_s: Positive
    jitter: Annotated[float, Field(ge=0, le=0.5)]
    failures_down: Annotated[int, Field(ge=1, le=100)]
    successes_up: Annotated[int, Field(ge=1, le=100)]
    slow_s: Positive
    reference: tuple[Annotated[str, Field(pattern=REFERENCE)], ...]
    certificate_s: Seconds
    controls_s: Seconds
    conformance_s: Seconds


class AlertSettings(Section):
    """How people are told of what changed."""

    smtp_host: Annotated[str, Field(min_length=1)] | None
    smtp_port: Annotated[int, Field(ge=1, le=65535)]
    smtp_security: Literal["starttls", "tls", "none"]
    smtp_user: str | None
    smtp_password: SecretStr | None
    sender: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.smtp_host is not None and self.sender is None:
            raise ValueError("with smtp_host, give the address that mail comes from as sender")
        if self.smtp_password is not None and self.smtp_user is None:
            raise ValueError("smtp_password without smtp_user")
        return self


class WebSettings(Section):
    """The pages."""

    examples: tuple[str, ...]


class OutboundSettings(Section):
    """How members are reached."""

    proxy: Annotated[str, Field(pattern=r"^https?://")] | None
    ca_file: Path | None


class CompatSettings(Section):
    """Habits of other networks that some pages expect."""

    failed_members_as_result_sets: bool
    count_at_least_one: bool
    validate_beacons: bool


class LogSettings(Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"]
    format: Literal["console", "json", "auto"]


def _shown(url: str) -> str:
    """Give an address without user, password and options."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    shown = f"***@{host}" if "@" in parts.netloc else host
    return f"{parts.scheme}://{shown}{parts.path}"


def _is_redis_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme == "unix":
        return len(parts.path) > 1
    database = parts.path.removeprefix("/")
    return (
        parts.scheme in {"redis", "rediss"}
        and bool(parts.hostname)
        and port != 0
        and (not database or (database.isascii() and database.isdigit()))
    )
