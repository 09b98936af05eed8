"""Random requests made from our own OpenAPI document: nothing breaks, and nothing is unheard of.

schemathesis makes the requests, in every operation those the document allows and those it does
not. Whatever is asked, the status is one the document names and never 500, the answer is of a
type it names, and every Beacon document is valid.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.official import official
from tests.processes import Started, environment, network

EXAMPLES = 20
"""Requests per operation."""
WITHIN_S = 90
MEMBER = "demo-v1"
TOKEN = "an-operator-s-token-of-this-test"
NOT_JSON = ("/static/{path}", "/metrics", "/query", "/network/explain/{path}")
"""What is not for programs that ask in JSON, or switches to another protocol."""

CONFORMANCE = (
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)

Json = Any


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    env = environment(BEACON_SECURITY__ADMIN_TOKEN=TOKEN)
    folder = tmp_path_factory.mktemp("demo")
    with network("demo", "--port", "0", folder=folder, env=env) as started:
        yield started


def without_outside(value: Json) -> Json:
    """Leave out references to schemas elsewhere: they are checked by the official ones here."""
    if isinstance(value, dict):
        if str(value.get("$ref", "")).startswith("http"):
            return {}
        # of a stream our document describes the whole text, and schemathesis would read each event
        return {
            key: {} if key == "text/event-stream" else without_outside(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [without_outside(inner) for inner in value]
    return value


@cache
def operations_of(url: str, text: str) -> list[Any]:
    document = without_outside(json.loads(text))
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    config = SchemathesisConfig(
        projects=ProjectsConfig(default=ProjectConfig(generation=GenerationConfig(modes=modes)))
    )
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.config.update(base_url=url)
    return [
        operation.ok()
        for operation in schema.get_all_operations()
        if operation.ok().path not in NOT_JSON
    ]


def check(path: str, response: Any, documented: set[str]) -> None:
    """One answer is of a documented status, and valid where it is a Beacon document."""
    said = f"{response.request.method} {response.request.url} {response.request.body!r:.500}"
    status = response.status_code
    assert status != 500, f"{said}: {response.text[:500]}"
    assert str(status) in documented, f"{said}: {status} is not documented for {path}"
    if not response.headers.get("content-type", [""])[0].startswith("application/json"):
        return
    body = response.json()
    if path.startswith("/v1") and "meta" not in body:
        is_about = path in ("/v1", "/v1/") and status == 200
        official.validate_v1(body, "beacon" if is_about else "response")
    elif "meta" in body and ("responseSummary" in body or "error" in body):
        kind = official.validate_v2_answer(body)
        assert (kind == "error") is (status >= 400), said


def signed_in(url: str) -> str:
    """Sign an operator in as a browser does, and give the cookie of the session."""
    form = re.search(r'name="form_token" value="([^"]+)"', requests.get(f"{url}/admin/login").text)
    assert form is not None
    response = requests.post(
        f"{url}/admin/login",
        data={"form_token": form[1], "token": TOKEN},
        allow_redirects=False,
    )
    assert response.status_code == 303, response.text
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in response.cookies)


def fuzz(operation: Any, told: Counter[int], session: str) -> None:
    """Put random requests to one operation and count the statuses."""
    documented = set(operation.definition.raw["responses"])

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        case.headers = {**(case.headers or {}), "Accept": "application/json"}
        if operation.method == "get" and "id" in (case.path_parameters or {}) and not told:
            # no random id is a member's: the first one is
            case.path_parameters["id"] = MEMBER
        if operation.path.startswith("/admin/api"):
            case.headers["Authorization"] = f"Bearer {TOKEN}"
        elif operation.path.startswith("/admin"):
            case.headers["Cookie"] = session
        response = case.call(timeout=WITHIN_S, allow_redirects=False)
        told[response.status_code] += 1
        check(operation.path, response, documented)
        case.validate_response(response, checks=CONFORMANCE)

    ask()


@pytest.mark.timeout(600)
def test_no_request_breaks_anything_or_is_answered_in_an_unheard_of_way(demo: Started) -> None:
    text = demo.get("/openapi.json")[2].decode()
    operations, session = operations_of(demo.url, text), signed_in(demo.url)
    statuses: dict[str, Counter[int]] = {}
    for operation in operations:
        told = statuses.setdefault(f"{operation.method.upper()} {operation.path}", Counter())
        fuzz(operation, told, session)
    assert len(statuses) > 20
    never = [name for name, told in statuses.items() if not told]
    assert not never, f"never asked: {never}"
    answered = [name for name, told in statuses.items() if any(code < 300 for code in told)]
    assert len(answered) > len(statuses) / 2, statuses
    assert demo.process.poll() is None
    assert "Traceback" not in demo.err
