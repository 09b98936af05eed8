"""The page of conformance in a real browser: axe, light and dark, narrow, and without script."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import watched
from tests.browser.test_accessibility import findings, overflow
from tests.conforming import ConformingV2
from tests.faulty import FaultyMember, Wire, answer
from tests.networks import Running, network_of

pytestmark = [pytest.mark.timeout(180)]

PLACES = {
    "well": "/health/well/conformance",
    "drifted": "/health/drifted/conformance",
    "away": "/health/away/conformance",
    "never": "/health/never/conformance",
    "unknown": "/health/nobody/conformance",
}
LONG = "Consortium" * 12


@pytest.fixture
async def net() -> AsyncIterator[Running]:
    drifting = ConformingV2()

    async def drifts(wire: Wire) -> None:
        await drifting.behave(wire)

    async def is_away(wire: Wire) -> None:
        await answer(b"", 503)(wire)

    async with (
        FaultyMember(ConformingV2().behave) as well,
        FaultyMember(drifts) as other,
        FaultyMember(is_away) as away,
    ):
        entries = [
            {"id": "well", "url": well.url, "protocol": "v2"},
            {"id": "drifted", "url": other.url, "protocol": "v2", "name": LONG},
            {"id": "away", "url": away.url, "protocol": "v2"},
            {"id": "never", "url": f"{well.url}/other", "protocol": "v2"},
        ]
        async with network_of(entries) as net:
            await net.known("well", "drifted")
            look = net.network.watch.conformance.look
            for name in ("well", "drifted", "away"):
                await look(net.member(name))
            drifting.broken = "v2.answer.individual"
            drifting.service_version = "1.1"
            await look(net.member("drifted"))
            yield net


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", PLACES)
async def test_axe_finds_nothing_and_nothing_overflows(
    browser: Browser, net: Running, place: str, scheme: str
) -> None:
    async with watched(browser, color_scheme=scheme, bypass_csp=True) as seen:
        await seen.page.goto(net.url + PLACES[place])
        await seen.page.evaluate(
            "() => document.querySelectorAll('details').forEach(one => { one.open = true; })"
        )

        assert await findings(seen.page) == []
        for width in (320, 375, 1280):
            await seen.page.set_viewport_size({"width": width, "height": 800})
            assert await overflow(seen.page) <= 0, width
        await seen.page.set_viewport_size({"width": 375, "height": 800})
        assert await findings(seen.page) == []


async def test_no_policy_is_violated(browser: Browser, net: Running) -> None:
    async with watched(browser) as seen:
        await seen.page.goto(net.url + PLACES["drifted"])
        assert seen.complaints == []
        assert all(url.startswith(net.url) for url in seen.requests), seen.requests


async def test_it_is_complete_without_script(browser: Browser, net: Running) -> None:
    async with watched(browser, java_script_enabled=False) as seen:
        page = seen.page
        await page.goto(net.url + PLACES["drifted"])

        await expect(page.locator(".drift")).to_contain_text("until the release of")
        rule = page.locator("[id='v2.answer.individual']")
        await expect(rule).to_contain_text("fails")
        await rule.locator("summary").click()
        await expect(rule).to_contain_text("/response/resultSets/0/results/0/id")
        await expect(rule.locator("code").filter(has_text="curl")).to_be_visible()
