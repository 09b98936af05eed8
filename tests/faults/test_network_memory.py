"""What the network remembers of members that fail: older answers, pauses, and how they want it."""

from typing import Any

import pytest

from demo import Fault
from tests import faulty
from tests.faulty import Behaviour, FaultyMember, Wire
from tests.networks import (
    BRAF,
    DEADLINE_S,
    GENEROUS_S,
    come_true,
    demo_running,
    entry,
    network_of,
    questions,
    says,
    scripted,
    until,
)
from tests.official import official

YES, NO = faulty.json_answer(says()), faulty.json_answer(says(exists=False))
BROKEN = faulty.html(500)
ONCE = {"retries": 0}
KEEP_FOR_ERRORS = {"ttl_s": 0, "stale_while_revalidate_s": 0, "stale_if_error_s": 100}
RENEW = {"ttl_s": 0, "stale_while_revalidate_s": 100, "stale_if_error_s": 0}
OTHER = BRAF | {"alternateBases": "G"}


class TestOlderAnswers:
    @pytest.mark.parametrize("fault", [BROKEN, faulty.reset(), faulty.html()])
    async def test_an_older_answer_stands_in_and_says_so(self, fault: Behaviour) -> None:
        async with FaultyMember(scripted(YES, fault)) as member:
            async with network_of([entry(member)], query=ONCE, cache=KEEP_FOR_ERRORS) as net:
                first = await net.ask(BRAF)
                second = await net.ask(BRAF)

        assert first.members["scripted"]["source"] == "live"
        told = second.members["scripted"]
        assert (told["answer"], told["source"]) == ("found", "stale")
        assert told["warnings"][0].startswith("answer of 2")
        assert "silent now" in told["warnings"][1]
        assert second.status == 200
        assert second.info["complete"] is True
        assert second.info["warnings"] == [
            "the answers of 1 member are older than this network keeps fresh"
        ]
        official.validate_v2_answer(second.json)

    async def test_for_a_silent_member_at_the_deadline(self) -> None:
        async with FaultyMember(scripted(YES, faulty.hang())) as member:
            async with network_of([entry(member)], query=ONCE, cache=KEEP_FOR_ERRORS) as net:
                await net.ask(BRAF)
                reply = await net.ask(BRAF | {"wait": str(DEADLINE_S)}, within_s=GENEROUS_S)

        assert reply.members["scripted"]["source"] == "stale"

    async def test_an_older_no_stands_in_as_well(self) -> None:
        async with FaultyMember(scripted(NO, BROKEN)) as member:
            async with network_of([entry(member)], query=ONCE, cache=KEEP_FOR_ERRORS) as net:
                await net.ask(BRAF)
                reply = await net.ask(BRAF)

        assert reply.status == 200
        assert reply.members["scripted"]["source"] == "stale"
        assert reply.endings == {"scripted": "not_found"}

    async def test_a_failure_is_never_kept(self) -> None:
        async with FaultyMember(scripted(BROKEN, YES)) as member:
            async with network_of([entry(member)], query=ONCE) as net:
                assert (await net.ask(BRAF)).endings == {"scripted": "no_answer/server_error"}
                assert (await net.ask(BRAF)).endings == {"scripted": "found"}

    async def test_nothing_stands_in_for_another_question(self) -> None:
        async with FaultyMember(scripted(YES, BROKEN)) as member:
            async with network_of([entry(member)], query=ONCE, cache=KEEP_FOR_ERRORS) as net:
                await net.ask(BRAF)
                reply = await net.ask(OTHER)

        assert reply.endings == {"scripted": "no_answer/server_error"}

    async def test_a_member_may_forbid_to_keep_its_answers(self) -> None:
        private = faulty.json_answer(says(), headers=[("Cache-Control", "private, max-age=60")])
        async with FaultyMember(scripted(private)) as member:
            async with network_of([entry(member)]) as net:
                for _ in range(2):
                    reply = await net.ask(BRAF)
                    assert reply.members["scripted"]["source"] == "live"
        assert len(questions(member)) == 2

    async def test_an_ageing_answer_is_given_at_once_and_renewed_behind(self) -> None:
        async with FaultyMember(scripted(YES, NO)) as member:
            async with network_of([entry(member)], cache=RENEW) as net:
                await net.ask(BRAF)
                second = await net.ask(BRAF)
                await until(member, lambda m: len(questions(m)) == 2)
                await come_true(lambda: net.is_at_rest)
                third = await net.ask(BRAF)

        assert second.endings == {"scripted": "found"}
        assert second.members["scripted"]["source"] == "stale"
        assert third.endings == {"scripted": "not_found"}

    async def test_a_renewal_that_hangs_ends_with_the_network(self) -> None:
        async with FaultyMember(scripted(YES, faulty.hang())) as member:
            async with network_of([entry(member)], cache=RENEW) as net:
                await net.ask(BRAF)
                await net.ask(BRAF)
                await until(member, lambda m: len(questions(m)) == 2)
            await until(member, lambda m: not m.open_connections)


