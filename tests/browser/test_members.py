"""The list of members and the page of one in a real browser, with logos and without script."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import watched
from tests.browser.test_accessibility import findings, overflow
from tests.faulty import FaultyMember, answer, json_answer
from tests.networks import V2_INFO, Running, entry, network_of, scripted
from tests.pictures import png, svg

pytestmark = [pytest.mark.timeout(180)]

PLACES = {
    "list": "/members",
    "by group": "/members?by=group&sort=name",
    "narrowed": "/members?assembly=GRCh38&q=beacon&state=answering",
    "nothing": "/members?q=nobody",
    "one": "/members/alpha",
    "long": "/members/long",
    "unknown": "/members/nobody",
    "home": "/",
}
LONG = "Consortium" * 12


@pytest.fixture
async def net() -> AsyncIterator[Running]:
    broken = {**V2_INFO, "response": V2_INFO["response"] | {"organization": "text"}}
    async with (
        FaultyMember(scripted()) as good,
        FaultyMember(scripted(info=json_answer(broken))) as bad,
        FaultyMember(answer(svg('<circle cx="4" cy="4" r="4" fill="#0b5394"/>'))) as host,
        FaultyMember(answer(png(), 404)) as no_host,
    ):
        alpha = {
            "name": "Alpha Genome Centre",
            "url": "https://alpha.example.org",
            "contact_url": "mailto:help@alpha.example.org",
            "logo_url": f"{host.url}/logo.svg",
        }
        members = [
            entry(good, "alpha", name="Alpha Beacon", groups=["north"], organization=alpha),
            entry(
                bad,
                "long",
                name=LONG,
                description=f"{LONG} " * 20,
                organization={"name": LONG, "logo_url": f"{no_host.url}/{LONG}.png"},
                groups=["north", "x" * 60],
                assemblies=["GRCh38", "GRCh37"],
                dialect={"paths": {"query": f"/{LONG.lower()}"}},
            ),
            entry(
                f"{good.url}/other",
                "paused",
                name="Delta Biobank Beacon",
                paused={"until": "2999-01-01", "note": "moving servers"},
            ),
            entry("http://127.0.0.1:9", "off", disabled=True, organization={"name": "Epsilon"}),
        ]
        async with network_of(members) as running:
            await running.known("alpha", "long", "paused")
            await running.network.around.logos.fetch_due()
            yield running


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", PLACES)
async def test_axe_finds_nothing_and_nothing_overflows(
    browser: Browser, net: Running, place: str, scheme: str
) -> None:
    async with watched(browser, color_scheme=scheme, bypass_csp=True) as seen:
        await seen.page.goto(net.url + PLACES[place])
        for summary in await seen.page.locator("summary").all():
            await summary.click()

        assert await findings(seen.page) == []
        for width in (320, 375, 1280):
            await seen.page.set_viewport_size({"width": width, "height": 800})
            assert await overflow(seen.page) <= 0, width
        await seen.page.set_viewport_size({"width": 375, "height": 800})
        assert await findings(seen.page) == []
        assert all(url.startswith(net.url) for url in seen.requests), seen.requests


@pytest.mark.parametrize("place", ["list", "home", "one", "long"])
async def test_no_picture_is_broken_and_no_policy_violated(
    browser: Browser, net: Running, place: str
) -> None:
    async with watched(browser) as seen:
        await seen.page.goto(net.url + PLACES[place])
        pictures = seen.page.locator("img")
        assert await pictures.count() >= 1
        for picture in await pictures.all():
            await picture.scroll_into_view_if_needed()
            await expect(picture).to_have_js_property("complete", True)
            assert await picture.evaluate("one => one.naturalWidth") > 0
        assert seen.complaints == []


async def test_a_logo_opened_by_itself_shows_nothing_but_itself(
    browser: Browser, net: Running
) -> None:
    async with watched(browser) as seen:
        response = await seen.page.goto(f"{net.url}/logo/alpha")
        assert response is not None
        assert response.headers["content-security-policy"].endswith("sandbox")
        assert await seen.page.evaluate("() => document.documentElement.tagName") == "svg"


async def test_the_list_is_found_and_narrowed_without_script(
    browser: Browser, net: Running
) -> None:
    async with watched(browser, java_script_enabled=False) as seen:
        page = seen.page
        await page.goto(f"{net.url}/members")
        await expect(page.get_by_role("article")).to_have_count(4)
        await page.get_by_label("Name, organization, id or data set").fill("beacon")
        await page.get_by_label("Sort by").select_option("name")
        await page.get_by_label("State", exact=True).select_option("paused")
        await page.get_by_role("button", name="Show").click()

        await expect(page.get_by_role("heading", level=3)).to_have_text(["Delta Biobank Beacon"])
        await expect(page.get_by_text("1 of 4 members fit.")).to_be_visible()
        await expect(page.get_by_label("State", exact=True)).to_have_value("paused")
        await page.get_by_role("link", name="Show all").click()
        await expect(page.get_by_role("article")).to_have_count(4)
        await page.get_by_role("link", name="Alpha Beacon", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Alpha Beacon")
        await page.get_by_role("link", name="Ask it alone").click()
        await expect(page.get_by_role("checkbox", name="Alpha Beacon")).to_be_checked()


async def test_targets_are_large_enough(browser: Browser, net: Running) -> None:
    async with watched(browser, viewport={"width": 375, "height": 800}) as seen:
        for place in ("list", "one", "home"):
            await seen.page.goto(net.url + PLACES[place])
            sizes = await seen.page.eval_on_selector_all(
                "main a, main button:visible, main select, main input[type=text], summary",
                """all => all.filter(one => one.checkVisibility()).map(one => {
                  const box = one.getBoundingClientRect();
                  return [one.textContent.trim() || one.id, box.width, box.height]; })""",
            )
            assert sizes
            assert [one for one in sizes if one[2] < 24] == [], place
