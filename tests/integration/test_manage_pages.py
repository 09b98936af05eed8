"""The pages of a member's own entry: opened by its key, changed by forms of that session alone."""

import pytest

from aggregator.api import managing
from demo import DemoNetwork
from registry.models import Group
from tests.integration.joinable import HERE, demo, key, net, opened, owner
from tests.join_visits import (
    Visitor,
    address,
    form_of,
    joined,
    kept,
    key_on,
    lines_of,
    problems_of,
)
from tests.networks import Running

__all__ = ["demo", "key", "net", "owner"]


class TestOpening:
    async def test_the_key_opens_the_page(self, net: Running, key: str) -> None:
        visitor, page = await opened(net, key)
        again = await visitor.get(HERE)
        stranger = await Visitor(net).get(HERE)

        for one in (page, again):
            assert "It is a member of this network." in one.text
            assert "ops@example.org" in one.text
        assert "ops@example.org" not in stranger.text
        assert key not in page.reply.text
        assert "autocomplete" in stranger.root.one(id="key").attributes
        assert stranger.root.one(id="key").attributes["autocomplete"] == "off"

    async def test_who_waits_is_shown_as_waiting(self, net: Running, demo: DemoNetwork) -> None:
        told = await joined(net, address(demo), id="archive")
        _, page = await opened(net, str(told["serviceKey"]))
        assert page.root.one("span", class_="state").text == "… waits for approval"
        await net.network.registry.steward.approve("archive", by="operator")
        _, page = await opened(net, str(told["serviceKey"]))
        assert "waits" not in page.root.one("span", class_="state").text

    async def test_the_cookie_is_for_this_entry_alone(self, net: Running, key: str) -> None:
        login = await Visitor(net).get(HERE)
        form = {**form_of(login, f"{HERE}/open"), "key": key}
        reply = await net.ask(path=f"{HERE}/open", body=form)

        cookie = reply.headers["Set-Cookie"]
        assert (reply.status, reply.headers["Location"]) == (303, HERE)
        for part in (f"Path={HERE}", "HttpOnly", "SameSite=Strict"):
            assert part in cookie
        assert key not in cookie

    async def test_a_wrong_key_is_refused_with_the_same_words_everywhere(
        self, net: Running, key: str
    ) -> None:
        texts = []
        for member_id in ("archive", "nobody-here"):
            visitor = Visitor(net)
            here = f"/manage/{member_id}"
            page = await visitor.get(here)
            refused = await visitor.send(page, f"{here}/open", {"key": "bsk_wrong"}, status=401)
            texts.append(refused.text.replace("nobody-here", "archive"))
            assert "bsk_wrong" not in refused.reply.text

        assert texts[0] == texts[1]
        assert "This service key does not open the entry" in texts[0]

    @pytest.mark.parametrize(
        ("page", "heading"),
        [
            ("alerts", "Alerts of archive"),
            ("conformance", "Conformance of archive"),
            ("health", "Health of archive"),
        ],
    )
    async def test_the_key_leads_to_the_page_that_was_wanted(
        self, net: Running, key: str, page: str, heading: str
    ) -> None:
        visitor, wanted = Visitor(net), f"{HERE}/{page}"
        login = await visitor.get(wanted)
        assert login.root.one("h1").text == heading
        assert heading in login.root.one("title").text
        refused = await visitor.send(login, f"{HERE}/open", {"key": "bsk_wrong"}, status=401)
        assert refused.root.one("h1").text == heading
        form = {**form_of(refused, f"{HERE}/open"), "key": key}
        reply = await net.ask(path=f"{HERE}/open", body=form)
        assert (reply.status, reply.headers["Location"]) == (303, wanted)

    @pytest.mark.parametrize(
        "elsewhere",
        [
            *(
                "https://evil.example",
                "//evil.example/manage/archive/alerts",
                "/manage/other/alerts",
            ),
            *("/admin", f"{HERE}/alerts/../..", f"{HERE}/leave", f"{HERE}/alerts\r\nX: y", ""),
        ],
    )
    async def test_the_key_leads_nowhere_else(self, net: Running, key: str, elsewhere: str) -> None:
        login = await Visitor(net).get(f"{HERE}/alerts")
        form = {**form_of(login, f"{HERE}/open"), "key": key, "next": elsewhere}
        reply = await net.ask(path=f"{HERE}/open", body=form)
        assert (reply.status, reply.headers["Location"]) == (303, HERE)

    async def test_no_key_at_all(self, net: Running, key: str) -> None:
        visitor = Visitor(net)
        refused = await visitor.send(await visitor.get(HERE), f"{HERE}/open", status=400)

        assert problems_of(refused) == {"key": "✕ Type or paste the service key"}

    async def test_closing_ends_the_session_of_this_browser(self, net: Running, key: str) -> None:
        visitor, page = await opened(net, key)
        closed = await visitor.send(page, f"{HERE}/close")

        assert "Open the entry" in closed.text
        assert "ops@example.org" not in closed.text

    async def test_a_copy_of_the_cookie_opens_nothing_once_it_is_closed(
        self, net: Running, key: str
    ) -> None:
        visitor, page = await opened(net, key)
        other, _ = await opened(net, key)
        copy = dict(visitor.cookies)
        await visitor.send(page, f"{HERE}/close")
        visitor.cookies = copy
        again = await visitor.get(HERE)
        sent = await visitor.send(page, f"{HERE}/pause", status=401)

        for one in (again, sent):
            assert "Open the entry" in one.text
            assert "ops@example.org" not in one.text
        assert net.member("archive").entry.paused is None
        assert "ops@example.org" in (await other.get(HERE)).text
        new, _ = await opened(net, key)
        assert "ops@example.org" in (await new.get(HERE)).text


