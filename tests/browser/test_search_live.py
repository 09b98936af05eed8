"""The search in a real browser: rows come one by one, and nothing on the page contradicts."""

import asyncio
import re
from itertools import pairwise
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import FOUND, NAMES, WAITS_S, Stage, watched
from tests.networks import PATIENT_S

pytestmark = [pytest.mark.usefixtures("short_grace"), pytest.mark.timeout(120)]

RUNNING = f"/search?q={FOUND}&assembly=GRCh38"
WAIT_FOR_ALL = f"Wait for all ({WAITS_S} s at most)"
SAMPLE = """() => {
  window.samples = [];
  const look = () => {
    const states = {};
    for (const row of document.querySelectorAll("#rows tr"))
      states[row.dataset.member] = row.dataset.state;
    const counts = {};
    for (const one of document.querySelectorAll("[data-count]"))
      counts[one.dataset.count] = Number(one.textContent);
    const bar = document.querySelector("progress");
    window.samples.push({
      states, counts, says: document.querySelector("#sum .says").textContent.trim(),
      bar: bar && [bar.value, bar.max], title: document.title,
      said: document.getElementById("said").textContent,
    });
  };
  look();
  new MutationObserver(look).observe(document.body, {
    subtree: true, childList: true, attributes: true, characterData: true });
}"""

SPOKEN = """() => {
  window.spoken = [];
  const said = document.getElementById("said");
  new MutationObserver(() => window.spoken.push([performance.now(), said.textContent]))
    .observe(said, {childList: true, characterData: true});
}"""


def check(sample: dict[str, Any]) -> None:
    states = list(sample["states"].values())
    asking, found = states.count("asking"), states.count("found")
    asked = len(states) - states.count("not_asked")
    says = sample["says"]
    if asking:
        assert says == (
            f"Still asking {asking} of {asked}. {found} found so far; "
            "do not conclude before the end."
        )
        assert sample["bar"] == [asked - asking, asked]
    else:
        assert says.startswith(f"{found} of {found + states.count('not_found')} beacons report")
        assert sample["bar"] is None
    assert sample["counts"] == {
        "all": len(states),
        **{name: states.count(name) for name in ("found", "not_found", "no_answer", "not_asked")},
    }


async def states(page: Page) -> dict[str, str]:
    return await page.eval_on_selector_all(
        "#rows tr", "rows => Object.fromEntries(rows.map(r => [r.dataset.member, r.dataset.state]))"
    )


async def row_is(page: Page, member: str, state: str) -> None:
    await expect(page.locator(f"#m-{member}")).to_have_attribute("data-state", state)


async def ended(page: Page) -> None:
    await expect(page.locator("#answers:not([data-events])")).to_be_attached()


async def test_rows_arrive_one_by_one_and_never_contradict(browser: Browser, stage: Stage) -> None:
    async with watched(browser) as seen:
        page = seen.page
        await page.goto(stage.search)
        assert (await states(page))["other"] == "not_asked"
        assert list((await states(page)).values()).count("asking") == 4
        await page.evaluate(SAMPLE)
        await expect(page).to_have_title(f"{FOUND} · 0 of 4 asked, 0 found so far — Test Network")

        for number, (name, state) in enumerate(
            {"second": "not_found", "first": "found", "silent": "no_answer"}.items(), 1
        ):
            stage.open(name)
            await row_is(page, name, state)
            await expect(page).to_have_title(re.compile(f"{number} of 4 asked"))
        stage.open("third")
        await ended(page)

        samples = await page.evaluate("window.samples")
        assert len(samples) > 4
        for sample in samples:
            check(sample)
        asking = [list(s["states"].values()).count("asking") for s in samples]
        assert asking == sorted(asking, reverse=True)
        assert {4, 3, 2, 1, 0} == set(asking)
        assert list(samples[-1]["states"]) == [*NAMES]
        await expect(page).to_have_title(f"{FOUND} · 2 of 3 found — Test Network")
        said = await page.locator("#said").text_content()
        assert (said or "").startswith("2 of 3 beacons report this exact allele")
        assert await page.locator(".sort").is_visible()
        assert seen.complaints == []
        assert all(url.startswith(stage.url) for url in seen.requests), seen.requests


async def test_the_live_region_speaks_seldom_and_at_the_end(browser: Browser, stage: Stage) -> None:
    async with watched(browser) as seen:
        page = seen.page
        await page.goto(stage.search)
        await expect(page.locator("#said")).not_to_be_empty()
        await page.evaluate(SPOKEN)
        stage.open("second")
        await row_is(page, "second", "not_found")
        stage.open("first")
        await row_is(page, "first", "found")
        stage.open()
        await ended(page)

        spoken = await page.evaluate("window.spoken")
        assert spoken[-1][1].startswith("2 of 3 beacons report")
        # at most every two seconds, however fast members end, and at the end at once
        times = [at for at, _ in spoken[:-1]]
        assert all(after - before >= 1900 for before, after in pairwise(times)), spoken


async def test_an_opened_list_stays_open_while_others_arrive(
    browser: Browser, stage: Stage
) -> None:
    async with watched(browser) as seen:
        page = seen.page
        await page.goto(stage.search)
        stage.open("first")
        await row_is(page, "first", "found")
        await page.locator("#m-first summary").click()
        await page.locator("#show-found").check()
        stage.open()
        await ended(page)

        assert await page.locator("#m-first details").get_attribute("open") is not None
        assert await page.locator("#show-found").is_checked()
        assert await page.locator("#m-second").is_hidden()
        assert await page.locator("#m-third").is_visible()
        await expect(page.locator("#m-first summary")).to_be_visible()


