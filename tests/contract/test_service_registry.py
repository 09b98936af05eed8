"""Every answer of the service registry and every error is as GA4GH's specification says."""

from collections.abc import Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from structlog.testing import capture_logs

from aggregator.api.openapi_registry import REGISTRY_ERROR, SERVICE, SERVICE_INFO, SERVICE_TYPE
from aggregator.base import errors
from registry.models import Group
from tests.networks import DemoRunning, Reply, demo_running, network_of, nothing_left
from tests.official import RegistryKind, official

__all__ = ["nothing_left"]

DESCRIBED: Mapping[RegistryKind, Any] = {
    "services": {"type": "array", "items": SERVICE},
    "service": SERVICE,
    "types": {"type": "array", "items": SERVICE_TYPE},
    "service-info": SERVICE_INFO,
    "error": REGISTRY_ERROR,
}
"""What our own OpenAPI document says of the same."""
GROUPED = [
    {"id": name, "url": f"http://127.0.0.1:9/{name}", "groups": ["quiet"]} for name in ("a", "b")
]


def valid(reply: Reply, kind: RegistryKind) -> Any:
    """Check a document against the official schema and against what its readers count on."""
    assert reply.status == 200, reply.text
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    official.validate_registry(reply.json, kind)
    Draft202012Validator(DESCRIBED[kind]).validate(reply.json)
    return reply.json


def error(reply: Reply, status: int) -> Mapping[str, Any]:
    """Check an error of a registry's path."""
    assert reply.status == status, reply.text
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert reply.headers["Cache-Control"] == "no-store"
    official.validate_registry(reply.json, "error")
    Draft202012Validator(DESCRIBED["error"]).validate(reply.json)
    told: Mapping[str, Any] = reply.json
    assert told.keys() - {"problems"} == {"status", "title", "detail"}
    assert told["status"] == status
    assert isinstance(told["title"], str)
    assert len(told["detail"]) > 10
    assert "problems" not in told or all(isinstance(one, str) for one in told["problems"])
    return told


def whole(service: Mapping[str, Any]) -> None:
    """Check what every service has, whatever its member tells."""
    for name in ("id", "name", "version", "url"):
        assert isinstance(service[name], str), name
        assert service[name], name
    assert service["type"].keys() == {"group", "artifact", "version"}
    assert all(isinstance(one, str) and one for one in service["type"].values())
    assert all(service["organization"][name] for name in ("name", "url"))
    assert service["url"].startswith("http")


async def test_the_demo_network_is_a_registry() -> None:
    async with demo_running() as net:
        services = valid(await net.ask(path="/services"), "services")
        assert len(services) == 5
        for one in services:
            whole(one)
            alone = valid(await net.ask(path=f"/services/{one['id']}"), "service")
            assert alone == one
        types = valid(await net.ask(path="/services/types"), "types")
        assert types == [*{str(one["type"]): one["type"] for one in services}.values()]
        valid(await net.ask(path="/service-info"), "service-info")


async def test_an_empty_registry_is_an_empty_list() -> None:
    async with network_of() as net:
        assert valid(await net.ask(path="/services"), "services") == []
        assert valid(await net.ask(path="/services/types"), "types") == []
        valid(await net.ask(path="/service-info"), "service-info")