class TestForms:
    async def test_changing(self, net: Running, key: str) -> None:
        visitor, page = await opened(net, key)
        changed = await visitor.send(page, f"{HERE}/change", {"name": "New name"})

        assert "The entry was changed." in changed.text
        assert net.member("archive").entry.name == "New name"
        lines = lines_of(await net.network.registry.journal.read())
        assert lines[-1] == ("member:archive", "edit", "archive")

    async def test_sending_the_form_as_it_is_changes_nothing(self, net: Running, key: str) -> None:
        organization = {"name": "Institute", "logo_url": "https://institute.example.org/logo.png"}
        await net.network.registry.steward.edit(
            "archive",
            {"organization": organization, "description": "Two\n\nlines", "assemblies": ["GRCh38"]},
            by="operator",
        )
        before = await kept(net)
        visitor, page = await opened(net, key)
        form = form_of(page, f"{HERE}/change")
        await visitor.post(
            f"{HERE}/change", {**form, "description": "Two\r\n\r\nlines"}, status=303
        )

        assert await kept(net) == before

    async def test_all_of_the_organization_is_the_members_own(self, net: Running, key: str) -> None:
        known = {"id": "org.example", "name": "Institute", "contact_url": "mailto:a@example.org"}
        await net.network.registry.steward.edit("archive", {"organization": known}, by="operator")
        visitor, page = await opened(net, key)
        assert form_of(page, f"{HERE}/change")["organization_contact_url"] == known["contact_url"]
        logo = "https://institute.example.org/logo.png"
        typed = {
            "organization_logo_url": logo,
            "organization_description": "An institute",
            "organization_contact_url": "",
        }
        await visitor.send(page, f"{HERE}/change", typed)

        told = net.member("archive").entry.organization
        assert told is not None
        assert (told.id, told.name, told.logo_url) == ("org.example", "Institute", logo)
        assert (told.contact_url, told.description) == (None, "An institute")

    async def test_wrong_fields_are_named_and_nothing_is_stored(
        self, net: Running, key: str
    ) -> None:
        visitor, page = await opened(net, key)
        before = await kept(net)
        wrong = {"url": "ftp://x", "contact": "nobody", "organization_url": "x", "name": "a" * 201}
        typed = {**wrong, "organization_name": "Institute"}
        refused = await visitor.send(page, f"{HERE}/change", typed, status=400)

        assert set(problems_of(refused)) == {*wrong}
        assert form_of(refused, f"{HERE}/change")["contact"] == "nobody"
        assert refused.root.one(id="problems").attributes["role"] == "alert"
        assert await kept(net) == before

    async def test_another_host_waits_and_the_page_says_so(
        self, net: Running, demo: DemoNetwork, key: str
    ) -> None:
        visitor, page = await opened(net, key)
        there = address(demo, "demo-counts")
        changed = await visitor.send(page, f"{HERE}/change", {"url": there})

        assert "The change was taken. It waits for an operator of this network." in changed.text
        waiting = changed.root.one("section", class_="note")
        assert "Waits for the operator" in waiting.text
        assert there in waiting.text
        assert net.member("archive").entry.url == address(demo)

    async def test_pausing_and_going_on(self, net: Running, key: str) -> None:
        visitor, page = await opened(net, key)
        typed = {"until": "2099-12-31", "note": "moving servers"}
        paused = await visitor.send(page, f"{HERE}/pause", typed)
        resumed = await visitor.send(paused, f"{HERE}/resume")

        assert "Until: 2099-12-31. “moving servers”" in paused.text
        assert "The beacon is asked again." in resumed.text
        assert net.member("archive").entry.paused is None

    async def test_an_end_that_is_no_day(self, net: Running, key: str) -> None:
        visitor, page = await opened(net, key)
        typed = {"until": "soon", "note": "a" * 501}
        refused = await visitor.send(page, f"{HERE}/pause", typed, status=400)

        assert set(problems_of(refused)) == {"until", "note"}
        assert net.member("archive").entry.paused is None

    async def test_the_operators_pause_has_no_form_and_takes_none(
        self, net: Running, key: str
    ) -> None:
        visitor, page = await opened(net, key)
        typed = form_of(page, f"{HERE}/pause")
        await net.network.registry.steward.pause("archive", by="operator", note="overloaded")
        looked = await visitor.get(HERE)
        refused = await visitor.post(f"{HERE}/pause", typed, status=403)

        assert "has paused it, and alone can end that" in looked.text
        actions = {one.attributes["action"] for one in looked.root.all("form")}
        assert actions.isdisjoint({f"{HERE}/pause", f"{HERE}/resume"})
        assert "The operator of this network paused it" in refused.root.one(id="problems").text

    async def test_a_new_key_is_shown_once_and_the_page_stays_open(
        self, net: Running, key: str
    ) -> None:
        visitor, page = await opened(net, key)
        unsure = await visitor.send(page, f"{HERE}/key", status=400)
        shown = await visitor.send(page, f"{HERE}/key", {"confirm": "yes"}, status=200)
        again = await visitor.get(HERE)

        assert problems_of(unsure) == {"confirm": "✕ Tick the box if you mean it"}
        new = key_on(shown)
        assert new.startswith("bsk_")
        assert new not in again.reply.text
        assert "ops@example.org" in again.text
        assert await _status(net, key) == 401
        assert await _status(net, new) == 200

    async def test_leaving_is_confirmed_first(self, net: Running, key: str) -> None:
        visitor, page = await opened(net, key)
        unsure = await visitor.send(page, f"{HERE}/leave", status=400)
        assert net.network.holder.current.members
        left = await visitor.send(page, f"{HERE}/leave", {"confirm": "yes"})

        assert set(problems_of(unsure)) == {"confirm"}
        assert "The beacon has left the network." in left.text
        assert left.links["Join again"] == "/join"
        assert net.network.holder.current.members == ()


