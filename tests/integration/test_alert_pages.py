"""The pages of alerts without script: forms that count once, and say what is wrong with them."""

from collections.abc import AsyncIterator

import pytest

from registry.alerts import Kind, Wishes
from tests.alert_kit import PUBLIC, MailServer, Receiver, link_in
from tests.faulty import FaultyMember
from tests.integration.operators import SECURED
from tests.integration.operators import Visitor as Operator
from tests.join_visits import Visitor
from tests.networks import Running, come_true, entry, network_of, nothing_left, scripted
from tests.pages import HTML, Page

__all__ = ["nothing_left"]

HERE = "/manage/one/alerts"


@pytest.fixture
async def net(nothing_left: None, mail: MailServer) -> AsyncIterator[Running]:
    async with FaultyMember(scripted()) as member:
        entries = [entry(member, "one", name="One <b>")]
        async with network_of(
            entries, security=SECURED, alerts=mail.settings, network={"public_url": PUBLIC}
        ) as running:
            yield running


async def opened(net: Running) -> Visitor:
    """A visitor who has opened the entry with its key."""
    visitor = Visitor(net)
    await visitor.open()
    return visitor


def form_that(page: Page, does: str) -> dict[str, str | list[str] | None]:
    """The fields of the form that does something, as it stands."""
    (form,) = [
        one
        for one in page.root.all("form", method="post")
        if any(
            field.attributes.get("name") == "do" and field.attributes.get("value") == does
            for field in one.all("input")
        )
    ]
    found: dict[str, str | list[str] | None] = {}
    for field in form.all("input"):
        name, kind = field.attributes.get("name", ""), field.attributes.get("type")
        if kind in {"checkbox", "radio"} and "checked" not in field.attributes:
            continue
        value = field.attributes.get("value", "")
        if name == "topics":
            found[name] = [*(found.get(name) or ()), value]
        else:
            found[name] = value
    return found


async def press(
    visitor: Visitor, page: Page, does: str, *, status: int = 303, **typed: str | list[str]
) -> Page:
    return await visitor.post(HERE, form_that(page, does) | typed, status=status)


async def test_a_maintainer_adds_tests_changes_and_removes_a_webhook(
    net: Running, receiver: Receiver
) -> None:
    visitor = await opened(net)
    entry_page = await visitor.get("/manage/one")
    assert HERE in entry_page.root.links.values()
    page = await visitor.get(HERE)
    assert "Nobody is told yet." in page.text
    made = await press(visitor, page, "add", status=200, address=receiver.url)
    secret = made.root.one("code", id="secret").text
    assert secret.startswith("bas_")
    page = await visitor.get(HERE)
    assert secret not in page.reply.text
    tested = await press(visitor, page, "test", status=200)
    assert "The test was delivered: taken (HTTP 200)" in tested.text
    assert len(receiver.requests) == 1
    page = await visitor.get(HERE)
    page = await press(visitor, page, "change", remind_hours="6", topics=["slow", "outage"])
    assert "What is told was changed." in page.text
    assert "Again every 6 hours while it lasts" in page.text
    page = await press(visitor, page, "off")
    assert "switched off" in page.text
    page = await press(visitor, page, "on")
    unsure = await press(visitor, page, "remove", status=400)
    assert "tick the box" in unsure.text
    page = await press(visitor, await visitor.get(HERE), "remove", sure="yes")
    assert "Nobody is told yet." in page.text


async def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    net: Running,
) -> None:
    visitor = await opened(net)
    page = await press(
        visitor,
        await visitor.get(HERE),
        "add",
        status=400,
        address="ftp://example.org",
        quiet_from="25:00",
        quiet_to="07:00",
        quiet_zone="Mars",
        after_minutes="7",
    )
    wrong = {one.attributes["id"] for one in page.root.all("ul", class_="trouble")}
    assert wrong == {"add-address-problem", "add-quiet_from-problem", "add-quiet_zone-problem"}
    assert page.root.one("input", id="add-address").attributes["value"] == "ftp://example.org"
    assert page.root.one("input", id="add-after_minutes").attributes["value"] == "7"
    for one in page.root.all("input"):
        for told in one.attributes.get("aria-describedby", "").split():
            assert page.root.one(id=told)
    none = await press(visitor, page, "add", status=400, topics=[""], address="https://x.example")
    assert "topics" in {
        one.attributes["id"].split("-")[1] for one in none.root.all("ul", class_="trouble")
    }
    many = await press(
        visitor,
        none,
        "add",
        status=400,
        address="x",
        after_minutes="soon",
        remind_hours="-1",
        quiet_from="22:00",
        quiet_to="",
        quiet_zone="",
    )
    assert {one.attributes["id"] for one in many.root.all("ul", class_="trouble")} == {
        f"add-{name}-problem"
        for name in ("topics", "address", "after_minutes", "remind_hours", "quiet_to")
    }
    assert "expected a whole number" in many.text
    assert "expected at least 0" in many.text
    assert many.root.one("input", id="add-after_minutes").attributes["value"] == "soon"


