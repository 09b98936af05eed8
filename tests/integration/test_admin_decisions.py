"""Operators approve and turn away what they have seen, and nothing that came after."""

from collections.abc import AsyncIterator

import pytest

from registry.records import MemberState
from registry.registration import Registration
from tests.faulty import FaultyMember
from tests.integration.operators import SECURED, Visitor, call, problem_of
from tests.networks import Running, entry, network_of, nothing_left, scripted
from tests.pages import Page, read

__all__ = ["nothing_left"]

MOVED = "was changed by somebody else"


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    async with (
        FaultyMember(scripted()) as member,
        network_of([entry(member, "one", name="One")], security=SECURED) as net,
    ):
        asks = Registration(id="new", url="https://new.example.org", contact="ann@example.org")
        await net.network.registry.steward.register(asks, by="stranger")
        yield net


@pytest.fixture
async def visitor(net: Running) -> Visitor:
    return await Visitor(net).sign_in()


async def changes(net: Running, name: str = "Something else", member_id: str = "new") -> None:
    steward, by = net.network.registry.steward, f"member:{member_id}"
    await steward.propose(member_id, {"name": name}, by=by, at_once=False)


@pytest.mark.parametrize("button", ["approve", "reject"])
@pytest.mark.parametrize("path", ["/admin", "/admin/members/new"])
async def test_a_page_decides_on_what_it_showed(
    net: Running, visitor: Visitor, path: str, button: str
) -> None:
    steward = net.network.registry.steward
    page = await visitor.get(path)
    await changes(net)
    reply = await visitor.send(page, button, status=409, note="no")
    assert MOVED in reply.text
    assert (await steward.record("new")).state is MemberState.PENDING
    again = Page(reply, read(reply.text))
    assert "Something else" in again.text
    await visitor.send(again, button, note="no")
    state = MemberState.ACTIVE if button == "approve" else MemberState.REJECTED
    assert (await steward.record("new")).state is state


async def test_letting_in_after_all_is_about_what_was_seen(net: Running, visitor: Visitor) -> None:
    steward = net.network.registry.steward
    await steward.reject("new", by="operator")
    page = await visitor.get("/admin/members/new")
    await steward.edit("new", {"url": "https://other.example.org"}, by="operator:bob")
    assert MOVED in (await visitor.send(page, "approve", status=409)).text
    await visitor.press("/admin/members/new", "approve")
    assert (await steward.record("new")).state is MemberState.ACTIVE


@pytest.mark.parametrize("action", ["approve", "reject"])
async def test_a_program_says_what_it_has_seen(net: Running, action: str) -> None:
    seen = {"If-Match": (await call(net, "GET", "members/new")).headers["ETag"]}
    await changes(net)
    reply = await call(net, "POST", f"members/new/{action}", status=409, headers=seen)
    assert MOVED in problem_of(reply)
    assert "look at it again" in problem_of(reply)
    assert (await call(net, "GET", "members/new")).json["state"] == "pending"
    seen = {"If-Match": (await call(net, "GET", "members/new")).headers["ETag"]}
    await call(net, "POST", f"members/new/{action}", headers=seen)
    assert (await call(net, "GET", "members/new")).json["state"] != "pending"


async def test_what_would_change_is_what_approving_changes(net: Running, visitor: Visitor) -> None:
    """A proposal holds the whole entry as it was; operators' fields stay as they are now."""
    steward = net.network.registry.steward
    moved = {"url": "https://moved.example.org"}
    await steward.propose("one", moved, by="member:one", at_once=False)
    await steward.edit("one", {"timeout_s": 7}, by="operator")
    for path in ("/admin", "/admin/members/one"):
        page = await visitor.get(path)
        shown = page.root.one(aria_label="What would change").text
        assert "https://moved.example.org" in shown
        assert "timeout_s" not in shown
    await visitor.press("/admin", "approve", about="one")
    kept = (await steward.record("one")).entry
    assert (kept.url, kept.timeout_s) == ("https://moved.example.org", 7)


@pytest.mark.parametrize("path", ["/admin", "/admin/members/new"])
async def test_the_form_says_who_reads_the_note(net: Running, visitor: Visitor, path: str) -> None:
    page = await visitor.get(path)
    field = page.root.one("input", id="note-new-note" if path == "/admin" else "decide-note")
    (help_,) = page.root.all(id=field.attributes["aria-describedby"])
    assert "The member reads it" in help_.text