class TestStates:
    async def test_what_the_operator_removed_is_no_members_to_bring_back(
        self, net: Running, key: str
    ) -> None:
        visitor, page = await opened(net, key)
        form = form_of(page, f"{HERE}/close")
        await net.network.registry.steward.remove("archive", by="operator")
        looked = await visitor.get(HERE)
        refused = await visitor.post(f"{HERE}/resume", form, status=409)

        assert "The operator of this network removed it" in looked.text
        assert "Join again" not in looked.links
        assert [one.attributes["action"] for one in looked.root.all("form")] == [f"{HERE}/close"]
        assert "was removed" in refused.root.one(id="problems").text

    async def test_one_that_was_turned_away_reads_why(
        self, net: Running, demo: DemoNetwork
    ) -> None:
        told = await joined(net, address(demo), id="archive")
        await net.network.registry.steward.reject("archive", by="operator", note="No real data")
        _, page = await opened(net, told["serviceKey"])

        assert "turned it away" in page.text
        assert "No real data" in page.text

    async def test_inside_an_opaque_group_it_has_no_public_page(
        self, net: Running, key: str
    ) -> None:
        registry = net.network.registry
        await registry.groups.describe(Group(id="consortium", opaque=True), by="operator")
        await registry.steward.edit("archive", {"groups": ["consortium"]}, by="operator")
        _, page = await opened(net, key)

        assert "/members/archive" not in page.links.values()


