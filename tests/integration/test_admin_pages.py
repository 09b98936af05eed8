"""Operators' pages without script: everything that is known, everything that can be done."""

from aggregator.api.admin_bodies import LIST_FORMS
from aggregator.protocol.member_lists import AUTO, FORMS
from registry.keys import KeyKind
from registry.models import Group
from registry.records import MemberState
from tests.faulty import FaultyMember, Wire, json_answer
from tests.integration.operated import ONE, asks_to_join, member, net, visitor
from tests.integration.operators import SECURED, Visitor, call, newest
from tests.networks import BRAF, Running
from tests.pages import Page, read

__all__ = ["member", "net", "visitor"]

CSV = "id,url,name\nlisted,https://listed.example.org,Listed\none,{known},X\n"


def facts(page: Page) -> dict[str, str]:
    (told,) = page.root.all("dl", class_="facts")
    return {one.one("dt").text: one.one("dd").text for one in told.all("div")}


async def test_the_overview_shows_what_waits_and_every_member(
    net: Running, visitor: Visitor, member: FaultyMember
) -> None:
    await asks_to_join(net)
    steward = net.network.registry.steward
    moved = {"url": f"{member.url}/moved"}
    await steward.propose("two", moved, by="member:two", at_once=False)
    await steward.pause("one", by="operator", until="2099-01-01")
    page = await visitor.get("/admin")
    assert page.root.one("h2", id="waiting").text == "2 wait for you"
    proposal, registration = page.root.all("article")
    assert proposal.one("tbody").text == f"url {member.url}/b {member.url}/moved"
    assert "ann@example.org" in registration.text
    assert "<script>New</script> asks to join" in registration.text
    assert list(page.rows) == ["one", "two", "new"]
    assert "paused until 2099-01-01" in page.rows["one"].text
    assert "differs in 1 field" in page.rows["one"].text
    assert "wants to change" in page.rows["two"].text
    found = await visitor.get("/admin?q=TWO&state=active")
    assert list(found.rows) == ["two"]
    nothing = await visitor.get("/admin?q=nobody&state=lost&page=x")
    assert "No member is like this." in nothing.text


async def test_a_thousand_members_are_shown_in_pages(net: Running, visitor: Visitor) -> None:
    steward = net.network.registry.steward
    for number in range(120):
        document = {"id": f"m{number:03}", "url": f"https://m{number}.example.org"}
        await steward.add(document | {"disabled": True}, by="operator")
    first = await visitor.get("/admin")
    second = await visitor.get(first.links["2"])
    assert len(first.rows) == 100
    assert [*first.rows, *second.rows] == ["one", "two", *(f"m{n:03}" for n in range(120))]
    assert (await visitor.get("/admin?page=99")).rows.keys() == second.rows.keys()


async def test_what_waits_is_decided_on_the_overview(net: Running, visitor: Visitor) -> None:
    for one in ("first", "second"):
        await asks_to_join(net, one)
    page = await visitor.press("/admin", "approve", about="first")
    assert page.root.one(role="status").text == "✓ Approved. It is asked from now on."
    assert "first" in (await net.ask(BRAF)).endings
    await visitor.press("/admin", "reject", about="second", note="no answer to /info")
    line = await newest(net)
    assert (line["actor"], line["action"], line["note"]) == (
        *("operator", "reject", "no answer to /info"),
    )
    assert (line["before"]["state"], line["after"]["state"]) == ("pending", "rejected")


async def test_a_decision_that_came_too_late_says_so(net: Running, visitor: Visitor) -> None:
    await asks_to_join(net)
    page = await visitor.get("/admin")
    await net.network.registry.steward.remove("new", by="operator:bob")
    reply = await visitor.send(page, "approve", status=409, about="new")
    assert "new has been removed: restore it instead." in reply.text


async def test_the_page_of_a_member_shows_all_that_is_known(net: Running, visitor: Visitor) -> None:
    steward = net.network.registry.steward
    await steward.edit("one", {"timeout_s": 4}, by="operator:ann", contact="a@example.org")
    page = await visitor.get(ONE)
    assert page.root.one("h1").text == "One <b>"
    told = facts(page)
    assert told["Its own id"] == "org.example.scripted"
    assert told["Version of the API"] == "v2.0.0"
    assert told["E-mail for outages"] == "a@example.org"
    assert told["Entry types"] == "not set"
    assert told["Came by"] == "seed"
    tables = [table.text for table in page.root.all("table")]
    assert "Key Value Stated by chromosome chr operator" in tables
    assert "Field declared here timeout_s not set 4.0" in tables
    edit = page.root.one("ol", class_="log").all("li")[0]
    assert edit.text.startswith("edit · by operator:ann · ")
    assert "timeout_s not set → is now 4.0" in edit.text
    assert "contact not set → is now a@example.org" in edit.text


