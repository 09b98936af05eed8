"""What commands have in common: settings from files and options, and values of fields."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
import yaml

from aggregator.base.settings import Settings, load


class Sections(click.ParamType[tuple[str, str, Any]]):
    """`SECTION.KEY=VALUE`, for any setting."""

    name = "section.key=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str, Any]:
        """Read one override."""
        path, equals, text = str(value).partition("=")
        section, dot, key = path.partition(".")
        if not (equals and dot and section and key):
            self.fail("expected SECTION.KEY=VALUE, e.g. query.deadline_s=5", param, ctx)
        try:
            read = yaml.safe_load(text)
        except yaml.YAMLError:
            self.fail(f"“{text}” is no value that YAML understands", param, ctx)
        # `sqlite:///:memory:` is an address, whatever YAML makes of its last colon
        is_text = isinstance(read, dict) and not text.lstrip().startswith("{")
        return section, key, text if is_text else read


IN_MEMORY = (("registry", "url", "sqlite:///:memory:"), ("server", "workers", 1))
"""Commands that ask once leave no file behind; such a registry is one process's own."""

config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A YAML file of settings; `config show` lists them all.",
)
set_option = click.option(
    "--set", "overrides", type=Sections(), multiple=True, help="One setting, over all others."
)
seed_option = click.option(
    "--seed",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A YAML file of members (registry.seed).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")
note_option = click.option("--note", default="", help="Why, for the log of changes and operators.")
groups_option = click.option(
    "--group", "groups", multiple=True, metavar="ID", help="Put members into this group."
)
private_option = click.option(
    "--private", "is_private", is_flag=True, help="Allow an address on a private network."
)

Overrides = tuple[tuple[str, str, Any], ...]


def settings_of(
    config_file: Path | None, overrides: Overrides, *options: tuple[str, str, Any]
) -> Settings:
    """Read the settings with what options say over them; raises `ConfigError`."""
    told: dict[str, dict[str, Any]] = {}
    for section, key, value in (*overrides, *options):
        if value is not None:
            told.setdefault(section, {})[key] = value
    return load(config_file, told)


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--config` and `--set`, and what comes of them as `settings`.

    Of a command with `--private` the address guard is set by it.
    """

    @config_option
    @set_option
    @wraps(command)
    def run(*, config_file: Path | None, overrides: Overrides, **rest: Any) -> None:
        allow = True if rest.pop("is_private", False) else None
        settings = settings_of(config_file, overrides, ("security", "allow_private_members", allow))
        command(settings=settings, **rest)

    return run