async def test_a_finished_page_opens_no_stream(browser: Browser, stage: Stage) -> None:
    stage.open()
    async with watched(browser) as seen:
        await seen.page.goto(f"{stage.search}&wait=all")

        assert await seen.page.locator("#answers[data-events]").count() == 0
        assert not [url for url in seen.requests if "/search/events" in url]


async def test_who_finds_no_stream_gets_the_links_back(browser: Browser, stage: Stage) -> None:
    async with watched(browser) as seen:
        page = seen.page
        await page.route(
            "**/search/events*", lambda route: route.fulfill(status=503, body="too many")
        )
        await page.goto(stage.search)

        await expect(page.get_by_role("link", name="Show what has come in since")).to_be_visible()
        stage.open()
        await page.get_by_role("link", name=WAIT_FOR_ALL).click()
        await row_is(page, "first", "found")


async def test_without_script_the_same_facts_are_links_away(browser: Browser, stage: Stage) -> None:
    async with watched(browser, java_script_enabled=False) as seen:
        page = seen.page
        await page.goto(stage.url)
        await page.get_by_label("Variant, region or gene").fill(FOUND)
        await page.get_by_role("button", name="Search").click()
        await expect(page.locator("#sum")).to_contain_text("Still asking 4 of 4. 0 found so far")
        stage.open("first")
        async with asyncio.timeout(PATIENT_S):  # no page changes by itself
            while "1 found so far" not in (await stage.net.ask(path=RUNNING)).text:
                pass
        await page.get_by_role("link", name="Show what has come in since").click()
        await row_is(page, "first", "found")
        await expect(page.locator("#sum")).to_contain_text("Still asking 3 of 4. 1 found so far")
        stage.open()
        await page.get_by_role("link", name=WAIT_FOR_ALL).click()
        await expect(page.locator("#sum")).to_contain_text(
            "2 of 3 beacons report this exact allele; 1 answered no."
        )
        await expect(page.locator("#m-silent")).to_contain_text("Did not answer")
        await page.locator("#m-first summary").click()
        await expect(page.locator("#m-first")).to_contain_text(
            "1.2 × 10⁻⁶ (3 of 2,500,000 alleles)"
        )
        await page.locator("#show-no_answer").check()
        assert await page.locator("#rows tr:visible").count() == 1
        await page.locator("#show-all").check()
        await page.get_by_role("link", name="name", exact=True).click()
        assert await page.locator("#rows tr .name").first.text_content() == NAMES["first"]
        await page.get_by_role("link", name=re.compile("Ask the one that did not answer")).click()
        await row_is(page, "first", "found")
        assert seen.complaints == []


async def test_a_sorted_address_is_sorted_when_all_is_in(browser: Browser, stage: Stage) -> None:
    async with watched(browser) as seen:
        page = seen.page
        await page.goto(f"{stage.search}&sort=count")
        assert list(await states(page)) == [*NAMES]
        stage.open()
        await ended(page)

        assert list(await states(page))[:2] == ["first", "third"]


async def test_keys_and_their_switch(browser: Browser, stage: Stage) -> None:
    async with watched(browser) as seen:
        page = seen.page
        await page.goto(stage.url)
        await page.keyboard.press("/")
        box = page.get_by_label("Variant, region or gene")
        await expect(box).to_be_focused()
        await page.keyboard.type("a/?")
        await expect(box).to_have_value("a/?")
        await box.blur()
        await page.keyboard.press("?")
        await page.wait_for_url("**/help#keyboard")
        switch = page.get_by_label("Single keys work on this computer")
        await switch.uncheck()
        await page.goto(stage.url)
        await page.keyboard.press("/")
        await expect(box).not_to_be_focused()


async def test_the_order_of_the_keyboard(browser: Browser, stage: Stage) -> None:
    async with watched(browser) as seen:
        page = seen.page
        await page.goto(stage.url)
        order = []
        for _ in range(10):
            await page.keyboard.press("Tab")
            order.append(
                await page.evaluate(
                    "() => document.activeElement.id || document.activeElement.textContent.trim()"
                )
            )
            outline = await page.evaluate(
                "() => getComputedStyle(document.activeElement).outlineWidth"
            )
            assert outline == "3px"

        assert order == [
            "Skip to the content",
            "Test Network",
            "Search",
            "Members",
            "Network health",
            "Join",
            "Help",
            "assembly",
            "q",
            "Search",
        ]
        await page.goto(stage.url)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await expect(page.locator("#assembly")).to_be_focused()


async def test_addresses_stay_short(browser: Browser, stage: Stage) -> None:
    stage.open()
    async with watched(browser) as seen:
        page = seen.page
        await page.goto(stage.url)
        await page.get_by_label("Variant, region or gene").fill(FOUND)
        await page.keyboard.press("Enter")
        await expect(page.locator("#sum")).to_be_visible()

        assert page.url == f"{stage.url}/search?assembly=GRCh38&q={FOUND}"


async def test_going_back_to_a_running_search_goes_on(browser: Browser, stage: Stage) -> None:
    async with watched(browser) as seen:
        page = seen.page
        await page.goto(stage.search)
        await row_is(page, "first", "asking")
        await page.goto(f"{stage.url}/help")
        stage.open()
        await page.go_back()

        await row_is(page, "first", "found")
        await row_is(page, "silent", "no_answer")
