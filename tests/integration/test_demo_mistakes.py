"""The mistakes the demo beacons can make: each answers, and answers wrongly in its own way."""

from typing import Any

import aiohttp
import pytest

from demo import DemoNetwork

HELD = {
    "referenceName": "7",
    "start": "140753335",
    "referenceBases": "A",
    "alternateBases": "T",
    "assemblyId": "GRCh38",
}
"""BRAF V600E, which `demo-v11` and `demo-records` hold."""
NEXT = {**HELD, "start": "140753336"}
IN_37 = {**HELD, "start": "140453135"}
OTHER = {**HELD, "alternateBases": "G"}
NOWHERE = {**HELD, "referenceName": "1", "start": "4999"}
QUESTIONS = {"held": HELD, "next": NEXT, "in 37": IN_37, "other": OTHER, "nowhere": NOWHERE}


async def found(demo: DemoNetwork, beacon_id: str) -> set[str]:
    """Which of the questions a beacon answers with yes."""
    url = demo.beacons[beacon_id].url
    path = "/query" if beacon_id == "demo-v11" else "/g_variants"
    yes = set()
    async with aiohttp.ClientSession() as client:
        for name, parameters in QUESTIONS.items():
            async with client.get(url + path, params=parameters) as response:
                document: Any = await response.json()
            summary = document if beacon_id == "demo-v11" else document["responseSummary"]
            if summary["exists"]:
                yes.add(name)
    return yes


@pytest.mark.parametrize("beacon_id", ["demo-v11", "demo-records"])
async def test_each_mistake_has_answers_of_its_own(beacon_id: str) -> None:
    async with DemoNetwork() as demo:
        fault = demo.beacons[beacon_id].fault
        assert await found(demo, beacon_id) == {"held"}
        for mistake, yes in (
            ("off_by_one", {"next"}),
            ("wrong_build", {"in 37"}),
            ("ignores_alternate", {"held", "other"}),
            ("always_yes", set(QUESTIONS)),
        ):
            setattr(fault, mistake, True)
            assert await found(demo, beacon_id) == yes, mistake
            setattr(fault, mistake, False)
        assert await found(demo, beacon_id) == {"held"}


async def test_a_mistake_is_of_one_beacon_alone() -> None:
    async with DemoNetwork() as demo:
        demo.beacons["demo-v11"].fault.always_yes = True
        assert await found(demo, "demo-records") == {"held"}
