"""Whom to ask, how long to wait, and what to do with an answer that is not complete."""

import re

import pytest

from demo import BEACON_IDS, Fault
from tests.networks import BRAF, DEADLINE_S, GENEROUS_S, DemoRunning, demo_running

NOBODY_38 = BRAF | {"alternateBases": "G"}
"""An allele that no member holds."""
NEVER = Fault(delay_s=30)


class TestAsk:
    async def test_only_the_members_named_are_asked(self, net: DemoRunning) -> None:
        reply = await net.ask(BRAF | {"ask": "demo-v11,demo-counts"})

        assert reply.endings == {
            "demo-legacy": "not_asked/not_selected",
            "demo-v1": "not_asked/not_selected",
            "demo-v11": "found",
            "demo-records": "not_asked/not_selected",
            "demo-counts": "not_found",
        }
        assert reply.info["complete"] is True
        assert not net.asked("demo-records")

    async def test_it_may_be_repeated(self, net: DemoRunning) -> None:
        reply = await net.ask(path="/api/g_variants?ask=demo-v11&ask=demo-records&geneId=BRAF")

        assert reply.endings["demo-records"] == "found"
        assert reply.endings["demo-counts"] == "not_asked/not_selected"

    async def test_it_stands_in_the_address_of_a_post(self, net: DemoRunning) -> None:
        body = {"query": {"requestParameters": {"g_variant": BRAF | {"start": [140753335]}}}}
        reply = await net.ask({"ask": "demo-records"}, body=body)

        assert reply.found == ["demo-records"]
        assert net.times_asked == dict.fromkeys(BEACON_IDS, 0) | {"demo-records": 1}

    async def test_a_selected_member_that_cannot_be_asked_is_501(self, net: DemoRunning) -> None:
        reply = await net.ask(BRAF | {"ask": "demo-v1"})

        assert reply.status == 501
        assert reply.endings["demo-v1"] == "not_asked/assembly"

    @pytest.mark.parametrize(
        "path", ["/api/g_variants", "/v1/query", "/network/explain/g_variants"]
    )
    async def test_unknown_members_are_named_at_once(self, net: DemoRunning, path: str) -> None:
        reply = await net.ask(BRAF | {"ask": "demo-v11,nobody,who", "group": "mars"}, path=path)

        assert reply.status == 400
        for name in ("nobody", "who", "mars"):
            assert name in reply.problem
        assert "demo-v11" not in reply.problem
        assert net.is_untouched


class TestGroup:
    async def test_a_group_is_asked(self, net: DemoRunning) -> None:
        reply = await net.ask(BRAF | {"group": "grch38"})

        assert list(reply.endings.values())[:2] == ["not_asked/not_selected"] * 2
        assert reply.found == ["demo-v11", "demo-records"]

    async def test_a_group_and_names_must_both_fit(self, net: DemoRunning) -> None:
        reply = await net.ask(BRAF | {"group": "grch37", "ask": "demo-v1,demo-v11"})

        assert reply.endings["demo-v1"] == "not_asked/assembly"
        assert reply.endings["demo-v11"] == "not_asked/not_selected"


class TestWait:
    @pytest.mark.parametrize("how", ["parameter", "header"])
    async def test_the_answer_is_there_in_time(self, how: str) -> None:
        async with demo_running() as net:
            await _known_but_counts(net)
            asked = BRAF | ({"wait": str(DEADLINE_S)} if how == "parameter" else {})
            headers = {} if asked is not BRAF and how == "parameter" else _prefer(DEADLINE_S)
            reply = await net.ask(asked, headers=headers, within_s=GENEROUS_S)

            assert reply.status == 200
            assert reply.found == ["demo-v11", "demo-records"]
            assert reply.endings["demo-counts"] == "no_answer/timeout"
            assert reply.info["complete"] is False
            assert reply.headers["Cache-Control"] == "no-store"
            message = reply.members["demo-counts"]["reason"]["message"]
            assert re.fullmatch(r"no answer within \d\.\d s", message)
            assert reply.info["warnings"] == ["1 member did not answer: a 'no' from it is missing"]

    async def test_the_parameter_wins_over_the_header(self) -> None:
        async with demo_running() as net:
            await _known_but_counts(net)
            asked = BRAF | {"wait": str(DEADLINE_S)}
            reply = await net.ask(asked, headers=_prefer(30), within_s=GENEROUS_S)

            assert reply.endings["demo-counts"] == "no_answer/timeout"

    @pytest.mark.parametrize("wait", ["30", "all"])
    async def test_nobody_waits_longer_than_the_network_allows(self, wait: str) -> None:
        limits = {"deadline_s": 0.1, "max_deadline_s": DEADLINE_S}
        async with demo_running(query=limits) as net:
            await _known_but_counts(net)
            reply = await net.ask(BRAF | {"wait": wait}, within_s=GENEROUS_S)

            assert reply.endings["demo-counts"] == "no_answer/timeout"
            clamped = "wait: at most 0.3 s" in reply.info["warnings"]
            assert clamped is (wait == "30")

    @pytest.mark.parametrize("wait", ["0", "-1", "soon", "nan", "inf"])
    async def test_a_time_that_is_none_is_refused(self, net: DemoRunning, wait: str) -> None:
        reply = await net.ask(BRAF | {"wait": wait})

        assert reply.status == 400
        assert "wait: a number of seconds above 0, or all" in reply.problem
        assert net.is_untouched


