"""Joining and managing in a real browser: without script from the check to leaving, and with it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from demo import DemoNetwork
from tests.browser.conftest import watched
from tests.browser.test_accessibility import findings, overflow
from tests.join_visits import address, joined, lines_of
from tests.networks import Running, network_of

pytestmark = pytest.mark.timeout(180)


NOTES_WHAT_IS_COPIED = """() => {
  const button = document.querySelector("[data-copies]");
  const seen = () => { document.body.dataset.seen ??= button.textContent; };
  new MutationObserver(seen).observe(button, {childList: true});
}"""
"""The button says so for two seconds: a slow machine would not see it."""


@pytest.fixture
async def demo() -> AsyncIterator[DemoNetwork]:
    async with DemoNetwork() as running:
        yield running


@pytest.fixture
async def net(demo: DemoNetwork) -> AsyncIterator[Running]:
    async with network_of(security={"join_rate_limit": 0}) as running:
        yield running


async def is_fit(page: Page, *, open_all: bool = True) -> None:
    """Axe finds nothing, and nothing is wider than the window, with everything unfolded."""
    if open_all:
        await page.evaluate(
            "() => document.querySelectorAll('details').forEach(d => d.open = true)"
        )
    assert await findings(page) == []
    assert await overflow(page) <= 0


async def agree(page: Page, net: Running, demo: DemoNetwork) -> None:
    """Go from the start to the filled form to join."""
    await page.goto(f"{net.url}/join")
    await page.get_by_label("Beacon address").fill(address(demo))
    await page.get_by_role("button", name="Check it").click()
    await expect(page.get_by_role("heading", name="Agree and join")).to_be_visible()
    await page.get_by_label("Id in this network").fill("archive")
    await page.get_by_label("Contact for outages").fill("ops@example.org")
    await page.get_by_label("Our service keeps to these requirements.").check()


async def shown_of(page: Page) -> str:
    """What is seen of the service key, and selected by one click on it."""
    code = page.locator("#service-key")
    seen = await code.evaluate(
        "e => [e.scrollWidth <= e.clientWidth, e.getBoundingClientRect().right <= innerWidth]"
    )
    assert seen == [True, True]
    await code.click(position={"x": 30, "y": 15})
    return str(await page.evaluate("() => getSelection().toString().trim()"))


async def open_entry(page: Page, net: Running, key: str) -> None:
    await page.goto(f"{net.url}/manage/archive")
    await page.get_by_label("Service key").fill(key)
    await page.get_by_role("button", name="Open the entry").click()


async def test_the_whole_way_without_script(
    browser: Browser, net: Running, demo: DemoNetwork
) -> None:
    async with watched(browser, java_script_enabled=False) as seen:
        page = seen.page
        await agree(page, net, demo)
        await page.get_by_role("button", name="Join", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Asked to join as archive")
        key = await page.locator("#service-key").inner_text()
        async with page.expect_download() as saving:
            await page.get_by_role("link", name="Download").click()
        saved = await saving.value
        assert saved.suggested_filename == "archive-service-key.txt"
        assert Path(await saved.path()).read_text() == (
            f"Service key of archive in Test Network\n{net.url}/manage/archive\n{key}\n"
        )
        await page.get_by_role("link", name="Manage the entry").click()
        await page.get_by_label("Service key").fill(key)
        await page.get_by_role("button", name="Open the entry").click()
        await expect(page.get_by_text("It waits for an operator")).to_be_visible()

        await net.network.registry.steward.approve("archive", by="operator")
        await page.get_by_text("Change the entry", exact=True).click()
        await page.get_by_label("Name", exact=True).fill("The Archive")
        await page.get_by_role("button", name="Save the changes").click()
        await expect(page.get_by_text("The entry was changed.")).to_be_visible()
        await page.get_by_text("Pause it", exact=True).click()
        await page.get_by_label("Note").fill("moving servers")
        await page.get_by_role("button", name="Pause", exact=True).click()
        await page.get_by_role("button", name="Resume").click()
        await page.get_by_text("Make a new service key", exact=True).click()
        await page.get_by_label("Make a new key").check()
        await page.get_by_role("button", name="New key").click()
        assert await page.locator("#service-key").inner_text() != key
        await page.get_by_role("link", name="Back to the entry").click()
        await page.get_by_text("Leave the network", exact=True).click()
        await page.get_by_label("This beacon leaves the network.").check()
        await page.get_by_role("button", name="Leave", exact=True).click()
        await expect(page.get_by_text("The beacon has left the network.")).to_be_visible()

        assert all(url.startswith(net.url) for url in seen.requests), seen.requests
        assert all(key not in url for url in seen.requests)
    done = [action for _, action, _ in lines_of(await net.network.registry.journal.read())]
    assert done == [
        *("ask to join", "approve", "edit", "pause", "resume", "new service key", "remove")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
async def test_every_page_is_fit(
    browser: Browser, net: Running, demo: DemoNetwork, scheme: str, width: int
) -> None:
    size = {"width": width, "height": 800}
    async with watched(browser, color_scheme=scheme, viewport=size, bypass_csp=True) as seen:
        page = seen.page
        for path in ("/join", "/join/check?url=ftp://x", "/manage/archive"):
            await page.goto(net.url + path)
            await is_fit(page)
        await page.goto(f"{net.url}/join/check?url={address(demo, 'demo-legacy')}")
        await expect(page.get_by_role("heading", name="What to do now")).to_be_visible()
        await is_fit(page)
        await agree(page, net, demo)
        await is_fit(page)
        await page.get_by_label("Contact for outages").fill("nobody")
        await page.get_by_role("button", name="Join", exact=True).click()
        await expect(page.locator("#problem-contact")).to_be_visible()
        await is_fit(page)
        await page.get_by_label("Contact for outages").fill("ops@example.org")
        await page.get_by_role("button", name="Join", exact=True).click()
        key = await page.locator("#service-key").inner_text()
        await is_fit(page)
        assert await shown_of(page) == key
        await net.network.registry.steward.approve("archive", by="operator")
        await net.known("archive")
        await open_entry(page, net, key)
        await is_fit(page)
        await page.get_by_label("Beacon address").fill(address(demo, "demo-counts"))
        await page.get_by_role("button", name="Save the changes").click()
        await expect(page.get_by_role("heading", name="Waits for the operator")).to_be_visible()
        await is_fit(page)
        await page.get_by_label("Until").fill("2001-01-01")
        await page.get_by_role("button", name="Pause", exact=True).click()
        await expect(page.locator("#problem-until")).to_be_visible()
        await is_fit(page)
        await page.get_by_label("Make a new key").check()
        await page.get_by_role("button", name="New key").click()
        await is_fit(page)

        assert all(url.startswith(net.url) for url in seen.requests), seen.requests


async def test_a_closed_network_is_fit(browser: Browser) -> None:
    async with (
        network_of(registry={"joining": "closed"}) as net,
        watched(browser, bypass_csp=True) as seen,
    ):
        await seen.page.goto(f"{net.url}/join")
        await is_fit(seen.page)


async def test_a_double_click_joins_once_and_the_key_is_there(
    browser: Browser, net: Running, demo: DemoNetwork
) -> None:
    async with watched(browser) as seen:
        page = seen.page
        await agree(page, net, demo)
        await page.get_by_role("button", name="Join", exact=True).dblclick()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Asked to join as archive")

        await expect(page.locator("#service-key")).to_have_text(re.compile(r"bsk_[\w-]+"))
        assert seen.complaints == []
        await seen.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await page.evaluate(NOTES_WHAT_IS_COPIED)
        await page.get_by_role("button", name="Copy").click()
        await expect(page.locator("body")).to_have_attribute("data-seen", "Copied")
        copied = await page.evaluate("() => navigator.clipboard.readText()")
        assert copied == await page.locator("#service-key").inner_text()
        sent = [url for url in seen.requests if url == f"{net.url}/join"]
        assert len(sent) == 2  # the start, and the form once


async def test_what_is_wrong_is_reached_from_the_summary(
    browser: Browser, net: Running, demo: DemoNetwork
) -> None:
    async with watched(browser) as seen:
        page = seen.page
        await agree(page, net, demo)
        await page.get_by_label("Contact for outages").fill("nobody")
        await page.get_by_role("button", name="Join", exact=True).click()
        await page.get_by_role("alert").get_by_role("link", name="Contact for outages").click()

        field = page.get_by_label("Contact for outages")
        await expect(field).to_be_focused()
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(field).to_have_accessible_description(
            "An e-mail address, as name@example.org "
            "An e-mail address. Only the operators of this network see it."
        )
        assert seen.complaints == []


async def test_targets_are_large_enough(browser: Browser, net: Running, demo: DemoNetwork) -> None:
    told = await joined(net, address(demo), id="archive")
    async with watched(browser, viewport={"width": 375, "height": 800}) as seen:
        page = seen.page
        await open_entry(page, net, told["serviceKey"])
        await page.evaluate(
            "() => document.querySelectorAll('details').forEach(d => d.open = true)"
        )
        sizes = await page.eval_on_selector_all(
            "button, input:not([type=hidden]):not([type=checkbox]), select, textarea, summary, "
            "label:has(input)",
            """all => all.filter(one => one.checkVisibility()).map(one => {
              const box = one.getBoundingClientRect();
              return [one.textContent.trim() || one.id, box.width, box.height]; })""",
        )

        assert len(sizes) > 15
        assert [one for one in sizes if min(one[1:]) < 24] == []
