"""Lists and registries of others over the wire: fetched in bounds, taken in, followed."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from aggregator.base.errors import BadQuery, Conflict, NotFound
from aggregator.watch.following import FOLLOW, MAX_BYTES, Follower
from registry import slices
from registry.keys import KeyKind
from registry.records import MemberState
from tests.faulty import FaultyMember, answer, hang
from tests.networks import Running, come_true, network_of
from tests.pieces import pieces_of_work

BY = "operator:anna"


def beacon(key: str, **told: Any) -> dict[str, Any]:
    kind = {"group": "org.ga4gh", "artifact": "beacon", "version": "2.0.0"}
    return {"id": f"org.example.{key}", "name": key, "type": kind,
            "url": f"http://127.0.0.1:9/{key}", **told}  # fmt: skip


@dataclass
class Registry:
    """A registry of somebody else; `pages` are what it serves now, by path."""

    pages: dict[str, Any]
    url: str = ""
    asked: list[str] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        page = self.pages.get(request.path)
        if page is None:
            return web.json_response({"message": "Not Found"}, status=404)
        if isinstance(page, web.HTTPException):
            raise page
        if isinstance(page, bytes):
            return web.Response(body=page)
        if isinstance(page, str):
            media_type = "text/html" if page.startswith("<") else "text/plain"
            return web.Response(text=page, content_type=media_type)
        return web.json_response(page)


@asynccontextmanager
async def registry(pages: dict[str, Any]) -> AsyncIterator[Registry]:
    made = Registry(pages)
    app = web.Application()
    app.router.add_get("/{path:.*}", made.serve)
    async with TestServer(app) as server:
        made.url = str(server.make_url("")).rstrip("/")
        yield made


def follower(net: Running) -> Follower:
    return net.network.around.follower


def states(net: Running) -> dict[str, MemberState]:
    return {one.id: one.state for one in net.network.registry.store.records.values()}


def asked_now(net: Running) -> list[str]:
    """The members questions go to now."""
    return [member.id for member in net.network.holder.current.members]


# --- fetching


@pytest.mark.parametrize(
    ("path", "form", "asked"),
    [
        ("", "auto", ["/", "/services"]),
        ("/", "ga4gh", ["/services"]),
        ("/services", "auto", ["/services"]),
        ("/services?type=beacon", "ga4gh", ["/services"]),
    ],
)
async def test_a_service_registry_is_read_at_its_base_and_at_its_services(
    path: str, form: str, asked: list[str]
) -> None:
    pages = {"/": "GA4GH Beacon Registry", "/services": [beacon("a"), beacon("b")]}
    async with registry(pages) as there, network_of() as net:
        listed = await follower(net).fetch(there.url + path, form=form)
        assert there.asked == asked
    assert [entry.id for entry in listed.entries] == ["org-example-a", "org-example-b"]
    assert listed.form == "ga4gh"


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (["https://a.example.org/api"], "elixir"),
        ("v2_Beacons:\n  - https://a.example.org/api\n", "ega"),
        ("id;url\na;https://a.example.org/api\n", "csv"),
        ("members:\n  - {id: a, url: 'https://a.example.org/api', token: passthrough}\n", "seed"),
    ],
)
async def test_every_form_is_read_from_an_address(body: Any, form: str) -> None:
    async with registry({"/list": body}) as there, network_of() as net:
        listed = await follower(net).fetch(f"{there.url}/list")
    (entry,) = listed.entries
    assert (listed.form, entry.url, entry.token) == (form, "https://a.example.org/api", "none")


async def test_the_registry_of_another_network_of_ours_can_be_read() -> None:
    members = [{"id": "theirs", "url": "http://127.0.0.1:9/theirs", "name": "Theirs"}]
    async with network_of(members) as theirs, network_of() as net:
        listed = await follower(net).fetch(theirs.url, form="ga4gh")
        made = await follower(net).take_in(listed, by=BY)
        assert "http://127.0.0.1:9/theirs" in [entry.url for entry in listed.entries]
        assert made.added


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (None, "answers HTTP 404"),
        ("<!doctype html><title>Our beacons</title>", "is a page for people"),
        ("just words", "no list of beacons that is known"),
        (b"\xff\xfe\x00", "not UTF-8 text"),
        (b" " * (MAX_BYTES + 1), "larger than 4 MiB"),
        (web.HTTPFound("ftp://x.example.org/list"), "not of the web"),
    ],
)
async def test_what_cannot_be_read_is_said(page: Any, said: str) -> None:
    async with registry({"/list.json": page}) as there, network_of() as net:
        with pytest.raises(BadQuery, match=said) as refused:
            await follower(net).fetch(f"{there.url}/list.json")
        assert there.asked == ["/list.json"]
    assert refused.value.problems[0].startswith(f"{there.url}/list.json: ")


async def test_a_list_that_moved_is_followed_to_its_place() -> None:
    pages = {"/old.json": web.HTTPFound("/new.json"), "/new.json": ["https://a.example.org"]}
    async with registry(pages) as there, network_of() as net:
        assert len((await follower(net).fetch(f"{there.url}/old.json")).entries) == 1


async def test_a_silent_registry_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.watch.following.FETCH_S", 0.3)
    async with FaultyMember(hang()) as silent, network_of() as net:
        with pytest.raises(BadQuery, match=r"within 0\.\d+ s"):
            await follower(net).fetch(f"{silent.url}/list.json")


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "localhost", "[::1]"])
async def test_private_addresses_are_refused_alike_and_get_no_packet(host: str) -> None:
    closed = {"security": {"allow_private_members": False}}
    async with FaultyMember(answer()) as inside, network_of(**closed) as net:
        url = f"http://{host}:{inside.port}/list.json"
        with pytest.raises(BadQuery) as refused:
            await follower(net).fetch(url)
        assert inside.connections == 0
    (problem,) = refused.value.problems
    assert problem.removeprefix(url).startswith(": leads to no address on the public internet")


@pytest.mark.parametrize(
    "url", ["", "list.csv", "ftp://x.example.org", "https://me:pw@x.example.org", "https://x y"]
)
async def test_what_is_no_address_is_refused(url: str) -> None:
    async with network_of() as net:
        with pytest.raises(BadQuery, match=r"^url: "):
            await follower(net).fetch(url)


# --- following


async def test_what_is_followed_comes_and_goes_and_is_in_force() -> None:
    pages: dict[str, Any] = {"/services": [beacon("a"), beacon("b")]}
    async with registry(pages) as there, network_of() as net:
        made = await follower(net).follow(
            "csc", there.url, by=BY, form="ga4gh", groups=["north"], is_trusted=True
        )
        assert asked_now(net) == ["org-example-a", "org-example-b"]
        assert net.member("org-example-a").entry.groups == ("north",)
        assert made.result.startswith("2 beacons listed. 2 added: org-example-a, org-example-b.")
        pages["/services"] = [beacon("b", name="New"), beacon("c")]
        again = await follower(net).look("csc", by=BY)
        assert asked_now(net) == ["org-example-a", "org-example-b", "org-example-c"]
        assert net.member("org-example-b").entry.name == "New"
        for said in (
            "1 not listed, to be removed if the next look does not find them either: org-example",
            "1 added: org-example-c.",
            "1 changed: org-example-b.",
        ):
            assert said in again.result
        with capture_logs() as told:
            last = await follower(net).look("csc", by=BY)
        assert asked_now(net) == ["org-example-b", "org-example-c"]
        assert last.result == "2 beacons listed. 1 removed: org-example-a."
        # looks at the members, which nobody serves, have warnings of their own
        warnings = [line for line in told if line["log_level"] == "warning"]
        (warning,) = [line for line in warnings if line["event"] != "member not recognised"]
        assert (warning["registry"], warning["members"]) == ("csc", ("org-example-a",))
        lines = await net.network.registry.journal.read()
        assert {one.actor for one in lines[:-3]} == {"import:csc"}
        assert (
            await follower(net).look("csc", by=BY)
        ).result == "2 beacons listed. Nothing changed."


async def test_new_members_of_what_is_not_trusted_wait() -> None:
    async with registry({"/services": [beacon("a")]}) as there, network_of() as net:
        made = await follower(net).follow("csc", there.url, by=BY, form="ga4gh")
        assert asked_now(net) == []
        assert states(net) == {"org-example-a": MemberState.PENDING}
        assert "1 new, waiting for approval: org-example-a." in made.result
        await net.network.registry.steward.approve("org-example-a", by=BY)
        assert asked_now(net) == ["org-example-a"]


@pytest.mark.parametrize(
    "page", [None, "<html>", {"error": "x"}, [], [beacon("a"), {"type": "beacon"}]]
)
async def test_a_look_that_fails_keeps_everybody_and_is_told(page: Any) -> None:
    pages: dict[str, Any] = {"/services": [beacon("a"), beacon("b"), beacon("c")]}
    async with registry(pages) as there, network_of() as net:
        first = await follower(net).follow("csc", there.url, by=BY, form="ga4gh", is_trusted=True)
        pages["/services"] = page
        told = await follower(net).look("csc", by=BY)
        assert len(asked_now(net)) == 3
        assert told.looked_at is not None
        assert first.looked_at is not None
        assert told.looked_at >= first.looked_at
        assert "nothing was changed" in told.result or "not listed any more stay" in told.result


async def test_a_registry_that_is_gone_keeps_everybody() -> None:
    async with network_of() as net:
        async with registry({"/services": [beacon("a")]}) as there:
            await follower(net).follow("csc", there.url, by=BY, form="ga4gh", is_trusted=True)
        told = await follower(net).look("csc", by=BY)
        assert asked_now(net) == ["org-example-a"]
        assert "It could not be read, and nothing was changed" in told.result


async def test_what_cannot_be_read_is_not_followed() -> None:
    async with registry({}) as there, network_of() as net:
        with pytest.raises(BadQuery, match="answers HTTP 404"):
            await follower(net).follow("csc", there.url, by=BY)
        with pytest.raises(BadQuery, match="id: use 1 to 63"):
            await follower(net).follow("Bad Id", there.url, by=BY)
        assert await follower(net).followed() == ()
        with pytest.raises(NotFound):
            await follower(net).look("csc", by=BY)


async def test_an_id_follows_one_address() -> None:
    pages = {"/a": ["http://127.0.0.1:9/a"], "/b": ["http://127.0.0.1:9/b"]}
    async with registry(pages) as there, network_of() as net:
        await follower(net).follow("list", f"{there.url}/a", by=BY)
        await follower(net).follow("list", f"{there.url}/a", by=BY, is_trusted=True)
        assert [one.is_trusted for one in await follower(net).followed()] == [True]
        assert len(asked_now(net)) == 1
        with pytest.raises(Conflict, match="choose another id"):
            await follower(net).follow("list", f"{there.url}/b", by=BY)
        assert len(asked_now(net)) == 1


async def test_approved_members_that_flicker_in_the_list_are_what_they_were() -> None:
    names = [f"org-example-{key}" for key in "abcde"]
    pages: dict[str, Any] = {"/services": [beacon(key) for key in "abcde"]}
    async with registry(pages) as there, network_of() as net:
        await follower(net).follow("csc", there.url, by=BY, form="ga4gh")
        steward, keyring = net.network.registry.steward, net.network.registry.keyring
        for name in names:
            await steward.approve(name, by=BY)
        await steward.edit(names[4], {"timeout_s": 5, "max_concurrency": 2}, by=BY)
        keys = [await keyring.rotate(name, by=BY) for name in names[3:]]
        pages["/services"] = [beacon(key) for key in "abc"]
        await follower(net).look("csc", by=BY)
        assert asked_now(net) == names, "one look that misses them takes nobody away"
        await follower(net).look("csc", by=BY)
        assert asked_now(net) == [*names[:3], names[4]], "an operator's member stays"
        pages["/services"] = [beacon(key) for key in "abcde"]
        told = await follower(net).look("csc", by=BY)
        assert asked_now(net) == names
        assert set(states(net).values()) == {MemberState.ACTIVE}
        assert "1 back, as they were: org-example-d." in told.result
        entry = net.member(names[4]).entry
        assert (entry.timeout_s, entry.max_concurrency) == (5, 2)
        for key in keys:
            assert await keyring.holder(key, KeyKind.SERVICE) is not None


async def test_a_look_that_another_process_has_ended_changes_nothing() -> None:
    pages: dict[str, Any] = {"/services": [beacon("a")]}
    async with registry(pages) as there, network_of() as net:
        looking = follower(net)
        await looking.follow("csc", there.url, by=BY, form="ga4gh", is_trusted=True)
        source = await looking._sources.get("csc")
        pages["/services"] = [beacon("a"), beacon("b")]
        listed = await looking.fetch(source.url, form=source.form)
        await looking._sources.drop("csc", by=BY)
        await looking._take(source, listed)
        assert asked_now(net) == ["org-example-a"]
        assert await looking.followed() == ()


async def test_members_stay_when_a_registry_is_followed_no_more() -> None:
    pages: dict[str, Any] = {"/services": [beacon("a")]}
    async with registry(pages) as there, network_of() as net:
        await follower(net).follow("csc", there.url, by=BY, form="ga4gh", is_trusted=True)
        await follower(net).unfollow("csc", by=BY)
        assert asked_now(net) == ["org-example-a"]
        assert await follower(net).followed() == ()
        with pytest.raises(NotFound):
            await follower(net).unfollow("csc", by=BY)


async def test_looks_go_on_by_themselves_and_failures_do_not_end_them() -> None:
    pages: dict[str, Any] = {"/list.json": ["http://127.0.0.1:9/a", "http://127.0.0.1:9/b"]}
    often = {"url": "sqlite:///:memory:", "probe": False, "follow_s": 0.05}
    async with registry(pages) as there, network_of(registry=often) as net:
        await follower(net).follow("list", f"{there.url}/list.json", by=BY, is_trusted=True)
        pages["/list.json"] = None
        seen = len(there.asked)
        await come_true(lambda: len(there.asked) > seen + 1)
        assert len(asked_now(net)) == 2
        pages["/list.json"] = ["http://127.0.0.1:9/a", "http://127.0.0.1:9/c"]
        await come_true(lambda: asked_now(net) == ["127-0-0-1-a", "127-0-0-1-c"])


async def test_of_several_processes_one_looks() -> None:
    pages: dict[str, Any] = {"/list.json": ["http://127.0.0.1:9/a"]}
    async with registry(pages) as there, network_of() as net:
        net_follower, store = follower(net), net.network.registry.store
        await net_follower.aclose()  # only the test looks
        await net_follower.follow("list", f"{there.url}/list.json", by=BY)
        net_follower._follow_s = 0.0
        assert await store.take_lease(FOLLOW, "another process", 60)
        seen = len(there.asked)
        await net_follower.look_at_due()
        assert len(there.asked) == seen
        await store.drop_lease(FOLLOW, "another process")
        await net_follower.look_at_due()
        assert len(there.asked) == seen + 1


async def test_no_piece_of_work_grows_with_the_length_of_a_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # a slice of work is one step then, on a machine of whatever speed
    monkeypatch.setattr(slices, "SLICE_S", 0.0)
    await _largest_piece(1)  # what is compiled and kept once is
    few, many = await _largest_piece(250), await _largest_piece(750)
    assert (many - few) / 500 < 4, "nothing dear is done for every member in one piece"


async def _largest_piece(members: int) -> int:
    """Give the calls in the largest piece of work that others wait for while a list is followed."""
    urls = [f"http://127.0.0.1:9/{number}" for number in range(members)]
    pages = {"/list.json": json.dumps(urls)}
    async with registry(pages) as there, network_of() as net:
        url, keeper = f"{there.url}/list.json", net.network.keeper
        with pieces_of_work() as pieces:
            await follower(net).follow("list", url, by=BY)
            await follower(net).look("list", by=BY)
            await follower(net).follow("list", url, by=BY, groups=["all"], is_trusted=True)
            await keeper.look_at_all()
        assert len(asked_now(net)) == members
    return max(pieces)