async def _known_but_counts(net: DemoRunning) -> None:
    """Let one member be silent and the others be in the cache, so that only it is waited for."""
    await net.ask(BRAF | {"ask": "demo-v11,demo-records", "wait": "10"})
    net.beacons["demo-counts"].fault = NEVER


def _prefer(seconds: float) -> dict[str, str]:
    return {"Prefer": f"respond-async, wait={seconds:g}"}


class TestPartial:
    """demo-counts is down; the others say yes or no."""

    @pytest.mark.parametrize("partial", ["", "allow"])
    async def test_an_incomplete_yes_is_an_answer(self, partial: str) -> None:
        async with demo_running(query={"retries": 0}) as net:
            net.beacons["demo-counts"].fault = Fault(down=True)
            reply = await net.ask(BRAF | {"partial": partial})

            assert reply.status == 200
            assert reply.summary["exists"] is True
            assert reply.info["verdict"] == "found"
            assert reply.info["complete"] is False

    async def test_an_incomplete_yes_is_refused_on_request(self) -> None:
        async with demo_running(query={"retries": 0}) as net:
            net.beacons["demo-counts"].fault = Fault(down=True)
            reply = await net.ask(BRAF | {"partial": "deny"})

            assert reply.status == 502
            assert "Found by 2" in reply.problem
            assert reply.found == ["demo-v11", "demo-records"]
            assert reply.headers["Cache-Control"] == "no-store"

    async def test_an_incomplete_no_is_no_answer(self) -> None:
        async with demo_running(query={"retries": 0}) as net:
            net.beacons["demo-counts"].fault = Fault(down=True)
            reply = await net.ask(NOBODY_38)

            assert reply.status == 502
            assert "2 said no" in reply.problem
            assert "demo-counts (connect)" in reply.problem
            assert "partial=allow" in reply.problem
            assert reply.info["verdict"] == "unknown"
            assert "responseSummary" not in reply.json

    async def test_an_incomplete_no_is_an_answer_on_request(self) -> None:
        async with demo_running(query={"retries": 0}) as net:
            net.beacons["demo-counts"].fault = Fault(down=True)
            reply = await net.ask(NOBODY_38 | {"partial": "allow"})

            assert reply.status == 200
            assert reply.summary == {"exists": False}
            assert reply.info["verdict"] == "unknown"
            assert reply.info["warnings"] == ["1 member did not answer: a 'no' from it is missing"]
            assert reply.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize(("partial", "status"), [("", 200), ("allow", 200), ("deny", 502)])
    async def test_the_operator_may_answer_an_incomplete_no(
        self, partial: str, status: int
    ) -> None:
        settings = {"incomplete_negative": "answer", "retries": 0}
        async with demo_running(query=settings) as net:
            net.beacons["demo-counts"].fault = Fault(down=True)
            reply = await net.ask(NOBODY_38 | {"partial": partial})

            assert reply.status == status

    async def test_nobody_at_all_is_no_answer_whatever_was_accepted(self) -> None:
        async with demo_running(query={"retries": 0}) as net:
            for beacon in net.beacons.values():
                beacon.fault = Fault(down=True)
            reply = await net.ask(NOBODY_38 | {"partial": "allow"})

            assert reply.status == 502
            assert "no beacon answered" in reply.problem

    async def test_a_complete_answer_is_never_refused(self, net: DemoRunning) -> None:
        for question in (BRAF, NOBODY_38):
            reply = await net.ask(question | {"partial": "deny"})
            assert reply.status == 200
            assert reply.headers.get("Cache-Control") != "no-store"

    async def test_another_word_is_refused(self, net: DemoRunning) -> None:
        reply = await net.ask(BRAF | {"partial": "maybe"})

        assert reply.status == 400
        assert "partial: allow or deny" in reply.problem


class TestPaused:
    async def test_a_paused_member_is_missing_and_a_disabled_one_is_not(self) -> None:
        async with demo_running() as net:
            entries = [member.entry for member in net.network.holder.current.members]
            paused = {"demo-counts": {"paused": {"until": "2999-01-01", "note": "moving"}}}
            disabled = {"demo-records": {"disabled": True}}
            changed = [
                type(entry).model_validate(
                    entry.model_dump() | (paused | disabled).get(entry.id, {})
                )
                for entry in entries
            ]
            await net.network.registry.seeder.declare(changed)
            await net.network.keeper.refresh()

            reply = await net.ask(BRAF)

            assert reply.endings["demo-counts"] == "not_asked/paused"
            assert reply.endings["demo-records"] == "not_asked/disabled"
            assert "moving" in reply.members["demo-counts"]["reason"]["message"]
            assert reply.info["complete"] is False
            assert not net.asked("demo-counts")
            assert not net.asked("demo-records")

            no = await net.ask(NOBODY_38)
            assert no.status == 503
            assert int(no.headers["Retry-After"]) > 0
