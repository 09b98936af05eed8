"""Operators' pages in a real browser without script: nothing is missing, nothing overflows."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from registry.registration import Registration
from tests.browser.conftest import Watched, watched
from tests.browser.test_accessibility import findings, overflow
from tests.faulty import FaultyMember
from tests.integration.operators import SECURED, TOKEN
from tests.networks import Running, entry, network_of, scripted

pytestmark = pytest.mark.timeout(180)

PLACES = {
    "overview": "/admin",
    "add": "/admin/add",
    "member": "/admin/members/alpha",
    "waiting": "/admin/members/epsilon",
    "removed": "/admin/members/gamma",
    "groups": "/admin/groups",
    "keys": "/admin/keys",
    "lists": "/admin/import",
    "changes": "/admin/log",
}


@pytest.fixture
async def net() -> AsyncIterator[Running]:
    async with FaultyMember(scripted()) as member:
        entries = [
            entry(member, "alpha", name="Alpha Beacon", groups=["europe"]),
            entry(f"{member.url}/b", "beta", name="Beta Cancer Beacon", description="B" * 300),
            entry(f"{member.url}/c", "gamma", name="Gamma Rare Disease Beacon"),
        ]
        async with network_of(entries, security=SECURED) as net:
            steward = net.network.registry.steward
            await steward.edit("alpha", {"name": "Alpha, renamed", "timeout_s": 4}, by="operator")
            await steward.pause("beta", by="operator", until="2099-01-01", note="moving servers")
            await steward.remove("gamma", by="operator", note="closed")
            await steward.propose(
                "alpha", {"url": f"{member.url}/moved"}, by="member:alpha", at_once=False
            )
            asks = Registration(
                id="epsilon",
                url="https://a-rather-long-name-of-a-beacon.example.org/api/beacon/v2",
                name="Epsilon Beacon",
                contact="ann@example.org",
            )
            await steward.register(asks, by="stranger")
            await net.network.registry.keyring.invite(by="operator", note="for Epsilon", days=3)
            yield net


async def signed_in(seen: Watched, net: Running, path: str) -> Page:
    page = seen.page
    await page.goto(net.url + path)
    await page.get_by_label("Token").fill(TOKEN)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(net.url + path)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_and_nothing_overflows(
    browser: Browser, net: Running, scheme: str
) -> None:
    async with watched(browser, color_scheme=scheme, bypass_csp=True) as seen:
        page = seen.page
        await page.goto(f"{net.url}/admin")
        assert await findings(page) == []
        await signed_in(seen, net, "/admin")
        for name, path in PLACES.items():
            await page.goto(net.url + path)
            for width in (1280, 375):
                await page.set_viewport_size({"width": width, "height": 900})
                for summary in await page.locator("details:not([open]) > summary").all():
                    await summary.click()
                assert await findings(page) == [], (name, width)
                assert await overflow(page) <= 0, (name, width)
        assert seen.complaints == []
        assert all(url.startswith(net.url) for url in seen.requests), seen.requests


async def test_everything_is_done_without_script(browser: Browser, net: Running) -> None:
    async with watched(browser, java_script_enabled=False) as seen:
        page = await signed_in(seen, net, "/admin")
        epsilon = page.get_by_role("article", name="Epsilon Beacon")
        await epsilon.get_by_role("button", name="Approve").click()
        await expect(page.get_by_role("status")).to_contain_text("Approved.")
        await expect(page.locator("tr[data-member=epsilon]")).to_contain_text("member")

        await page.goto(f"{net.url}/admin/members/epsilon")
        await (
            page.get_by_role("region", name="Edit the entry")
            .get_by_label("Address")
            .fill("ftp://epsilon.example")
        )
        await page.get_by_role("button", name="Save").click()
        address = page.get_by_role("region", name="Edit the entry").get_by_label("Address")
        await expect(address).to_have_value("ftp://epsilon.example")
        await expect(address).to_have_attribute("aria-invalid", "true")
        await expect(address).to_have_accessible_description(re.compile("starts with https://"))

        alert = page.get_by_role("alert")
        await expect(page).to_have_title(re.compile("^Problem: "))
        await expect(alert).to_be_in_viewport()
        await alert.get_by_role("link", name="Address").click()
        await expect(address).to_be_focused()

        await page.get_by_role("button", name="Remove").click()
        await expect(page.get_by_role("alert")).to_be_in_viewport()
        await page.get_by_role("alert").get_by_role("link", name="Yes, remove it").click()
        await expect(page.get_by_label("Yes, remove it")).to_be_focused()
        await expect(page.get_by_label("Yes, remove it")).to_have_attribute("aria-invalid", "true")
        await page.get_by_label("Yes, remove it").check()
        await page.get_by_role("button", name="Remove").click()
        await expect(page.get_by_role("status")).to_contain_text("Removed.")
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("status")).to_contain_text("You are signed out.")
        await page.goto(f"{net.url}/admin")
        await expect(page.get_by_role("heading", name="Sign in as an operator")).to_be_visible()
