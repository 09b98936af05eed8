"""The OpenAPI document tells of every route and nothing else, and our answers are as it says."""

import re
from collections.abc import AsyncIterator, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from aiohttp import web
from jsonschema import Draft202012Validator
from openapi_schema_validator import OAS31Validator
from referencing import Registry

from aggregator.api.openapi import TAGS
from aggregator.api.openapi_parameters import CONTROLS, OPTIONS, VARIANT
from aggregator.api.openapi_paths import OPERATIONS
from aggregator.api.openapi_schemas import OURS
from aggregator.app import web_application
from aggregator.protocol.parameters import LENGTHS, NETWORK_CONTROLS, POSITIONS, TEXTS
from aggregator.protocol.requests import _OPTIONS
from tests.faulty import FaultyMember, answer, json_answer
from tests.networks import (
    BRAF,
    DemoRunning,
    demo_running,
    entry,
    network_of,
    nothing_left,
    says,
    scripted,
)

__all__ = ["nothing_left"]

Json = Any

REFUSED = {"/update/services"}
NEED_AN_ID = {("/services", "put"), ("/services", "delete")}
"""What never does anything and says so."""


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[DemoRunning]:
    async with demo_running() as running:
        yield running


@pytest.fixture
async def document(net: DemoRunning) -> Json:
    reply = await net.ask(path="/openapi.json")
    assert reply.status == 200
    return reply.json


def routes_of(app: web.Application) -> Iterator[tuple[str, str]]:
    """Every route, found otherwise than the document finds it."""
    for route in app.router.routes():
        resource = route.resource
        assert resource is not None
        info = resource.get_info()
        path = info.get("path") or info.get("formatter") or f"{info['prefix']}/{{path}}"
        if route.method != "HEAD":
            yield path, route.method.lower()


async def test_every_route_is_described_and_every_description_is_a_route(
    net: DemoRunning, document: Json
) -> None:
    described = {
        (path, method) for path, methods in document["paths"].items() for method in methods
    }
    assert described == set(routes_of(web_application(net.network)))
    assert set(OPERATIONS) <= set(document["paths"])


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


async def test_what_has_a_tag_is_described_so(net: DemoRunning, document: Json) -> None:
    """What is read with an ETag, and 304 to who names it: found by asking for everything."""
    filled = {"id": "demo-records", "name": "health", "path": "g_variants", "incident": "none"}
    tagged, seen = set(), 0
    for path, methods in document["paths"].items():
        names = re.findall(r"{(\w+)}", path)
        closed = path.startswith(("/admin", "/manage", "/search/events"))
        if "get" not in methods or closed or not filled.keys() >= set(names):
            continue
        reply = await net.ask(path=path.format(**filled))
        if reply.status == 404 and path == "/logo/{id}":  # no member of the demo has one
            continue
        seen += 1
        if (tag := reply.headers.get("ETag")) and path != "/static/{path}":
            for _ in range(5):  # what is told may change in between
                again = await net.ask(path=path.format(**filled), headers={"If-None-Match": tag})
                if again.status == 304:
                    break
                tag = again.headers["ETag"]
            assert (again.status, again.text) == (304, ""), path
            tagged.add(path)
        assert ("304" in methods["get"]["responses"]) == (path in tagged), path
    assert len(tagged) >= 10
    assert seen > 50


async def test_the_document_has_the_form_of_the_specification(document: Json) -> None:
    assert re.fullmatch(r"3\.1\.\d", document["openapi"])
    assert {"title", "version"} <= document["info"].keys()
    ids = [operation["operationId"] for *_, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for path, method, operation in operations(document):
        assert path.startswith("/")
        assert operation["summary"] != "Not described.", path
        assert operation["tags"][0] in TAGS
        if path not in REFUSED and (path, method) not in NEED_AN_ID:
            assert operation["responses"].keys() & {"200", "201", "204", "303"}, path
        named = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
        keys = [(each["in"], each["name"]) for each in operation.get("parameters", ())]
        assert len(keys) == len(set(keys)), path
        for each in operation.get("parameters", ()):
            assert each["in"] in {"query", "path", "header"}
            assert each.keys() >= {"schema"}
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"[2-5]\d\d", status)
            assert response["description"]
        assert ("requestBody" in operation) <= (method in {"post", "put", "patch"})


def schemas_in(value: Json) -> Iterator[Json]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "schema":
                yield inner
            elif key == "schemas":
                yield from inner.values()
            else:
                yield from schemas_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from schemas_in(inner)