async def test_an_opaque_group_is_one_service() -> None:
    async with network_of(GROUPED) as net:
        group = Group(id="quiet", name="Quiet Ones", opaque=True)
        await net.network.registry.groups.describe(group, by="operator")
        (one,) = valid(await net.ask(path="/services"), "services")
        whole(one)
        assert (one["id"], one["name"], one["url"]) == ("quiet", "Quiet Ones", f"{net.url}/api")
        assert valid(await net.ask(path="/services/quiet"), "service") == one
        for hidden in ("a", "b"):
            error(await net.ask(path=f"/services/{hidden}"), 404)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/services/nobody", 404),
        ("GET", "/services/nobody/more", 404),
        ("GET", "/services?type=a:b:c:d", 400),
        ("PATCH", "/services", 405),
        ("POST", "/services/types", 405),
        ("POST", "/service-info", 405),
        ("GET", "/update/services", 404),
        ("POST", "/services", 400),
        ("PUT", "/services", 400),
        ("PUT", "/services/nobody", 400),
        ("DELETE", "/services", 400),
        ("DELETE", "/services/nobody", 400),
        ("GET", "/members/nobody/more/still", 404),
        ("GET", "/members.json/no", 404),
        ("GET", "/join/nothing/here", 404),
        ("GET", "/manage/x/y/z/nothing", 404),
        ("GET", "/admin/nothing/here/at/all", 404),
        ("GET", "/logo/a/b", 404),
    ],
)
async def test_every_error_has_the_shape_of_the_specification(
    method: str, path: str, status: int
) -> None:
    async with network_of() as net:
        told = error(await net.ask(path=path, method=method), status)
        assert ("problems" in told) is (status == 400)


async def test_a_key_that_is_missing_is_asked_for() -> None:
    async with network_of() as net:
        key = {"Beacon-Service-Key": "wrong"}
        reply = await net.ask(path="/services/nobody", method="DELETE", headers=key)
        assert error(reply, 401)["title"] == "Unauthorized"
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")


async def test_an_error_of_our_own_tells_nothing_of_itself(monkeypatch: Any) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("aggregator.api.services.service_types", broken)
    async with network_of() as net:
        with capture_logs() as logs:
            reply = await net.ask(path="/services/types")
        assert [one["event"] for one in logs if one["log_level"] == "error"] == ["unexpected error"]
        told = error(reply, 500)
        assert "secret" not in reply.text
        assert reply.headers["X-Request-Id"] in told["detail"]


@pytest.mark.parametrize(
    ("path", "status", "heading"),
    [
        ("/services/nobody", 404, "There is nothing here"),
        ("/services?type=:", 400, "This cannot be asked"),
    ],
)
async def test_people_get_a_page(path: str, status: int, heading: str) -> None:
    async with network_of() as net:
        reply = await net.ask(path=path, headers={"Accept": "text/html,*/*;q=0.8"})
        assert reply.status == status
        assert reply.headers["Content-Type"].startswith("text/html")
        assert f"<h1>{heading}</h1>" in reply.text


@pytest.mark.parametrize(
    ("raised", "heading"),
    [
        ("Unauthorized", "A key is needed"),
        ("Forbidden", "This is not allowed"),
        ("Conflict", "Something is in the way"),
    ],
)
async def test_pages_of_refusals_say_what_they_are(
    monkeypatch: Any, raised: str, heading: str
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise getattr(errors, raised)("Because of a reason.")

    monkeypatch.setattr("aggregator.api.services.service_types", refuse)
    async with network_of() as net:
        reply = await net.ask(path="/services/types", headers={"Accept": "text/html"})
        assert f"<h1>{heading}</h1>" in reply.text
        assert "Because of a reason." in reply.text


async def test_errors_of_other_paths_keep_their_shape() -> None:
    async with network_of() as net:
        for path in ("/servicesx", "/nowhere", "/api/services", "/admins", "/join-us"):
            reply = await net.ask(path=path)
            assert reply.status == 404
            official.validate_v2(reply.json, "error")
        reply = await net.ask(path="/services/nobody.csv")
        assert (reply.status, reply.headers["Content-Type"]) == (404, "text/plain; charset=utf-8")


async def test_whoever_may_ask_may_ask_from_a_page(net: DemoRunning) -> None:
    asked = {"Origin": "https://page.example.org", "Access-Control-Request-Method": "PUT"}
    for path in ("/services", "/services/x", "/services/types"):
        reply = await net.ask(path=path, method="OPTIONS", headers=asked)
        assert reply.status == 204
        assert {"POST", "PUT", "DELETE"} <= {
            one.strip() for one in reply.headers["Access-Control-Allow-Methods"].split(",")
        }
        assert "Beacon-Service-Key" in reply.headers["Access-Control-Allow-Headers"]


@pytest.fixture
async def net(nothing_left: None) -> Any:
    async with demo_running() as running:
        yield running
