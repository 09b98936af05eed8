"""Forms of a member's own entry count once, changes are charged, other sites send nothing."""

import asyncio
from urllib.parse import urlencode

import pytest

from demo import DemoNetwork
from registry.keys import KeyKind
from tests.integration.joinable import HERE, demo, key, net, opened, owner
from tests.join_visits import (
    AGREED,
    FORM,
    Owner,
    Visitor,
    address,
    agreeing,
    form_of,
    joined,
    kept,
    key_on,
)
from tests.networks import Reply, Running, network_of
from tests.pages import HTML, Page, read

__all__ = ["demo", "key", "net", "owner"]

CROSS_SITE = [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]


class TestReplays:
    async def test_an_old_change_is_not_made_again(self, net: Running, key: str) -> None:
        visitor, page = await opened(net, key)
        await visitor.send(page, f"{HERE}/change", {"name": "First"})
        await net.network.registry.steward.edit("archive", {"name": "Second"}, by="operator")
        before = await kept(net)
        again = await visitor.send(page, f"{HERE}/change", {"name": "First"}, status=409)

        assert "This form was sent before, and counts once" in again.text
        assert "Correct this" not in again.text
        assert form_of(again, f"{HERE}/change")["name"] == "Second"
        assert await kept(net) == before
        await visitor.send(again, f"{HERE}/change", {"name": "Third"})
        assert net.member("archive").entry.name == "Third"

    async def test_an_old_pause_and_an_old_resume_do_nothing(self, net: Running, key: str) -> None:
        visitor, page = await opened(net, key)
        paused = await visitor.send(page, f"{HERE}/pause")
        await visitor.send(paused, f"{HERE}/resume")
        await visitor.send(page, f"{HERE}/pause", status=409)
        assert net.member("archive").entry.paused is None
        await visitor.send(await visitor.get(HERE), f"{HERE}/pause")
        await visitor.send(paused, f"{HERE}/resume", status=409)
        assert net.member("archive").entry.paused is not None

    async def test_an_old_leave_does_not_undo_a_return(self, net: Running, key: str) -> None:
        visitor, page = await opened(net, key)
        await visitor.send(page, f"{HERE}/leave", {"confirm": "yes"})
        await net.network.registry.steward.restore("archive", by="operator")
        await visitor.send(page, f"{HERE}/leave", {"confirm": "yes"}, status=409)

        assert net.member("archive").id == "archive"

    async def test_forms_of_one_page_are_several(self, net: Running, key: str) -> None:
        visitor, page = await opened(net, key)
        await visitor.send(page, f"{HERE}/change", {"name": "First"})
        await visitor.send(page, f"{HERE}/pause")

        assert net.member("archive").entry.paused is not None

    async def test_a_form_that_was_wrong_may_be_corrected(self, net: Running, key: str) -> None:
        visitor, page = await opened(net, key)
        await visitor.send(page, f"{HERE}/change", {"contact": "nobody"}, status=400)
        await visitor.send(page, f"{HERE}/change", {"name": "Better"})

        assert net.member("archive").entry.name == "Better"

    async def test_another_spelling_of_the_token_is_the_same_form(
        self, net: Running, key: str
    ) -> None:
        visitor, page = await opened(net, key)
        form = form_of(page, f"{HERE}/pause")
        paused = await visitor.post(f"{HERE}/pause", form, status=303)
        await visitor.send(paused, f"{HERE}/resume")
        for ending in ("=", "!", "A"):
            other = {**form, "form": f"{form['form']}{ending}"}
            reply = await send(visitor, f"{HERE}/pause", other)
            assert reply.status in {403, 409}
        assert net.member("archive").entry.paused is None

    async def test_one_form_makes_one_key(self, net: Running, key: str) -> None:
        visitor, page = await opened(net, key)
        form = {**form_of(page, f"{HERE}/key"), "confirm": "yes"}
        replies = await asyncio.gather(*(send(visitor, f"{HERE}/key", form) for _ in range(4)))

        shown = [one for one in replies if one.status == 200]
        assert len(shown) == 1
        assert {one.status for one in replies} <= {200, 401, 403, 409}
        made = await net.network.registry.keyring.keys(KeyKind.SERVICE)
        assert len(made) == 2
        opens = [one for one in made if one.revoked_at is None]
        assert len(opens) == 1
        new = key_on(page_of(shown[0]))
        reply = await net.ask(path=f"{HERE}.json", headers={"Beacon-Service-Key": new})
        assert reply.status == 200


