"""Every kind of page: axe finds nothing, nothing overflows, nothing is loaded from elsewhere."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from demo import Fault
from tests.browser.conftest import FOUND, Stage, watched
from tests.networks import DemoRunning, demo_running

pytestmark = [pytest.mark.usefixtures("short_grace"), pytest.mark.timeout(180)]

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
    }
}
PLACES = {
    "home": "/",
    "error": "/search?q=17:43125483-43044295&wait=soon",
    "wrong field": f"/search?q={FOUND}&ask=nobody",
    "running": f"/search?q={FOUND}",
    "found": f"/search?q={FOUND}&wait=all",
    "help": "/help",
    "syntax": "/help/syntax",
    "nothing": "/nothing-here",
}


async def findings(page: Page) -> list[Any]:
    # axe is injected past the policy that keeps all other scripts out
    results = await Axe().run(page, options=RULES)
    return [
        (one["id"], [node["html"][:200] for node in one["nodes"]])
        for one in results.response["violations"]
    ]


async def overflow(page: Page) -> int:
    return await page.evaluate("() => document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", PLACES)
async def test_axe_finds_nothing(browser: Browser, stage: Stage, place: str, scheme: str) -> None:
    if place == "found":
        stage.open()
    async with watched(browser, color_scheme=scheme, bypass_csp=True) as seen:
        page = seen.page
        await page.goto(stage.url + PLACES[place])
        for summary in await page.locator("summary").all():
            await summary.click()

        assert await findings(page) == []
        assert all(url.startswith(stage.url) for url in seen.requests), seen.requests


Case = Callable[[DemoRunning], Awaitable[str]]


async def not_found(net: DemoRunning) -> str:
    return "7-140753336-A-G"


async def incomplete(net: DemoRunning) -> str:
    net.beacons["demo-v11"].fault = Fault(down=True)
    return "7-140753336-A-G"


async def nobody(net: DemoRunning) -> str:
    for beacon in net.beacons.values():
        beacon.fault = Fault(status=500)
    return FOUND


async def found(net: DemoRunning) -> str:
    return FOUND


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("case", [found, not_found, incomplete, nobody])
async def test_axe_finds_nothing_in_any_answer(browser: Browser, case: Case, scheme: str) -> None:
    async with demo_running(query={"retries": 0}) as net:
        text = await case(net)
        async with watched(browser, color_scheme=scheme, bypass_csp=True) as seen:
            await seen.page.goto(f"{net.url}/search?q={text}&wait=all")
            for summary in await seen.page.locator("summary").all():
                await summary.click()

            assert await findings(seen.page) == []
            for width in (320, 375):
                await seen.page.set_viewport_size({"width": width, "height": 800})
                assert await overflow(seen.page) <= 0
            assert await findings(seen.page) == []
            assert all(url.startswith(net.url) for url in seen.requests), seen.requests


@pytest.mark.parametrize("width", [320, 375, 1280])
async def test_nothing_overflows(browser: Browser, stage: Stage, width: int) -> None:
    async with watched(browser, viewport={"width": width, "height": 800}) as seen:
        page = seen.page
        for name, path in sorted(PLACES.items(), key=lambda item: item[0] == "found"):
            if name == "found":
                stage.open()
            await page.goto(stage.url + path)
            for summary in await page.locator("summary").all():
                await summary.click()

            assert await overflow(page) <= 0, name


async def test_targets_are_large_enough(browser: Browser, stage: Stage) -> None:
    stage.open()
    async with watched(browser, viewport={"width": 375, "height": 800}) as seen:
        page = seen.page
        await page.goto(f"{stage.search}&wait=all")
        sizes = await page.eval_on_selector_all(
            "button:visible, .button, nav a, input[type=text], select, summary, .handover, "
            "label:has(input)",
            """all => all.filter(one => one.checkVisibility()).map(one => {
              const box = one.getBoundingClientRect();
              return [one.textContent.trim() || one.id, box.width, box.height]; })""",
        )

        assert [one for one in sizes if min(one[1:]) < 24] == []
        main = await page.eval_on_selector_all(
            "button[type=submit], #q, #assembly, nav a",
            "all => all.map(one => one.getBoundingClientRect().height)",
        )
        assert min(main) >= 44


async def test_a_phone_shows_cards_that_are_still_a_table(browser: Browser, stage: Stage) -> None:
    stage.open()
    async with watched(browser, viewport={"width": 375, "height": 800}) as seen:
        page = seen.page
        await page.goto(f"{stage.search}&wait=all")

        display = await page.locator("#rows tr").first.evaluate(
            "row => getComputedStyle(row).display"
        )
        assert display == "block"
        await expect(page.get_by_role("table")).to_have_count(1)
        await expect(page.get_by_role("row")).to_have_count(6)
        await expect(page.get_by_role("rowheader")).to_have_count(5)


async def test_print_shows_everything_and_no_controls(browser: Browser, stage: Stage) -> None:
    stage.open()
    async with watched(browser) as seen:
        page = seen.page
        await page.goto(f"{stage.search}&wait=all&show=found")
        await page.emulate_media(media="print")

        for hidden in ("nav", "form", ".tools", ".actions"):
            assert await page.locator(hidden).first.is_hidden(), hidden
        for shown in ("#sum", "#m-silent", "#m-second", ".twins", "#m-first .sets li"):
            assert await page.locator(shown).first.is_visible(), shown
        heights = await page.eval_on_selector_all(
            ".sets > ul", "all => all.map(one => one.getBoundingClientRect().height)"
        )
        assert heights
        assert min(heights) > 0
        after = await page.locator("#m-first .sets .handover").first.evaluate(
            "one => getComputedStyle(one, '::after').content"
        )
        assert "https://ega-archive.example/datasets?id=1" in after


async def test_motion_stops_for_those_who_ask(browser: Browser, stage: Stage) -> None:
    async with watched(browser, reduced_motion="reduce") as seen:
        await seen.page.goto(stage.search)
        moving = await seen.page.locator("#m-first .state > span").evaluate(
            "one => getComputedStyle(one).animationName"
        )

        assert moving == "none"


async def test_forced_colours_keep_the_states_apart(browser: Browser, stage: Stage) -> None:
    stage.open()
    async with watched(browser, forced_colors="active") as seen:
        await seen.page.goto(f"{stage.search}&wait=all")
        borders = {
            state: await seen.page.locator(f"#rows .state.{state}").first.evaluate(
                "one => getComputedStyle(one).borderTopStyle"
            )
            for state in ("found", "not_found", "no_answer", "not_asked")
        }

        assert borders == {
            "found": "solid",
            "not_found": "solid",
            "no_answer": "dashed",
            "not_asked": "dotted",
        }
