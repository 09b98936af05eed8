"""Fields of the form to join that are wrong: each is named at its field, and nothing is stored."""

from typing import Any

import pytest

from demo import DemoNetwork
from tests.integration.joinable import demo, net
from tests.join_visits import (
    AGREED,
    Kept,
    Visitor,
    address,
    agreeing,
    form_of,
    joined,
    kept,
    problems_of,
)
from tests.networks import Running

__all__ = ["demo", "net"]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("id", "", "an id is 1 to 63"),
        ("id", "No Spaces", "an id is 1 to 63"),
        ("id", "a" * 64, "an id is 1 to 63"),
        ("name", "a" * 201, "at most 200 characters"),
        ("name", "two\nlines", "one line of printable characters"),
        ("description", "a" * 10_001, "at most 10,000 characters"),
        ("organization_name", "a" * 201, "1 to 200 printable characters"),
        ("organization_name", "", "1 to 200 printable characters"),
        ("organization_url", "javascript:alert(1)", "starts with https:// or http://"),
        ("organization_url", "https://" + "a" * 2000, "at most 2,000 characters"),
        ("organization_contact_url", "write@example.org", "starts with https://"),
        ("organization_logo_url", "mailto:a@example.org", "starts with https:// or http://"),
        ("organization_logo_url", "https://[", "no address that can be read"),
        ("organization_description", "a" * 10_001, "at most 10,000 characters"),
        ("contact", "", "give an e-mail address"),
        ("contact", "nobody", "an e-mail address, as name@example.org"),
        ("contact", "a" * 320 + "@example.org", "at most 320 characters"),
        ("assemblies", ["mm10"], "mm10"),
        ("agree", None, "tick the box"),
        ("invitation", "bik_made-up", "this network has not given it out"),
    ],
)
async def test_each_is_named_at_its_field_and_nothing_is_stored(
    net: Running, demo: DemoNetwork, field: str, value: Any, says: str
) -> None:
    page = await agreeing(net, demo)
    status = 403 if field == "invitation" else 400
    refused = await Visitor(net).send(page, "/join", {**AGREED, field: value}, status=status)

    told = problems_of(refused)
    assert set(told) == {field}
    assert says.lower() in told[field].lower()
    assert refused.root.one(id="problems").attributes["role"] == "alert"
    assert await kept(net) == Kept((), (), 0)
    await Visitor(net).send(
        refused, "/join", {**form_of(page), **AGREED, "invitation": ""}, status=201
    )


async def test_all_at_once(net: Running, demo: DemoNetwork) -> None:
    page = await agreeing(net, demo)
    typed = {"id": "?", "contact": "?", "organization_url": "?", "agree": None}
    refused = await Visitor(net).send(page, "/join", typed, status=400)

    assert set(problems_of(refused)) == {"id", "contact", "organization_url", "agree"}
    assert form_of(refused)["id"] == "?"


async def test_what_is_taken_is_said_at_its_field(net: Running, demo: DemoNetwork) -> None:
    page = await agreeing(net, demo)
    other = await agreeing(net, demo, "demo-v1")
    await joined(net, address(demo), id="archive")
    before = await kept(net)
    both = await Visitor(net).send(page, "/join", {**AGREED, "id": "archive"}, status=409)
    one = await Visitor(net).send(other, "/join", {**AGREED, "id": "archive"}, status=409)

    assert set(problems_of(both)) == {"id"}
    assert "A beacon at this address is registered here already" in both.text
    assert problems_of(one) == {"id": "✕ “archive” is taken; choose another one."}
    assert await kept(net) == before
    await Visitor(net).send(one, "/join", {"id": "hospital"}, status=201)


async def test_what_only_the_operator_sets_is_not_read_from_a_form(
    net: Running, demo: DemoNetwork
) -> None:
    page = await agreeing(net, demo)
    typed = {**AGREED, "token": "passthrough", "groups": "europe", "ca_file": "/etc/passwd"}
    await Visitor(net).send(page, "/join", typed, status=201)

    entry = (await net.network.registry.steward.record("org-example-demo-records")).entry
    assert (entry.token, entry.groups, entry.ca_file) == ("none", (), None)