async def test_every_action_has_its_form_and_its_line(net: Running, visitor: Visitor) -> None:
    await net.network.registry.groups.describe(Group(id="asia"), by="operator")
    steps = [
        ("pause", {"until": "2099-01-01", "note": "moving"}, "not_asked/paused", "moving"),
        ("resume", {}, "found", ""),
        ("disable", {"note": "broken"}, "not_asked/disabled", "broken"),
        ("enable", {}, "found", ""),
        ("edit", {"name": "Renamed", "groups": ["asia", "europe"]}, "found", ""),
        ("remove", {"sure": "yes", "note": "closed"}, None, "closed"),
        ("restore", {}, "found", ""),
    ]
    for action, typed, ending, note in steps:
        page = await visitor.press(ONE, action, **typed)  # type: ignore[arg-type]  # lists too
        assert page.root.one(role="status").text.startswith("✓ ")
        assert (await net.ask(BRAF)).endings.get("one") == ending, action
        line = await newest(net)
        assert (line["actor"], line["action"], line["note"]) == ("operator", action, note)
        assert line["before"] != line["after"]
    record = await net.network.registry.steward.record("one")
    assert record.entry.name == "Renamed"
    assert record.entry.groups == ("asia", "europe")
    assert record.state is MemberState.ACTIVE


async def test_the_order_is_changed_by_buttons_and_by_number(
    net: Running, visitor: Visitor
) -> None:
    await visitor.press("/admin/members/two", "up")
    assert list((await net.ask(BRAF)).members) == ["two", "one"]
    await visitor.press("/admin/members/two", "down")
    assert list((await net.ask(BRAF)).members) == ["one", "two"]
    await visitor.press("/admin/members/two", "put", place="1")
    assert list((await net.ask(BRAF)).members) == ["two", "one"]
    assert (await newest(net))["actor"] == "operator"
    page = await visitor.get(ONE)
    reply = await visitor.send(page, "put", status=400, place="first")
    assert "a whole number" in read(reply.text).one(id="put-place-problem").text


async def test_the_form_says_what_the_entry_says(net: Running, visitor: Visitor) -> None:
    before = (await call(net, "GET", "members/one")).json
    page = await visitor.press(ONE, "edit")
    assert "Nothing was different, so nothing was changed." in page.text
    assert (await call(net, "GET", "members/one")).json == before


async def test_every_problem_stands_at_its_field_and_nothing_is_lost(
    net: Running, visitor: Visitor
) -> None:
    before = (await call(net, "GET", "members")).json
    typed = {
        **{"url": "https://a:b@c.example", "name": "New name", "protocol": "v9"},
        **{"timeout_s": "soon", "max_concurrency": "0", "token": "hunter2", "dialect": "{"},
        **{"organization_url": "javascript:alert(1)", "organization_name": "X"},
        **{"contact": "nobody", "groups": "lost", "assemblies": "GRCh38, GRCh99"},
    }
    for path, button in ((ONE, "edit"), ("/admin/add", "add")):
        wrong = set()
        for fields in ({"dialect": "{"}, {"groups": "lost"}, {"contact": "nobody"}, {}):
            sent = {**typed, "dialect": "", "groups": "europe", "contact": ""} | fields
            if button == "add":
                sent["id"] = "No id"
            reply = await visitor.send(await visitor.get(path), button, status=400, **sent)
            form = read(reply.text)
            marked = [one for one in form.nodes if "aria-invalid" in one.attributes]
            wrong |= {one.attributes.get("name", "groups") for one in marked}
            for one in marked:
                described = one.attributes["aria-describedby"].split()
                assert form.all(id=described[0]), "what is wrong is tied to its field"
            for name in ("url", "name", "timeout_s", "token", "organization_url"):
                assert form.one("input", id=f"{button}-{name}").attributes["value"] == typed[name]
        assert wrong >= {*typed} - {"name", "organization_name"} - {"id"}
    assert (await call(net, "GET", "members")).json == before


