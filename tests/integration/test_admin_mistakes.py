"""Mistakes at the API of operators: the message names the field, and nothing is stored."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.faulty import FaultyMember
from tests.integration.operators import AS_OPERATOR, SECURED, call, problem_of
from tests.networks import Running, entry, network_of, nothing_left, scripted

__all__ = ["nothing_left"]

Json = Any

NEW = {"id": "new", "url": "https://new.example.org"}
LONG = "x" * 2_001


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    async with FaultyMember(scripted()) as member:
        entries = [
            entry(member, "one", name="One", groups=["europe"]),
            entry("https://two.example.org/api", "two"),
        ]
        async with network_of(
            entries, security=SECURED, server={"max_request_bytes": 150_000}
        ) as net:
            await net.known("one")  # nothing that is stored changes by itself after that
            yield net


async def stored(net: Running) -> Json:
    """Everything operators can change."""
    paths = ("members", "groups", "keys", "followed", "log")
    return [(await call(net, "GET", path)).json for path in paths]


FIELDS = [
    ("id", 5, "id: expected a text"),
    ("id", "New", "id: an id is 1 to 63 lower-case letters"),
    ("id", "x" * 64, "id: an id is 1 to 63 lower-case letters"),
    ("url", None, "url: expected a text"),
    ("url", "ftp://new.example.org", "url: a member's address starts with https://"),
    ("url", "javascript:alert(1)", "url: a member's address starts with https://"),
    ("url", "https://ann:secret@new.example.org", "url: no user name or password in the address"),
    ("url", f"https://new.example.org/{LONG}", "url: an address is at most 2,000"),
    ("url", "https://new.example.org/?x=1", "url: the address is the base of the beacon"),
    ("name", ["x"], "name: expected a text"),
    ("name", "x" * 201, "name: expected at most 200 characters"),
    ("name", "two\nlines", "name: a name is one line of printable characters"),
    ("protocol", "v9", "protocol: expected 'auto'"),
    ("assemblies", ["GRCh99"], "assemblies"),
    ("assemblies", 38, "assemblies: expected a list"),
    ("dialect", {"case": "mixed"}, "dialect.case: expected 'upper' or 'lower'"),
    ("dialect", {"unheard": 1}, "dialect.unheard: unknown key"),
    ("timeout_s", 0, "timeout_s: expected more than 0"),
    ("timeout_s", "soon", "timeout_s: expected a number"),
    ("max_concurrency", 1.5, "max_concurrency: expected a whole number"),
    ("token", "hunter2", "token: a token policy is none, passthrough or env:"),
    ("ca_file", 7, "ca_file: expected a text"),
    ("ca_file", "/nowhere/ca.pem", "ca_file: “/nowhere/ca.pem” is no file here; give"),
    ("groups", ["asia"], "groups: there is no group “asia”"),
    ("groups", "europe", "groups: expected a list"),
    ("paused", {"until": "whenever"}, "paused.until"),
    ("paused", {"until": 5.5}, "paused.until: expected a day, as 2030-12-31, or a moment"),
    ("paused", {"note": "x" * 501}, "paused.note: expected at most 500"),
    ("disabled", "perhaps", "disabled: expected true or false"),
    ("same_as", {"a": 1}, "same_as: expected a list"),
    ("same_as", ["nobody"], "same_as: there is no member “nobody”; correct the id"),
    ("description", "x" * 10_001, "description: expected at most 10,000"),
    ("organization", {"url": "https://x.org"}, "organization.name: is needed"),
    (
        "organization",
        {"name": "X", "url": "javascript:alert(1)"},
        "organization: url starts with https:// or http://",
    ),
    ("contact", "nobody", "contact: an e-mail address, as name@example.org"),
    ("contact", 5, "contact: expected a text"),
    ("colour", "blue", "colour: unknown key"),
    ("state", "active", "state: unknown key"),
]


@pytest.mark.parametrize(("field", "value", "message"), FIELDS)
async def test_a_wrong_field_is_named_and_nothing_is_stored(
    net: Running, field: str, value: Json, message: str
) -> None:
    before = await stored(net)
    reply = await call(net, "POST", "members", {**NEW, field: value}, status=400)
    assert problem_of(reply).startswith(message)
    assert reply.json["problems"]
    if value is not None:
        reply = await call(net, "PATCH", "members/one", {field: value}, status=400)
        assert problem_of(reply).startswith(("id: it cannot be changed", message))
    assert await stored(net) == before


async def test_every_problem_is_told_at_once(net: Running) -> None:
    wrong = {"id": "New", "url": "ftp://x", "name": 5, "colour": "blue"}
    reply = await call(net, "POST", "members", wrong, status=400)
    fields = [problem.partition(":")[0] for problem in reply.json["problems"]]
    assert fields == ["id", "url", "name", "colour"]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"id": "one", "url": "https://new.example.org"}, "id"),
        ({"id": "new", "url": "https://TWO.example.org:443/api/", "protocol": "v2"}, "url"),
    ],
)
async def test_what_another_member_has_is_a_conflict(
    net: Running, document: Json, field: str
) -> None:
    before = await stored(net)
    reply = await call(net, "POST", "members", document, status=409)
    assert problem_of(reply).startswith(f"{field}: ")
    assert await stored(net) == before


MISTAKES = [
    ("PATCH", "members/one", {"id": "other"}, 400, "id: it cannot be changed"),
    ("PATCH", "members/one", {"url": "https://two.example.org/api"}, 409, "url: "),
    ("PATCH", "members/one", {"url": None}, 400, "url: is needed"),
    ("PATCH", "members/lost", {"name": "X"}, 404, "There is no member “lost”"),
    ("PATCH", "members/%00", {"name": "X"}, 404, "There is no member"),
    ("GET", "members/..%2Fone", None, 404, "There is no"),
    ("DELETE", "members/lost", None, 404, "There is no member “lost”"),
    ("POST", "members/one/approve", {"note": "x"}, 400, "note: unknown key"),
    ("POST", "members/one/reject", None, 409, "one does not wait for approval"),
    ("POST", "members/one/reject", {"note": 5}, 400, "note: expected a text"),
    ("POST", "members/one/reject", {"note": "a\x00b"}, 400, "note: no control characters"),
    ("POST", "members/one/pause", {"until": "soon"}, 400, "paused.until"),
    ("POST", "members/one/pause", {"until": "2020-01-01"}, 400, "until: this is in the past"),
    ("POST", "members/one/pause", {"until": 5}, 400, "until: expected a text"),
    ("POST", "members/one/pause", {"by": "member"}, 400, "by: unknown key"),
    ("POST", "members/one/pause", {"note": "x" * 501}, 400, "note: expected at most 500"),
    ("POST", "members/lost/key", None, 404, "There is no member “lost”"),
    ("PUT", "order", {"order": ["lost"]}, 400, "order: there is no member “lost”"),
    ("PUT", "order", {"order": "one"}, 400, "order: expected a list"),
    ("PUT", "order", {}, 400, "order: is needed"),
    ("PUT", "groups/Europe", {}, 404, "There is no group “Europe”"),
    ("PUT", "groups/europe", {"name": "x" * 201}, 400, "name: expected at most 200"),
    ("PUT", "groups/europe", {"opaque": "perhaps"}, 400, "opaque: expected true or false"),
    ("PUT", "groups/one", {"opaque": True}, 409, "id: “one” is a member"),
    (
        "PUT",
        "groups/europe",
        {"organization": {"name": "X", "url": "javascript:alert(1)"}},
        400,
        "organization: url starts with",
    ),
    ("DELETE", "groups/asia", None, 404, "There is no description of a group “asia”"),
    ("POST", "keys", {}, 400, "kind: invitation or operator"),
    ("POST", "keys", {"kind": "service"}, 400, "kind: invitation or operator"),
    ("POST", "keys", {"kind": "invitation", "days": 0}, 400, "days: a number from 1"),
    ("POST", "keys", {"kind": "invitation", "uses": "2"}, 400, "uses: expected a whole number"),
    ("POST", "keys", {"kind": "invitation", "name": "x"}, 400, "name: unknown key"),
    ("POST", "keys", {"kind": "operator", "name": "Ann"}, 400, "name: 1 to 63 lower-case"),
    ("DELETE", "keys/0123456789ab", None, 404, "There is no key “0123456789ab”"),
    ("POST", "import", {}, 400, "url: give the address of a list"),
    ("POST", "import", {"url": "https://x.org", "list": "x"}, 400, "url: give the address"),
    ("POST", "import", {"list": "x", "form": "xml"}, 400, "form: expected 'auto'"),
    ("POST", "import", {"list": "x", "waits": "yes"}, 400, "waits: expected true or false"),
    ("POST", "followed", {"id": "src", "url": "x", "groups": ["asia"]}, 400, "groups: there is no"),
    ("POST", "followed", {"id": "src"}, 400, "url: is needed"),
    ("GET", "log?subject=%00", None, 400, "subject: the id of a member"),
    ("GET", "keys?kind=lost", None, 400, "kind: one of"),
    ("GET", "nothing", None, 404, "There is nothing at /admin/api/nothing"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "message"), MISTAKES)
async def test_a_mistake_is_said_and_changes_nothing(
    net: Running, method: str, path: str, body: Json, status: int, message: str
) -> None:
    before = await stored(net)
    # the address as it is: clients tidy up what is sent here
    reply = await net.ask(path=f"/admin/api/{path}", body=body, method=method, headers=AS_OPERATOR)
    assert reply.status == status, reply.text
    assert problem_of(reply).startswith(message)
    assert await stored(net) == before


@pytest.mark.parametrize(
    ("raw", "status", "message"),
    [
        (b"{", 400, "The body is not JSON"),
        (b"[1]", 400, "The body is JSON, but not an object"),
        (b'{"name": "\xff"}', 400, "The body is not JSON"),
        (b'{"name": "' + b"x" * 200_000 + b'"}', 413, "The body is larger than"),
        (b'{"name":' + b"[" * 100_000, 400, "The body is"),
    ],
)
async def test_a_body_that_is_none_is_refused(
    net: Running, raw: bytes, status: int, message: str
) -> None:
    before = await stored(net)
    for method, path in (("POST", "members"), ("PATCH", "members/one"), ("PUT", "groups/europe")):
        reply = await net.ask(
            path=f"/admin/api/{path}", raw=raw, method=method, headers=AS_OPERATOR
        )
        assert reply.status == status, reply.text
        assert problem_of(reply).startswith(message)
    assert await stored(net) == before
