"""The pages of health in a real browser: every state, light and dark, narrow, without script."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from registry.health import State, Trait
from tests.browser.conftest import watched
from tests.browser.test_accessibility import findings, overflow
from tests.health_world import certificate, cut, fact, health_network, told, write_health
from tests.integration.operators import SECURED, TOKEN
from tests.networks import Running

pytestmark = [pytest.mark.timeout(180)]

LONG = "Consortium" * 12
MEMBERS = [
    told("alpha", name="Alpha Beacon", groups=["north"]),
    told("beta", name="Beta Cancer Beacon"),
    told("delta", name=f"Delta {LONG}"),
    told("paused", name="Zeta", paused={"until": "2999-01-01", "note": "moving servers"}),
    told("fresh", name="Fresh Beacon"),
    told("off", name="Switched Off", disabled=True),
]
PLACES = {
    "list": "/health",
    "sorted": "/health?sort=certificate&show=failing&group=north",
    "well": "/health/alpha?window=7d",
    "slow": "/health/beta",
    "down": "/health/delta",
    "paused": "/health/paused",
    "never checked": "/health/fresh",
    "unknown": "/health/nobody",
    "wrong": "/health?sort=luck",
}


@pytest.fixture
async def net() -> AsyncIterator[Running]:
    async with health_network(MEMBERS, security=SECURED) as running:
        await write_health(running, "alpha")
        traits = [Trait.SLOW, Trait.SILENT, Trait.UNTRUSTED]
        await write_health(running, "beta", traits=traits, elapsed_ms=6_000)
        await write_health(running, "delta", State.DOWN, message=f"the name is {LONG}")
        await certificate(running, "alpha")
        await certificate(running, "beta", days=12)
        await certificate(running, "delta", days=-1, problem="expired", subject=f"CN={LONG}")
        await fact(running, "alpha", "conformance", {"score": {"passed": 40, "total": 42}})
        await fact(running, "beta", "controls", CONTROLS)
        yield running


CONTROLS = {
    "checkedAt": "2026-11-01T12:00:00+00:00",
    "message": "it gives no examples of its own",
    "controls": [
        {
            "kind": "known_yes",
            "source": "operator",
            "dataset": LONG,
            "assembly": "GRCh38",
            "variant": "7-140753336-A-T",
            "verdict": "fail",
            "at": "2026-11-01T12:00:00+00:00",
            "since": "2026-11-01T11:00:00+00:00",
            "failures": 2,
            "request": f"curl -sS 'https://beta.example.org/{LONG}'",
            "got": "exists: false",
        }
    ],
}


async def checked(browser: Browser, net: Running, path: str, scheme: str) -> None:
    async with watched(browser, color_scheme=scheme, bypass_csp=True) as seen:
        await seen.page.goto(net.url + path)
        for summary in await seen.page.locator("summary").all():
            await summary.click()

        assert await findings(seen.page) == []
        for width in (320, 375, 1280):
            await seen.page.set_viewport_size({"width": width, "height": 800})
            assert await overflow(seen.page) <= 0, width
        assert all(url.startswith(net.url) for url in seen.requests), seen.requests


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", PLACES)
async def test_axe_finds_nothing_and_nothing_overflows(
    browser: Browser, net: Running, place: str, scheme: str
) -> None:
    await checked(browser, net, PLACES[place], scheme)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_so_it_is_while_the_networks_own_connection_is_away(
    browser: Browser, net: Running, scheme: str
) -> None:
    await cut(net)
    await checked(browser, net, "/health", scheme)


async def test_everything_is_there_without_script(browser: Browser, net: Running) -> None:
    async with watched(browser, java_script_enabled=False) as seen:
        await seen.page.goto(f"{net.url}/health")
        row = seen.page.get_by_role("row").filter(has_text="Alpha Beacon")
        await expect(row).to_contain_text("● answering")
        await expect(row.get_by_role("img")).to_have_count(1)
        await seen.page.get_by_role("link", name="certificate").click()
        await expect(seen.page.get_by_role("row").nth(1)).to_contain_text("✕ expired")
        await seen.page.get_by_role("link", name="Alpha Beacon").first.click()
        await expect(seen.page.get_by_role("heading", level=1)).to_have_text(
            "Health of Alpha Beacon"
        )
        await seen.page.get_by_role("link", name="7 days").click()
        await expect(seen.page.locator("svg.sparkline")).to_be_visible()
        await seen.page.locator("summary").filter(has_text="as a table").click()
        await expect(seen.page.get_by_role("region", name="Times of answers")).to_be_visible()
        assert seen.complaints == []


async def test_bars_differ_in_height_and_colour(browser: Browser, net: Running) -> None:
    async with watched(browser) as seen:
        await seen.page.goto(f"{net.url}/health")
        drawn = {}
        for kind in ("up", "slow", "down", "none"):
            bar = seen.page.locator(f"svg.bars rect.{kind}").first
            height = await bar.get_attribute("height")
            drawn[kind] = height, await bar.evaluate("e => getComputedStyle(e).fill")
        assert len({height for height, _ in drawn.values()}) == 4
        assert len({colour for _, colour in drawn.values()}) == 4
        assert seen.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_operators_say_something_of_a_beacon(
    browser: Browser, net: Running, scheme: str
) -> None:
    async with watched(browser, color_scheme=scheme, bypass_csp=True) as seen:
        page = seen.page
        await page.goto(f"{net.url}/admin/health")
        await page.get_by_label("Token").fill(TOKEN)
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_label("Beacon", exact=True).select_option("beta")
        await page.get_by_label("Say something of it").fill(f"They move. {LONG}")
        await page.get_by_role("button", name="Show it to everybody").first.click()
        await expect(page.get_by_role("status")).to_contain_text("Everybody can read it now.")
        for path in ("/admin/health", "/admin/health/delta"):
            await page.goto(net.url + path)
            for summary in await page.locator("summary").all():
                await summary.click()
            assert await findings(page) == []
            for width in (320, 375, 1280):
                await page.set_viewport_size({"width": width, "height": 800})
                assert await overflow(page) <= 0, (path, width)
        await page.goto(f"{net.url}/health/beta")
        await expect(page.locator("p.note")).to_contain_text("They move.")