async def test_of_two_operators_at_one_form_the_second_is_told(
    net: Running, visitor: Visitor
) -> None:
    page = await visitor.get(ONE)
    await net.network.registry.steward.edit("one", {"timeout_s": 9}, by="operator:bob")
    reply = await visitor.send(page, "edit", status=409, name="Mine")
    shown = Page(reply, read(reply.text))
    assert "was changed by somebody else" in shown.text
    assert shown.root.one("input", id="edit-name").attributes["value"] == "Mine"
    assert (await call(net, "GET", "members/one")).json["entry"]["timeout_s"] == 9.0
    await visitor.send(shown, "edit", timeout_s="9")
    told = (await call(net, "GET", "members/one")).json["entry"]
    assert (told["name"], told["timeout_s"]) == ("Mine", 9.0)


async def test_removal_asks_whether_one_is_sure(net: Running, visitor: Visitor) -> None:
    reply = await visitor.send(await visitor.get(ONE), "remove", status=400, note="kept")
    form = read(reply.text)
    assert "tick this to say that you are sure" in form.one(id="remove-sure-problem").text
    assert form.one("input", id="remove-note").attributes["value"] == "kept"
    assert (await net.ask(BRAF)).endings["one"] == "found"


async def test_a_member_is_added(net: Running, visitor: Visitor, member: FaultyMember) -> None:
    typed = {"id": "three", "url": f"{member.url}/c", "protocol": "v2", "groups": ["europe"]}
    page = await visitor.press("/admin/add", "add", **typed)
    assert "Added. It is asked from now on." in page.text
    assert (await net.ask(BRAF)).endings["three"] == "found"
    line = await newest(net)
    assert (line["actor"], line["action"], line["subject"]) == ("operator", "add", "three")
    reply = await visitor.send(await visitor.get("/admin/add"), "add", status=409, **typed)
    assert "is taken" in read(reply.text).one(id="add-id-problem").text


async def test_keys_are_shown_once(net: Running, visitor: Visitor) -> None:
    keyring = net.network.registry.keyring
    typed = {"note": "for Ann", "days": "3", "uses": ""}
    for path, button, fields, kind in (
        (ONE, "key", {}, KeyKind.SERVICE),
        ("/admin/keys", "invite", typed, KeyKind.INVITATION),
        ("/admin/keys", "appoint", {"name": "ann"}, KeyKind.OPERATOR),
    ):
        reply = await visitor.send(await visitor.get(path), button, status=200, **fields)
        assert reply.headers["Cache-Control"] == "no-store"
        key = read(reply.text).one("code", id="key").text
        held = await keyring.holder(key, kind)
        assert held is not None
        assert key not in (await visitor.get(path)).reply.text
        if kind is not KeyKind.SERVICE:
            await visitor.press("/admin/keys", "revoke", about=held.id)
            assert await keyring.holder(key, kind) is None
            assert (await newest(net))["action"] == "revoke key"
    wrong = await visitor.get("/admin/keys")
    reply = await visitor.send(wrong, "invite", status=400, days="0", note="still here")
    assert "a number from 1" in read(reply.text).one(id="invite-days-problem").text
    assert 'value="still here"' in reply.text
    reply = await visitor.send(await visitor.get("/admin/keys"), "appoint", status=400, name="A B")
    assert "1 to 63 lower-case" in read(reply.text).one(id="appoint-name-problem").text


async def test_groups_are_described_on_their_page(net: Running, visitor: Visitor) -> None:
    typed = {"id": "asia", "name": "Asia", "opaque": "yes", "organization_name": "AG"}
    await visitor.press("/admin/groups", "describe", about="new", **typed)
    store = net.network.registry.store
    assert store.groups["asia"].opaque
    await visitor.press("/admin/groups", "describe", about="g-europe", name="All of Europe")
    assert store.groups["europe"].name == "All of Europe"
    assert (await newest(net))["subject"] == "group:europe"
    page = await visitor.get("/admin/groups")
    reply = await visitor.send(page, "drop", status=400, about="d-asia")
    assert "tick this" in read(reply.text).one(id="d-asia-sure-problem").text
    await visitor.press("/admin/groups", "drop", about="d-asia", sure="yes")
    assert "asia" not in store.groups
    page = await visitor.get("/admin/groups")
    reply = await visitor.send(page, "describe", status=400, about="new", id="No", name="Kept")
    form = read(reply.text)
    assert "a group's id is" in form.one(id="new-id-problem").text
    assert form.one("input", id="new-name").attributes["value"] == "Kept"