class TestCharging:
    async def test_changes_are_charged_and_looks_are_not(self, demo: DemoNetwork) -> None:
        async with network_of(security={"join_rate_limit": 1}) as net:
            told = await joined(net, address(demo), id="archive")
            owner = Owner(net, demo, "archive", told["serviceKey"])
            await net.network.registry.steward.approve("archive", by="operator")
            looks = [await owner.ask() for _ in range(5)]
            wrong = [await owner.edit(contact="nobody") for _ in range(4)]
            made = [
                await owner.edit(name="One"),
                await owner.ask("POST", "/pause", body={}),
                await owner.ask("POST", "/resume"),
            ]
            before = await kept(net)
            refused = [
                await owner.edit(name="Two"),
                await owner.ask("POST", "/pause", body={}),
                await owner.ask("POST", "/key"),
                await owner.ask("DELETE", ""),
            ]
            look = await owner.ask()

            assert {one.status for one in looks} == {200}
            assert {one.status for one in wrong} == {400}
            assert [one.status for one in made] == [200, 200, 200]
            assert [one.status for one in refused] == [429, 429, 429, 429]
            assert "Too many changes: at most 3" in refused[0].json["detail"]
            assert int(refused[0].headers["Retry-After"]) > 0
            assert look.status == 200
            assert await kept(net) == before

    async def test_the_page_says_so_and_its_form_is_good_later(self, demo: DemoNetwork) -> None:
        async with network_of(security={"join_rate_limit": 2}) as net:
            told = await joined(net, address(demo), id="archive")
            visitor, page = await opened(net, told["serviceKey"])
            for number in range(6):
                page = await visitor.send(page, f"{HERE}/change", {"name": f"Name {number}"})
            refused = await visitor.send(page, f"{HERE}/change", {"name": "Last"}, status=429)

            assert "Too many changes: at most 6" in refused.text
            assert form_of(refused, f"{HERE}/change")["name"] == "Last"
            entry = (await net.network.registry.steward.record("archive")).entry
            assert entry.name == "Name 5"


class TestOtherSites:
    @pytest.mark.parametrize("headers", CROSS_SITE)
    @pytest.mark.parametrize("act", ["open", "close", "change", "pause", "resume", "key", "leave"])
    async def test_they_send_no_form_of_an_entry(
        self, net: Running, key: str, act: str, headers: dict[str, str]
    ) -> None:
        visitor, page = await opened(net, key)
        fields = {**form_of(page, f"{HERE}/change"), "confirm": "yes", "name": "Mine now"}
        if act == "open":
            login = await Visitor(net).get(HERE)
            visitor.cookies = {}
            fields = {**form_of(login, f"{HERE}/open"), "key": key}
        before = await kept(net)
        reply = await send(visitor, f"{HERE}/{act}", fields, headers)

        assert reply.status == 403
        assert "Set-Cookie" not in reply.headers
        assert await kept(net) == before

    @pytest.mark.parametrize("headers", CROSS_SITE)
    async def test_they_register_nobody(
        self, net: Running, demo: DemoNetwork, headers: dict[str, str]
    ) -> None:
        page = await agreeing(net, demo)
        before = await kept(net)
        reply = await send(Visitor(net), "/join", {**form_of(page), **AGREED}, headers)

        assert reply.status == 403
        assert await kept(net) == before


async def send(
    visitor: Visitor, path: str, fields: dict[str, object], headers: dict[str, str] | None = None
) -> Reply:
    """Send a form and give the answer as it is."""
    told = {**HTML, **FORM, **visitor._cookie(path), **(headers or {})}
    raw = urlencode(fields, doseq=True).encode()
    return await visitor.net.ask(path=path, raw=raw, headers=told, within_s=60)


def page_of(reply: Reply) -> Page:
    return Page(reply, read(reply.text))