class TestForgeries:
    ACTS = ("change", "pause", "resume", "key", "leave")

    @pytest.mark.parametrize("act", ACTS)
    @pytest.mark.parametrize("token", [None, "", "x.y.z", "of another session", "too old"])
    async def test_a_form_that_is_not_of_this_session_changes_nothing(
        self,
        net: Running,
        key: str,
        monkeypatch: pytest.MonkeyPatch,
        act: str,
        token: str | None,
    ) -> None:
        visitor, page = await opened(net, key)
        before = await kept(net)
        form = {"name": "Mine now", "confirm": "yes", "form": token}
        if token == "of another session":
            _, other = await opened(net, key)
            form["form"] = str(form_of(other, f"{HERE}/close")["form"])
        if token == "too old":
            form["form"] = str(form_of(page, f"{HERE}/close")["form"])
        with monkeypatch.context() as later:
            if token == "too old":
                later.setattr(managing, "MANAGING_S", -1)
            refused = await visitor.post(f"{HERE}/{act}", form, status=403)

        assert "This form is too old, or was not made by this page." in refused.text
        assert await kept(net) == before

    @pytest.mark.parametrize("act", ACTS)
    async def test_a_session_that_has_ended_asks_for_the_key(
        self, net: Running, key: str, act: str
    ) -> None:
        visitor, page = await opened(net, key)
        form = form_of(page, f"{HERE}/close")
        await net.network.registry.keyring.rotate("archive", by="operator")
        before = await kept(net)
        refused = await visitor.post(f"{HERE}/{act}", {**form, "confirm": "yes"}, status=401)

        assert "Nothing was changed: this page was open for too long" in refused.text
        assert refused.root.one(id="key").attributes["type"] == "password"
        assert await kept(net) == before

    async def test_a_session_of_one_entry_is_none_of_another(
        self, net: Running, demo: DemoNetwork, key: str
    ) -> None:
        await joined(net, address(demo, "demo-v1"), id="hospital")
        visitor, page = await opened(net, key)
        visitor.cookies = {
            name: ("/manage/hospital", value) for name, (_, value) in visitor.cookies.items()
        }
        before = await kept(net)
        looked = await visitor.get("/manage/hospital")
        form = {**form_of(page, f"{HERE}/close"), "confirm": "yes"}
        await visitor.post("/manage/hospital/leave", form, status=401)

        assert "Open the entry" in looked.text
        assert await kept(net) == before


async def _status(net: Running, key: str) -> int:
    return (await net.ask(path=f"{HERE}.json", headers={"Beacon-Service-Key": key})).status
