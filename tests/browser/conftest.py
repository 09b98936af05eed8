"""A real browser against a network of scripted members; skipped with a word where there is none."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright, expect

from aggregator.api import pages
from tests.faulty import FaultyMember, json_answer
from tests.networks import PATIENT_S, Running, entry, network_of, scripted
from tests.pages import tells, when

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FOUND = "7-140753336-A-T"
WAITS_S = 60
"""How long members have whose gates are shut, on a machine where browsers are slow."""
expect.set_options(timeout=1000 * PATIENT_S)
NAMES = {
    "first": "Alpha Beacon",
    "second": "Beta Cancer Beacon",
    "third": "Gamma Rare Disease Beacon",
    "silent": "Delta Biobank Beacon",
    "other": "Epsilon Beacon",
}


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{CHROMIUM} is missing: in CI the browser tests run")
        pytest.skip(f"{CHROMIUM} is missing: install Debian's chromium to run the browser tests")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, timeout=2000 * PATIENT_S
        )
        yield started
        await started.close()


@dataclass
class Stage:
    """A network whose members answer when their gate is opened."""

    net: Running
    gates: dict[str, asyncio.Event]

    @property
    def url(self) -> str:
        return self.net.url

    @property
    def search(self) -> str:
        return f"{self.url}/search?q={FOUND}&assembly=GRCh38"

    def open(self, *names: str) -> None:
        for name in names or self.gates:
            self.gates[name].set()


def _hit(count: int) -> dict[str, Any]:
    frequencies = [
        {
            "population": "Total",
            "alleleFrequency": 1.2e-6,
            "alleleCount": 3,
            "alleleNumber": 2_500_000,
        },
        {"population": "Finnish", "alleleFrequency": 0.0123},
    ]
    record = {"frequencyInPopulations": [{"source": "test", "frequencies": frequencies}]}
    return {
        "id": "wgs",
        "exists": True,
        "resultsCount": count,
        "results": [record],
        "resultsHandovers": [
            {
                "handoverType": {"id": "X:1", "label": "Request access"},
                "url": "https://ega-archive.example/datasets?id=1",
                "note": "for approved researchers",
            }
        ],
    }


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    gates = {name: asyncio.Event() for name in ("first", "second", "third", "silent")}
    answers = {
        "first": tells([_hit(3), {"id": "exomes", "exists": False, "resultsCount": 0}]),
        "second": tells([{"id": "panel", "exists": False, "resultsCount": 0}]),
        "third": tells([_hit(1)]),
        "silent": json_answer({"error": {"errorCode": 500, "errorMessage": "asleep"}}, 500),
    }
    async with (
        FaultyMember(scripted(when(gates["first"], answers["first"]))) as first,
        FaultyMember(scripted(when(gates["second"], answers["second"]))) as second,
        FaultyMember(scripted(when(gates["third"], answers["third"]))) as third,
        FaultyMember(scripted(when(gates["silent"], answers["silent"]))) as silent,
    ):
        running = {"first": first, "second": second, "third": third, "silent": silent}
        members = [
            entry(
                member,
                name,
                name=NAMES[name],
                groups=["all"],
                organization={"name": f"{NAMES[name].split()[0]} Institute"},
            )
            for name, member in running.items()
        ]
        members.append(entry(first, "other", name=NAMES["other"], assemblies=["GRCh37"]))
        patient = {"retries": 0, "deadline_s": WAITS_S, "member_timeout_s": WAITS_S}
        async with network_of(members, query=patient) as net:
            yield Stage(net, gates)


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "GRACE_S", 0.1)


@dataclass
class Watched:
    """A page, and what its browser asked for and complained of."""

    page: Page
    context: BrowserContext
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@asynccontextmanager
async def watched(browser: Browser, **options: Any) -> AsyncIterator[Watched]:
    """Open a page that notes every request, script error and violation of the policy."""
    context = await browser.new_context(locale="en-US", **options)
    context.set_default_timeout(2000 * PATIENT_S)
    page = await context.new_page()
    seen = Watched(page, context)

    def ask(request: Request) -> None:
        seen.requests.append(request.url)

    context.on("request", ask)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            seen.complaints.append(message.text)
            if message.type in {"error", "warning"} and "status of 4" not in message.text
            else None
        ),
    )
    try:
        yield seen
    finally:
        await context.close()
