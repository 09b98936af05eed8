"""All settings: one model per section, defaults read from `config/default.yaml`.

Precedence: command line, environment (`BEACON_SECTION__KEY`), `--config` file, default file.
The default file holds every key, so it is documentation, schema example and source at once; the
models hold types and bounds. Unknown keys fail, with all problems at once.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import (
    ValidationError,
)
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

from aggregator.base.errors import ConfigError
from aggregator.base.resources import folder
from aggregator.base.sections import (
    AlertSettings,
    CacheSettings,
    CompatSettings,
    HealthSettings,
    LogSettings,
    NetworkSettings,
    OutboundSettings,
    QuerySettings,
    ReferenceSettings,
    RegistrySettings,
    SecuritySettings,
    ServerSettings,
    WebSettings,
)


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
    alerts: AlertSettings
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
