"""How checks are made is told in the numbers that apply: the bound of each, and what names mean."""

from typing import Any

import pytest

from registry.health import Trait
from tests.checked import BY_HAND, Checked
from tests.faulty import FaultyMember, hang, json_answer
from tests.health_world import health_network, told, write_health
from tests.networks import V2_INFO, entry, network_of, scripted
from tests.pages import look

LIMITS = "A check fails if either has no good answer within "


@pytest.mark.parametrize(
    ("query", "health", "usual", "own"),
    [
        ({"member_timeout_s": 8}, {"probe_timeout_s": 10}, "8 s", "12.5 s"),
        ({"member_timeout_s": 8}, {"probe_timeout_s": 2.5}, "2.5 s", "12.5 s"),
    ],
)
async def test_the_bound_that_is_told_is_the_one_that_applies(
    nothing_left: None, query: Any, health: Any, usual: str, own: str
) -> None:
    members = [told("usual"), told("patient", timeout_s=12.5)]
    async with health_network(members, query=query, health=health) as net:
        assert f"{LIMITS}{usual}." in (await look(net, "/health")).text
        page = await look(net, "/health/usual")
        assert f"{LIMITS}{usual}." in page.text
        assert "another time for" not in page.text
        assert f"{LIMITS}{own}." in (await look(net, "/health/patient")).text


@pytest.mark.parametrize(
    ("query_s", "check_s", "own", "bound"),
    [(1.25, 5, {}, "1.25 s"), (5, 0.3, {}, "0.3 s"), (5, 0.1, {"timeout_s": 1.35}, "1.35 s")],
)
async def test_a_check_waits_as_long_as_its_page_says(
    query_s: float, check_s: float, own: dict[str, float], bound: str
) -> None:
    settings = BY_HAND | {
        "health": BY_HAND["health"] | {"probe_timeout_s": check_s},
        "query": {"member_timeout_s": query_s},
    }
    behave = scripted(hang(), info=json_answer(V2_INFO))
    async with (
        FaultyMember(behave) as silent,
        network_of([entry(silent, "one", **own)], **settings) as net,
    ):
        await net.known("one")
        checked = Checked(net)
        await checked.rounds(1)
        assert checked.last("one").message == f"no answer within {bound}"
        assert f"{LIMITS}{bound}." in (await look(net, "/health/one")).text


async def test_fractions_of_a_bound_are_not_cut_off(nothing_left: None) -> None:
    async with health_network([told("one")], health={"slow_s": 0.5}) as net:
        for path in ("/health", "/health/one"):
            text = (await look(net, path)).text
            assert "is 0.5 s or more, and no more once it is below 0.4 s." in text


async def test_a_name_is_told_with_how_it_comes_and_goes(nothing_left: None) -> None:
    flapping = "It is called flapping once it changed between answering and not 6 times or more"
    async with health_network([told("one"), told("two")]) as net:
        await write_health(net, "one", traits=[Trait.SLOW, Trait.FLAPPING])
        await write_health(net, "two")
        named, other = await look(net, "/health/one"), await look(net, "/health/two")
        for words in ("A beacon is called slow from 3 answers on", flapping):
            assert named.text.count(words) == 2  # beside the name, and in what is measured
            assert other.text.count(words) == 1
        assert "its last 20 checks, and no more once 2 or fewer of such changes" in named.text
