"""Addresses of the cache: which are taken, what is said of the others, and what is never shown."""

import pytest

from aggregator.base.errors import ConfigError
from aggregator.base.settings import Settings, load


def cache(url: str) -> Settings:
    return load(None, {"cache": {"url": url}})


@pytest.mark.parametrize(
    "url",
    [
        "memory://",
        "redis://localhost",
        "redis://127.0.0.1:6379/0",
        "redis://user:p%2Fw@redis.example.org:6380/12?ssl_ca_certs=/etc/ca.pem",
        "redis://[2001:db8::1]:6379",
        "rediss://:secret@redis.example.org",
        "unix:///run/redis/redis.sock",
        "unix://user:secret@/run/redis.sock?db=2",
    ],
)
def test_addresses_that_are_taken(url: str) -> None:
    settings = cache(url)
    assert settings.cache.url == url
    assert settings.cache.is_redis == (url != "memory://")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "memory",
        "memory://x",
        "redis://",
        "redis:///0",
        "redis://localhost/first",
        "redis://localhost:0",
        "redis://localhost:port",
        "redis://localhost:99999",
        "redis://user:hunter2/x@localhost",
        "redis://[::1",
        "valkey://hunter2@localhost",
        "https://hunter2@localhost",
        "unix://",
        "unix:///",
    ],
)
def test_others_are_refused_with_what_would_be_taken_and_without_a_password(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        cache(url)
    (problem,) = caught.value.problems
    assert "cache.url: expected memory://, redis://" in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("memory://", "memory://"),
        ("redis://user:hunter2@host:6379/1", "redis://***@host:6379/1"),
        ("rediss://:hunter2@host?password=hunter2", "rediss://***@host"),
        ("unix://user:hunter2@/run/redis.sock?db=2", "unix://***@/run/redis.sock"),
    ],
)
def test_credentials_are_never_shown(url: str, shown: str) -> None:
    settings = cache(url)
    assert settings.model_dump(mode="json")["cache"]["url"] == shown
    assert settings.model_dump()["cache"]["url"] == shown
    assert "hunter2" not in repr(settings)


def test_the_secret_of_the_limits_is_never_shown() -> None:
    settings = load(None, {"security": {"rate_limit_secret": "hunter2"}})
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings.model_dump(mode="json"))


@pytest.mark.parametrize("prefix", ["two words", "x" * 65, "{tag}"])
def test_a_prefix_is_plain(prefix: str) -> None:
    with pytest.raises(ConfigError, match=r"cache\.prefix"):
        load(None, {"cache": {"prefix": prefix}})