async def test_the_log_is_filtered_and_paged(net: Running, visitor: Visitor) -> None:
    for number in range(60):
        await net.network.registry.steward.edit("one", {"name": f"N{number}"}, by="operator")
    page = await visitor.get("/admin/log?subject=one")
    assert len(page.root.one("ol", class_="log").parts) > 50
    assert "name N58 → is now N59" in page.text
    older = await visitor.get(page.links["Older"])
    assert "name One <b> → is now N0" in older.text
    assert "Older" not in older.links
    assert "There is no such change." in (await visitor.get("/admin/log?subject=lost")).text
    for wrong in ("below=x", "subject=%00", "limit=0"):
        assert (await visitor.get(f"/admin/log?{wrong}", status=400)).root.all(role="alert")


async def test_a_list_is_taken_in_and_what_came_of_it_is_shown(
    net: Running, visitor: Visitor, member: FaultyMember
) -> None:
    text = CSV.format(known=member.url)
    typed = {"list": text, "form": "csv", "groups": "europe", "waits": "yes"}
    reply = await visitor.send(await visitor.get("/admin/import"), "import", status=200, **typed)
    shown = read(reply.text).one(role="status").text
    assert "1 was added: listed" in shown
    assert "1 was here already" in shown
    listed = await net.network.registry.steward.record("listed")
    assert (listed.state, listed.entry.groups) == (MemberState.PENDING, ("europe",))
    assert (await newest(net))["actor"] == "operator"
    reply = await visitor.send(
        await visitor.get("/admin/import"), "import", status=400, url="", list=""
    )
    assert "give the address of a list" in read(reply.text).one(id="import-url-problem").text
    api = {"list": text.replace("listed", "other"), "form": "csv"}
    assert (await call(net, "POST", "import", api)).json["added"] == ["other"]
    raw = await net.ask(
        path="/admin/api/import?form=csv",
        raw=text.replace("listed", "third").encode(),
        headers={"Authorization": f"Bearer {SECURED['admin_token']}", "Content-Type": "text/csv"},
    )
    assert raw.json["added"] == ["third"]


async def test_a_registry_is_followed_looked_at_and_followed_no_more(
    net: Running, visitor: Visitor
) -> None:
    listed = ["https://first.example.org/api"]

    async def lists(wire: Wire) -> None:
        await json_answer(listed)(wire)

    async with FaultyMember(lists) as registry:
        typed = {"id": "src", "url": f"{registry.url}/list.json", "form": "elixir"}
        page = await visitor.press("/admin/import", "follow", **typed, groups="europe")
        assert "It is followed from now on." in page.text
        assert [one.id for one in await net.network.around.follower.followed()] == ["src"]
        waiting = (await call(net, "GET", "members", state="pending")).json["members"]
        assert [one["entry"]["url"] for one in waiting] == listed
        assert waiting[0]["entry"]["groups"] == ["europe"]

        listed.append("https://second.example.org/api")
        page = await visitor.press("/admin/import", "look", about="src")
        assert "It was looked at." in page.text
        assert len((await call(net, "GET", "members", state="pending")).json["members"]) == 2
        told = (await call(net, "POST", "followed/src/look")).json
        assert (told["id"], told["form"], told["trusted"]) == ("src", "elixir", False)
        assert (await call(net, "GET", "followed")).json["followed"] == [told]

        await visitor.press("/admin/import", "unfollow", about="src")
        assert await net.network.around.follower.followed() == ()
        assert (await newest(net))["actor"] == "operator"
        api = {"id": "again", "url": typed["url"], "trusted": True}
        assert (await call(net, "POST", "followed", api, status=201)).json["trusted"] is True
        await call(net, "DELETE", "followed/again", status=204)
        await call(net, "POST", "followed/again/look", status=404)
    page = await visitor.get("/admin/import")
    reply = await visitor.send(page, "follow", status=400, **typed)
    form = read(reply.text)
    assert form.one("input", id="follow-url").attributes["value"] == typed["url"]
    assert form.all(role="alert")


def test_every_form_of_list_can_be_chosen() -> None:
    assert (AUTO, *FORMS) == LIST_FORMS