class TestSuspension:
    @pytest.mark.parametrize("fault", [BROKEN, faulty.html(), faulty.raw()])
    async def test_after_five_failures_a_member_is_left_alone(self, fault: Behaviour) -> None:
        async with FaultyMember(scripted(fault)) as bad, FaultyMember(scripted()) as good:
            entries = [entry(bad, "bad"), entry(good, "good")]
            async with network_of(entries, query=ONCE) as net:
                for _ in range(5):
                    reply = await net.ask(BRAF)
                    assert reply.endings["bad"].startswith("no_answer/")
                reply = await net.ask(BRAF)
                alone = await net.ask(BRAF | {"ask": "bad"})

        assert len(questions(bad)) == 5
        assert reply.endings == {"bad": "not_asked/suspended", "good": "found"}
        assert "kept failing" in reply.members["bad"]["reason"]["message"]
        assert reply.info["complete"] is False
        assert reply.headers["Cache-Control"] == "no-store"
        assert alone.status == 503
        assert 1 <= int(alone.headers["Retry-After"]) <= 6
        official.validate_v2_answer(alone.json)

    async def test_an_older_answer_stands_in_for_a_suspended_member(self) -> None:
        async with FaultyMember(scripted(YES, BROKEN)) as member:
            async with network_of([entry(member)], query=ONCE, cache=KEEP_FOR_ERRORS) as net:
                await net.ask(BRAF)
                for _ in range(5):
                    await net.ask(BRAF)
                reply = await net.ask(BRAF)

        assert len(questions(member)) == 6
        assert reply.endings == {"scripted": "found"}
        assert reply.members["scripted"]["source"] == "stale"

    @pytest.mark.parametrize("status", [400, 401, 404, 501])
    async def test_a_member_that_refuses_works(self, status: int) -> None:
        async with FaultyMember(scripted(faulty.answer(b"", status))) as member:
            async with network_of([entry(member)], query=ONCE) as net:
                endings = {(await net.ask(BRAF)).endings["scripted"] for _ in range(7)}

        assert len(questions(member)) == 7
        assert len(endings) == 1

    async def test_a_network_below_that_says_so_itself_works(self) -> None:
        """Its 502 carries who of its own members is missing: asking again would not help."""
        error = {"error": {"errorCode": 502, "errorMessage": "2 are missing"}}
        told = faulty.json_answer(error | {"info": {"network": {"members": []}}}, 502)
        async with FaultyMember(scripted(told)) as member:
            async with network_of([entry(member)]) as net:
                for _ in range(7):
                    reply = await net.ask(BRAF)
                    assert reply.endings == {"scripted": "no_answer/server_error"}
                    assert reply.members["scripted"]["attempts"] == 1
        assert len(questions(member)) == 7

    async def test_a_long_retry_after_is_obeyed(self) -> None:
        busy = faulty.answer(b"", 429, [("Retry-After", "30")])
        async with FaultyMember(scripted(busy)) as member:
            async with network_of([entry(member)], query=ONCE) as net:
                first = await net.ask(BRAF)
                second = await net.ask(OTHER)

        assert first.endings == {"scripted": "no_answer/rate_limited"}
        assert second.endings == {"scripted": "not_asked/suspended"}
        assert second.status == 503
        assert 25 <= int(second.headers["Retry-After"]) <= 30
        assert len(questions(member)) == 1


def by_method(**behaviours: Behaviour) -> Behaviour:
    async def behave(wire: Wire) -> None:
        assert wire.request is not None
        await behaviours[wire.request.method](wire)

    return behave


class TestLearning:
    async def test_a_server_without_post_is_asked_by_get_from_then_on(self) -> None:
        async with demo_running() as net:
            net.beacons["demo-v11"].fault = Fault(get_only=True)
            assert _method(await net.explain(BRAF)) == ["POST"]

            first = await net.ask(BRAF)
            assert first.endings["demo-v11"] == "found"
            assert first.members["demo-v11"]["attempts"] == 2
            await come_true(lambda: net.member("demo-v11").dialect.method == "GET")

            explained = await net.explain(OTHER)
            assert _method(explained) == ["GET"]
            assert explained["demo-v11"]["dialect"]["method"] == "GET"
            second = await net.ask(OTHER)
            assert second.endings["demo-v11"] == "not_found"
            assert second.members["demo-v11"]["attempts"] == 1
            methods = [asked.method for asked in net.asked("demo-v11")]
            assert methods == ["POST", "GET", "GET"]
            # by then it says what it was asked by the other method already
            again = await net.ask(BRAF)
            assert again.members["demo-v11"]["answer"] == "found"

    async def test_a_version_2_server_without_get_is_asked_by_post(self) -> None:
        picky = by_method(GET=faulty.answer(b"", 405), POST=YES)
        async with FaultyMember(scripted(picky)) as member:
            async with network_of([entry(member)]) as net:
                first = await net.ask(BRAF)
                await come_true(lambda: net.member("scripted").dialect.method == "POST")
                second = await net.ask(OTHER)

        assert first.found == second.found == ["scripted"]
        assert [each.method for each in questions(member)] == ["GET", "POST", "POST"]

    async def test_what_the_operator_said_is_not_unlearned(self) -> None:
        picky = by_method(GET=YES, POST=faulty.answer(b"", 405))
        async with FaultyMember(scripted(picky)) as member:
            entries = [entry(member, protocol="v1", dialect={"method": "POST"})]
            async with network_of(entries) as net:
                reply = await net.ask(BRAF)

        assert reply.endings == {"scripted": "no_answer/rejected"}
        assert [each.method for each in questions(member)] == ["POST"]

    async def test_a_server_that_takes_neither_is_not_asked_forever(self) -> None:
        async with FaultyMember(scripted(faulty.answer(b"", 405))) as member:
            async with network_of([entry(member, protocol="v1")]) as net:
                reply = await net.ask(BRAF)

        assert reply.endings == {"scripted": "no_answer/rejected"}
        assert len(questions(member)) == 2


def _method(explained: dict[str, Any]) -> list[str]:
    return [request["method"] for request in explained["demo-v11"]["requests"]]
