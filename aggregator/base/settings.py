"""All settings: one model per section, defaults read from `config/default.yaml`.

Precedence: command line, environment (`BEACON_SECTION__KEY`), `--config` file, default file.
The default file holds every key, so it is documentation, schema example and source at once; the
models hold types and bounds. Unknown keys fail, with all problems at once.
"""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_serializer,
    field_validator,
)
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

from aggregator.base.errors import ConfigError
from aggregator.base.resources import folder

Seconds = Annotated[float, Field(ge=0, le=10 * 365 * 86400)]
Positive = Annotated[float, Field(gt=0, le=3600)]
Bytes = Annotated[int, Field(ge=1024, le=16 * 2**30)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


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
    """How often members are looked at."""

    refresh_s: Seconds
    retry_s: Positive


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


class Settings(BaseSettings):
    """All sections."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="BEACON_",
        env_nested_delimiter="__",
    )

    network: NetworkSettings
    server: ServerSettings
    query: QuerySettings
    reference: ReferenceSettings
    cache: CacheSettings
    registry: RegistrySettings
    security: SecuritySettings
    health: HealthSettings
    web: WebSettings
    outbound: OutboundSettings
    compat: CompatSettings
    log: LogSettings


def load(
    config_file: Path | None = None, overrides: Mapping[str, Mapping[str, Any]] | None = None
) -> Settings:
    """Read the settings; raises `ConfigError` that names every problem.

    `overrides` (section -> key -> value) come from the command line and win over everything.
    """
    values = _read(folder("config") / "default.yaml")
    base = Path()
    if config_file is not None:
        values = _joined(values, _read(config_file))
        base = config_file.parent
    problems = _unknown_variables(os.environ)
    try:
        values = _joined(values, EnvSettingsSource(Settings)())
        settings = Settings.model_validate(_joined(values, overrides or {}))
    except SettingsError as error:
        raise ConfigError([*problems, f"environment: {error}"]) from None
    except ValidationError as error:
        raise ConfigError([*problems, *_problems(error, config_file)]) from None
    if problems:
        raise ConfigError(problems)
    return _relative_to(settings, base)


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


def _unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Name variables that look like settings of a section that does not exist."""
    sections = {name.upper() for name in Settings.model_fields}
    return [
        f"environment: {name}: there is no section {name[7:].split('__')[0].lower()}"
        for name in environ
        if name.startswith("BEACON_") and "__" in name[7:]
        if not name.startswith("BEACON_MEMBER_TOKEN_")
        if name[7:].split("__")[0].upper() not in sections
    ]


def _relative_to(settings: Settings, base: Path) -> Settings:
    """Make file names of the config file relative to it, as people expect."""

    def found(path: Path | None) -> Path | None:
        return path if path is None or path.is_absolute() or path.exists() else base / path

    registry, outbound, reference = settings.registry, settings.outbound, settings.reference
    fasta = {name: found(path) for name, path in reference.fasta.items()}
    return settings.model_copy(
        update={
            "registry": registry.model_copy(update={"seed": found(registry.seed)}),
            "outbound": outbound.model_copy(update={"ca_file": found(outbound.ca_file)}),
            "reference": reference.model_copy(update={"fasta": fasta}),
        }
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
    try:
        values = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError([f"{path}: not YAML: {error}"]) from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError([f"{path}: expected sections (network:, query: …), found something else"])
    return values


def _joined(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    joined = dict(under)
    for key, value in over.items():
        below = joined.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping) and key != "fasta":
            joined[key] = _joined(below, value)
        else:
            joined[key] = value
    return joined


def _problems(error: ValidationError, config_file: Path | None) -> list[str]:
    source = f"{config_file}, the environment or the command line" if config_file else "settings"
    sentences = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"])
        what = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            what = "unknown key (config/default.yaml lists every setting)"
        sentences.append(f"{source}: {where}: {what}")
    return sentences