async def test_a_form_counts_once_and_only_from_this_browser(
    net: Running, receiver: Receiver
) -> None:
    visitor = await opened(net)
    fields = form_that(await visitor.get(HERE), "add") | {"address": receiver.url}
    await visitor.post(HERE, fields, status=200)
    again = await visitor.post(HERE, fields, status=409)
    assert "This form was sent before" in again.text
    assert len(await net.network.watch.telling.desk.book.targets()) == 1
    foreign = await visitor.post(HERE, fields | {"form_token": "forged"}, status=403)
    assert "too old" in foreign.text
    stranger = await Visitor(net).post(HERE, fields, status=401)
    assert "Service key" in stranger.text


async def test_members_texts_are_escaped_and_addresses_whole(
    net: Running, receiver: Receiver
) -> None:
    desk = net.network.watch.telling.desk
    target = await desk.book.add(
        "one", Kind.WEBHOOK, f"{receiver.url}?a=<i>&b", Wishes(), by="test"
    )
    delivery = await desk.deliveries.note(
        target, "x", {"type": "event", "text": "<script>alert(1)</script>\u202e"}
    )
    assert delivery.number
    page = await (await opened(net)).get(HERE)
    assert "<script>alert" not in page.reply.text
    assert "<i>" not in page.reply.text


async def test_a_mail_address_is_confirmed_by_a_button_of_the_page(
    net: Running, mail: MailServer
) -> None:
    visitor = await opened(net)
    page = await visitor.get(HERE)
    made = await press(visitor, page, "add", status=200, address="ann@example.org", kind="email")
    assert "A mail with a link was written." in made.text
    assert "waits until the address is confirmed" in made.text
    asked = await press(visitor, await visitor.get(HERE), "ask", status=409)
    assert "a moment ago" in asked.text
    await come_true(lambda: len(mail.mails) == 1)
    link = link_in(mail.mails[0][2])
    shown = await net.ask(path=link, headers=HTML)
    assert "Yes, send them" in shown.text
    assert "noindex" in shown.headers["X-Robots-Tag"]
    done = await net.ask(path=link, method="POST", headers=HTML)
    assert "Alerts are sent to your address" in done.text
    page = await visitor.get(HERE)
    assert "is told" in page.text
    gone = await net.ask(path=f"{link}x", headers=HTML)
    assert gone.status == 404
    assert "This link opens nothing" in gone.text


async def test_operators_see_everybodys_and_switch_them_off(
    net: Running, receiver: Receiver
) -> None:
    desk = net.network.watch.telling.desk
    target = await desk.book.add("one", Kind.WEBHOOK, receiver.url, Wishes(), by="test")
    operator = await Operator(net).sign_in()
    page = await operator.get("/admin/alerts")
    assert "set up by one" in page.text
    assert "secret-path" not in page.reply.text
    page = await operator.press("/admin/alerts", "off", about=target.id)
    assert "Nothing more is sent there." in page.text
    assert not (await desk.book.target(target.id)).is_on
    made = await operator.send(
        page, "add", kind="webhook", address=f"{receiver.url}/ours", status=200
    )
    assert "bas_" in made.text
    both = await desk.book.targets()
    assert [one.owner for one in both] == ["one", "~operator"]
    wrong = await operator.send(
        await operator.get("/admin/alerts"), "add", kind="webhook", address="nonsense", status=400
    )
    assert "add-address-problem" in wrong.text


async def test_the_page_of_operators_asks_strangers_to_sign_in(net: Running) -> None:
    reply = await net.ask(path="/admin/alerts", headers=HTML)
    assert reply.status == 303
    assert reply.headers["Location"] == "/admin/login?next=/admin/alerts"
