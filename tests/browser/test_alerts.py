"""The pages of alerts in a real browser: whole without script, and legible at any width."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from registry.alerts import OPERATOR, Kind, Wishes
from tests.alert_kit import PUBLIC, MailServer, Receiver, mailing, receiving
from tests.browser.conftest import Watched, watched
from tests.browser.test_accessibility import findings, overflow
from tests.faulty import FaultyMember
from tests.integration.operators import SECURED, TOKEN
from tests.networks import Running, come_true, entry, network_of, scripted

pytestmark = pytest.mark.timeout(180)

OPEN_ALL = "() => document.querySelectorAll('details').forEach(one => { one.open = true })"
CUT_OFF = """() => [...document.querySelectorAll("ul.ticks")]
    .filter(one => one.scrollHeight > one.clientHeight).length"""
LONG = "https://hooks.example.org/" + "a-rather-long-path-that-nobody-can-break/" * 6


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as running:
        yield running


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with mailing() as running:
        yield running


@pytest.fixture
async def net(mail: MailServer) -> AsyncIterator[Running]:
    async with FaultyMember(scripted()) as member:
        async with network_of(
            [entry(member, "alpha", name="Alpha Beacon")],
            security=SECURED,
            alerts=mail.settings,
            network={"public_url": PUBLIC},
        ) as running:
            yield running


async def opened(seen: Watched, net: Running) -> Page:
    """The page of alerts of a member, opened with its key."""
    key = await net.network.registry.keyring.rotate("alpha", by="operator")
    page = seen.page
    await page.goto(f"{net.url}/manage/alpha")
    await page.get_by_label("Service key").fill(key)
    await page.get_by_role("button", name="Open the entry").click()
    await page.get_by_role("link", name="Alerts: be told when something changes").click()
    return page


async def filled(net: Running, receiver: Receiver) -> None:
    """Targets in every state, with messages in every state."""
    desk = net.network.watch.telling.desk
    quiet = {"zone": "Europe/Helsinki", "from": "22:00", "to": "07:00"}
    wishes = Wishes.model_validate({"quiet": quiet, "after_minutes": 5, "remind_hours": 4})
    first = await desk.book.add("alpha", Kind.WEBHOOK, receiver.url, wishes, by="test")
    off = await desk.book.add("alpha", Kind.WEBHOOK, LONG, Wishes(), by="test")
    await desk.book.add("alpha", Kind.EMAIL, "ann@example.org", Wishes(), by="test")
    await desk.book.add(OPERATOR, Kind.WEBHOOK, f"{receiver.url}/all", Wishes(), by="test")
    await desk.test(first.id, "alpha")
    receiver.status = 500
    failing = await desk.book.add("alpha", Kind.WEBHOOK, f"{receiver.url}/2", Wishes(), by="test")
    await desk.test(failing.id, "alpha")
    await desk.book.stop(off.id, "it wants nothing more (HTTP 410)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_and_nothing_overflows(
    browser: Browser, net: Running, receiver: Receiver, mail: MailServer, scheme: str
) -> None:
    await filled(net, receiver)
    await come_true(lambda: bool(mail.mails))
    link = "/alerts/" + mail.mails[0][2].get_content().split("/alerts/", 1)[1].split()[0]
    async with watched(browser, color_scheme=scheme, bypass_csp=True) as seen:
        page = await opened(seen, net)
        await page.goto(f"{net.url}/admin/login?next=/admin/alerts")
        await page.get_by_label("Token").fill(TOKEN)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page).to_have_url(f"{net.url}/admin/alerts")
        for path in ("/admin/alerts", "/manage/alpha/alerts", link):
            await page.goto(net.url + path)
            for width in (1280, 375):
                await page.set_viewport_size({"width": width, "height": 900})
                await page.evaluate(OPEN_ALL)
                assert await findings(page) == [], (path, width)
                assert await overflow(page) <= 0, (path, width)
                assert await page.evaluate(CUT_OFF) == 0, (path, width)
        assert seen.complaints == []
        assert all(url.startswith(net.url) for url in seen.requests), seen.requests


async def test_everything_is_done_without_script(
    browser: Browser, net: Running, receiver: Receiver
) -> None:
    async with watched(browser, java_script_enabled=False) as seen:
        page = await opened(seen, net)
        address = page.get_by_role("textbox", name="Address")
        await address.fill("ftp://example.org")
        await page.get_by_label("Quiet from").fill("22:00")
        await page.get_by_role("button", name="Add").click()
        await expect(page).to_have_title(re.compile("^Problem: "))
        await expect(address).to_have_value("ftp://example.org")
        await expect(address).to_have_accessible_description(re.compile("begins with https://"))
        await page.get_by_role("alert").get_by_role("link", name="Address").click()
        await expect(address).to_be_focused()
        await address.fill(receiver.url)
        await page.get_by_label("Quiet to").fill("07:00")
        await page.get_by_role("button", name="Add").click()
        await expect(page.get_by_role("status")).to_contain_text("It is shown this once")
        await page.get_by_role("button", name="Send a test").click()
        await expect(page.get_by_role("status")).to_contain_text("The test was delivered")
        assert len(receiver.requests) == 1
        await page.get_by_text("Remove it").click()
        await page.get_by_role("button", name="Remove").click()
        await expect(page.get_by_role("alert")).to_contain_text("tick the box")
        await page.get_by_label("Nothing more is sent there").check()
        await page.get_by_role("button", name="Remove").click()
        await expect(page.get_by_role("main")).to_contain_text("Nobody is told yet.")
