"""Settings: every default in one file, four sources in order, and every problem at once."""

import os
import types
import typing
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from aggregator.base.errors import ConfigError
from aggregator.base.resources import folder
from aggregator.base.settings import Settings, load

DEFAULTS = yaml.safe_load((folder("config") / "default.yaml").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _no_settings_in_the_environment(monkeypatch):
    for name in os.environ:
        if name.upper().startswith("BEACON_"):
            monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return path

    return write


def problems(*args, **kwargs):
    with pytest.raises(ConfigError) as caught:
        load(*args, **kwargs)
    return caught.value.problems


def model_of(annotation):
    """Give the section a field holds, if it holds one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        found = [model_of(one) for one in typing.get_args(annotation)]
        return next((one for one in found if one), None)
    return None


def keys_of(model):
    return {
        name: keys_of(section) if (section := model_of(field.annotation)) else None
        for name, field in model.model_fields.items()
    }


def keys_in(values, like):
    return {
        name: keys_in(value, like[name]) if isinstance(like.get(name), dict) else None
        for name, value in values.items()
    }


# --- the default file ---


def test_the_default_file_names_every_setting_and_no_other():
    known = keys_of(Settings)
    assert keys_in(DEFAULTS, known) == known


def test_no_setting_has_a_default_anywhere_else():
    def required(model):
        for field in model.model_fields.values():
            assert field.is_required(), field
            if section := model_of(field.annotation):
                required(section)

    required(Settings)


def test_every_section_has_a_comment_in_the_default_file():
    text = (folder("config") / "default.yaml").read_text(encoding="utf-8")
    sections = text.split("\n\n")[1:]
    assert len(sections) == len(Settings.model_fields)
    assert [one.partition(":")[0] for one in sections if "#" not in one] == []


def test_the_defaults_are_those_of_the_design():
    settings = load()
    assert (settings.query.deadline_s, settings.query.max_deadline_s) == (10, 60)
    assert (settings.query.member_timeout_s, settings.query.connect_timeout_s) == (8, 3)
    assert (settings.query.retries, settings.query.member_concurrency) == (1, 4)
    assert (settings.query.max_calls_in_flight, settings.query.max_queries) == (256, 64)
    assert settings.query.max_body_bytes == 16 * 2**20
    assert settings.query.max_small_body_bytes == 2**20
    assert settings.query.max_bytes_in_flight == 256 * 2**20
    assert settings.query.incomplete_negative == "error"
    assert (settings.cache.url, settings.cache.ttl_s) == ("memory://", 300)
    assert settings.cache.stale_while_revalidate_s == 3600
    assert settings.cache.stale_if_error_s == 86400
    assert settings.registry.seed is None
    assert settings.security.allow_private_members is False
    assert settings.compat.failed_members_as_result_sets is False


def test_the_demo_file_can_be_used():
    assert load(folder("config") / "demo.yaml").security.allow_private_members is True


# --- precedence ---


def test_a_file_wins_over_the_defaults(file):
    settings = load(file("query: {deadline_s: 11}"))
    assert settings.query.deadline_s == 11


def test_what_a_file_leaves_out_keeps_its_default(file):
    settings = load(file("query: {deadline_s: 11}"))
    assert settings.query.member_timeout_s == 8


def test_the_environment_wins_over_a_file(file, monkeypatch):
    monkeypatch.setenv("BEACON_QUERY__DEADLINE_S", "12")
    assert load(file("query: {deadline_s: 11}")).query.deadline_s == 12


def test_the_command_line_wins_over_the_environment(file, monkeypatch):
    monkeypatch.setenv("BEACON_QUERY__DEADLINE_S", "12")
    settings = load(file("query: {deadline_s: 11}"), {"query": {"deadline_s": 13}})
    assert settings.query.deadline_s == 13


def test_sources_are_joined_key_by_key(file, monkeypatch):
    monkeypatch.setenv("BEACON_QUERY__MEMBER_TIMEOUT_S", "5")
    settings = load(file("query: {deadline_s: 11}"), {"query": {"retries": 0}})
    query = settings.query
    assert (query.deadline_s, query.member_timeout_s, query.retries) == (11, 5, 0)


def test_nested_sections_are_joined_too(file):
    settings = load(file("network: {organization: {name: Ours}}"))
    assert settings.network.organization.name == "Ours"
    assert settings.network.organization.id == "beacon-network"


def test_fasta_files_are_replaced_as_a_whole(file):
    path = file("reference: {fasta: {GRCh38: /a.fa}}")
    settings = load(path, {"reference": {"fasta": {"GRCh37": "/b.fa"}}})
    assert settings.reference.fasta == {"GRCh37": Path("/b.fa")}


def test_lists_in_the_environment_are_json(monkeypatch):
    monkeypatch.setenv("BEACON_SERVER__TRUSTED_PROXIES", '["10.0.0.0/8"]')
    assert load().server.trusted_proxies == ("10.0.0.0/8",)


def test_an_empty_file_changes_nothing(file):
    assert load(file("")) == load()


# --- problems ---


def test_every_unknown_key_of_a_file_is_named_at_once(file):
    path = file("query: {deadlin_s: 5}\ncolour: red\nnetwork: {organization: {phone: 1}}")
    told = problems(path)
    assert len(told) == 3
    assert all("unknown key" in one for one in told)
    assert all(
        any(f": {key}: " in one for one in told)
        for key in ("query.deadlin_s", "colour", "network.organization.phone")
    )


def test_the_file_is_named_with_its_problems(file):
    path = file("colour: red")
    assert str(path) in problems(path)[0]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("query: {deadline_s: soon}", "query.deadline_s"),
        ("query: {deadline_s: 0}", "query.deadline_s"),
        ("query: {retries: 2}", "query.retries"),
        ("query: {max_body_bytes: 10}", "query.max_body_bytes"),
        ("query: {incomplete_negative: maybe}", "query.incomplete_negative"),
        ("query: 5", "query"),
        ("server: {port: 70000}", "server.port"),
        ("server: {trusted_proxies: [nowhere]}", "server.trusted_proxies"),
        ("cache: {url: 'ftp://x'}", "cache.url"),
        ("network: {public_url: beacons.example.org}", "network.public_url"),
        ("network: {id: 'a b'}", "network.id"),
        ("network: {environment: production}", "network.environment"),
        ("outbound: {proxy: 'socks://x'}", "outbound.proxy"),
        ("reference: {fasta: {hg20: /a.fa}}", "reference.fasta.hg20"),
        ("log: {level: loud}", "log.level"),
    ],
)
def test_a_value_that_cannot_be_is_named(file, text, key):
    (told,) = problems(file(text))
    assert f": {key}" in told


def test_problems_of_all_sources_are_told_at_once(file, monkeypatch):
    monkeypatch.setenv("BEACON_QUERY__RETRIES", "many")
    monkeypatch.setenv("BEACON_KACHE__TTL_S", "5")
    told = problems(file("colour: red"), {"server": {"port": -1}})
    assert len(told) == 4
    assert all(
        any(word in one for one in told)
        for word in ("colour", "query.retries", "server.port", "BEACON_KACHE__TTL_S")
    )


def test_a_section_misspelt_in_the_environment_is_named(monkeypatch):
    monkeypatch.setenv("BEACON_QUERRY__DEADLINE_S", "5")
    (told,) = problems()
    assert told == "environment: BEACON_QUERRY__DEADLINE_S: there is no section querry"


def test_a_key_misspelt_in_the_environment_is_named(monkeypatch):
    monkeypatch.setenv("BEACON_QUERY__DEADLIN_S", "5")
    (told,) = problems()
    assert "query.deadlin_s: unknown key" in told


def test_a_list_in_the_environment_that_is_no_json_is_named(monkeypatch):
    monkeypatch.setenv("BEACON_SERVER__TRUSTED_PROXIES", "10.0.0.0/8")
    (told,) = problems()
    assert told.startswith("environment: ")
    assert "server" in told


@pytest.mark.parametrize("name", ["BEACON_MEMBER_TOKEN_X", "BEACON_MEMBER_TOKEN_A__B"])
def test_tokens_of_members_are_no_settings(monkeypatch, name):
    monkeypatch.setenv(name, "secret")
    assert load()


def test_a_file_that_is_missing_is_named(tmp_path):
    (told,) = problems(tmp_path / "none.yaml")
    assert "none.yaml: cannot be read" in told


@pytest.mark.parametrize(
    ("text", "words"), [("query: [", "not YAML"), ("- a", "expected sections")]
)
def test_a_file_of_another_kind_is_refused(file, text, words):
    (told,) = problems(file(text))
    assert words in told


# --- secrets ---


def test_a_secret_is_never_shown(monkeypatch):
    monkeypatch.setenv("BEACON_SECURITY__ADMIN_TOKEN", "hunter2 and hunter3")
    settings = load()
    assert settings.security.admin_token is not None
    assert settings.security.admin_token.get_secret_value() == "hunter2 and hunter3"
    shown = (repr(settings), str(settings.security), settings.model_dump_json())
    assert not any("hunter2" in one for one in shown)


def test_a_problem_does_not_show_a_secret(monkeypatch):
    monkeypatch.setenv("BEACON_SECURITY__ADMIN_TOKEN", "hunter2")
    monkeypatch.setenv("BEACON_SECURITY__RATE_LIMIT", "lots")
    told = "".join(problems())
    assert "hunter2" not in told
    assert "admin_token: too short to be safe" in told


@pytest.mark.parametrize("nothing", ["", "  "])
def test_no_token_is_no_token(monkeypatch, nothing):
    monkeypatch.setenv("BEACON_SECURITY__ADMIN_TOKEN", nothing)
    assert load().security.admin_token is None


# --- the registry's address ---


@pytest.mark.parametrize(
    "url",
    [
        *(
            "sqlite:///:memory:",
            "sqlite:///members.sqlite3",
            "sqlite:////var/lib/x/members.sqlite3",
        ),
        *("postgresql://host/beacons", "postgres://user:hunter2@host:5432/b?sslmode=require"),
    ],
)
def test_addresses_of_a_registry(url):
    assert load(None, {"registry": {"url": url}}).registry.url == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "members.sqlite3", "sqlite://members.sqlite3", "sqlite:///", "sqlite:///a?mode=ro"),
        *("postgresql://hunter2", "mysql://user:hunter2@host/b", "redis://hunter2/1"),
    ],
)
def test_what_is_no_address_of_a_registry_is_refused_without_repeating_it(url):
    with pytest.raises(ConfigError) as raised:
        load(None, {"registry": {"url": url}})
    (told,) = raised.value.problems
    assert "registry.url: expected sqlite:///FILE" in told
    assert "hunter2" not in told


def test_the_password_of_a_registry_is_never_shown():
    settings = load(None, {"registry": {"url": "postgresql://me:hunter2@host/beacons?x=hunter2"}})
    shown = (repr(settings), settings.model_dump_json())
    assert not any("hunter2" in one for one in shown)
    assert settings.model_dump(mode="json")["registry"]["url"] == "postgresql://***@host/beacons"


# --- values ---


def test_settings_do_not_change():
    with pytest.raises(Exception, match="frozen"):
        load().query.deadline_s = 5  # type: ignore[misc]


def test_an_address_loses_its_last_slash(file):
    assert load(file("network: {public_url: 'https://x.org/'}")).network.public_url == (
        "https://x.org"
    )


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("registry: {seed: m.yaml}", lambda s: s.registry.seed),
        ("reference: {fasta: {GRCh38: m.yaml}}", lambda s: s.reference.fasta["GRCh38"]),
        ("outbound: {ca_file: m.yaml}", lambda s: s.outbound.ca_file),
    ],
    ids=["seed", "fasta", "ca_file"],
)
def test_file_names_of_a_config_file_are_relative_to_it(file, text, read):
    path = file(text)
    assert read(load(path)) == path.parent / "m.yaml"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("registry: {seed: /m.yaml}", lambda s: s.registry.seed),
        ("reference: {fasta: {GRCh38: /m.yaml}}", lambda s: s.reference.fasta["GRCh38"]),
        ("outbound: {ca_file: /m.yaml}", lambda s: s.outbound.ca_file),
    ],
    ids=["seed", "fasta", "ca_file"],
)
def test_absolute_file_names_stay(file, text, read):
    assert read(load(file(text))) == Path("/m.yaml")


def test_a_file_where_we_are_is_taken_first(file, monkeypatch, tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    (here / "m.yaml").write_text("members: []")
    monkeypatch.chdir(here)
    assert load(file("registry: {seed: m.yaml}")).registry.seed == Path("m.yaml")