async def test_every_schema_is_one(document: Json) -> None:
    found = list(schemas_in(document))
    assert len(found) > 100
    for schema in found:
        OAS31Validator.check_schema(schema)
        Draft202012Validator.check_schema(schema)


async def test_every_reference_inside_leads_somewhere(document: Json) -> None:
    for name in re.findall(r"'#/components/schemas/(\w+)'", str(document)):
        assert name in document["components"]["schemas"]


def test_examples_are_of_their_kind() -> None:
    for parameter in (*VARIANT, *OPTIONS, *CONTROLS):
        if "example" in parameter:
            Draft202012Validator(parameter["schema"]).validate(parameter["example"])


def test_every_parameter_that_is_read_is_described() -> None:
    described = {each["name"] for each in (*VARIANT, *OPTIONS)}
    read = {*TEXTS, *LENGTHS, *POSITIONS, *_OPTIONS, "requestedSchema"}
    assert described == read - {"pagination"}
    assert {each["name"] for each in CONTROLS if each["in"] == "query"} == NETWORK_CONTROLS


def component(name: str) -> Draft202012Validator:
    """A schema of ours with the others within reach; nothing is fetched."""
    root = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": OURS}}
    return Draft202012Validator(root, registry=Registry())


async def test_info_network_is_as_described(net: DemoRunning) -> None:
    network_info = component("NetworkInfo")
    for granularity in ("boolean", "count", "record"):
        reply = await net.ask(
            BRAF | {"requestedGranularity": granularity, "includeResultsetResponses": "ALL"}
        )
        network_info.validate(reply.info)
    network_info.validate((await net.ask(BRAF, path="/v1/query")).info)
    network_info.validate((await net.ask(BRAF | {"assemblyId": "GRCh37"})).info)


async def test_refusals_are_as_described() -> None:
    async with (
        FaultyMember(scripted(json_answer(says(False)))) as no,
        FaultyMember(scripted(answer(b"", 500))) as broken,
        network_of([entry(no, "no"), entry(broken, "broken", disabled=False)]) as net,
    ):
        reply = await net.ask(BRAF)
        assert reply.status == 502
        component("NetworkInfo").validate(reply.info)


async def test_explanations_and_texts_are_as_described(net: DemoRunning) -> None:
    reply = await net.ask(BRAF, path="/network/explain/g_variants")
    component("Explanation").validate(reply.json)
    for path in ("/livez", "/readyz"):
        component("Status").validate((await net.ask(path=path)).json)


async def test_official_schemas_are_named_where_they_are(document: Json) -> None:
    """The names of the files were checked by hand; here they only may not change unseen."""
    outside = set(re.findall(r"'\$ref': '(https://[^']+)'", str(document)))
    names = {each.rpartition("/")[2] for each in outside}
    assert names == {
        "Beacon",
        "BeaconAlleleRequest",
        "BeaconAlleleResponse",
        "beaconBooleanResponse.json",
        "beaconCollectionsResponse.json",
        "beaconConfigurationResponse.json",
        "beaconCountResponse.json",
        "beaconEntryTypesResponse.json",
        "beaconErrorResponse.json",
        "beaconFilteringTermsResponse.json",
        "beaconInfoResponse.json",
        "beaconMapResponse.json",
        "beaconRequestBody.json",
        "beaconResultsetsResponse.json",
        "ga4gh-service-info-1-0-0-schema.json",
    }


class Page(HTMLParser):
    """What a page loads, links to and has as anchors."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.headings: list[int] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if "id" in named:
            self.ids.append(named["id"])
        if tag == "a":
            self.links.append(named.get("href", ""))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.loads += [named[name] for name in ("src", "srcset") if name in named]
        if tag == "link":
            self.loads.append(named["href"])


async def test_the_docs_show_everything_and_load_nothing_from_others(
    net: DemoRunning, document: Json
) -> None:
    reply = await net.ask(path="/docs", headers={"Accept": "text/html"})
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/html")
    page = Page(reply.text)
    for path, _, operation in operations(document):
        assert path in reply.text
        for parameter in operation.get("parameters", ()):
            assert f"<code>{parameter['name']}</code>" in reply.text
    for name in document["components"]["schemas"]:
        assert f"schema-{name}" in page.ids
    assert len(page.ids) == len(set(page.ids))
    assert all(each.startswith("/") and not each.startswith("//") for each in page.loads)
    assert {each[1:] for each in page.links if each.startswith("#")} <= set(page.ids)
    assert "/openapi.json" in page.links
    assert page.headings[0] == 1
    steps = zip(page.headings, page.headings[1:], strict=False)
    assert all(after - before <= 1 for before, after in steps)
