"""Which credential goes to which member, and that answers bought with one stay with it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests import faulty
from tests.faulty import Behaviour, FaultyMember, Wire
from tests.networks import (
    BRAF,
    Json,
    Running,
    entry,
    network_of,
    questions,
    says,
    scripted,
)

ALICE, BOB = {"Authorization": "Bearer alice"}, {"Authorization": "Bearer bob"}
OPERATORS = "BEACON_MEMBER_TOKEN_PRIVATE"
POLICIES = {"open": "none", "passing": "passthrough", "private": f"env:{OPERATORS}"}


def for_alice() -> Behaviour:
    """Yes to Alice, no to everybody else."""

    async def behave(wire: Wire) -> None:
        assert wire.request is not None
        is_alice = wire.request.headers.get("authorization") == ALICE["Authorization"]
        await faulty.json_answer(says(exists=is_alice))(wire)

    return scripted(behave)


@pytest.fixture(autouse=True)
def operators_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OPERATORS, "operators-own")


@asynccontextmanager
async def by_policy(**behaviours: Behaviour) -> AsyncIterator[tuple[Running, Json]]:
    """A network with a member per policy."""
    async with AsyncExitStack() as stack:
        members = {
            name: await stack.enter_async_context(FaultyMember(behaviours.get(name) or scripted()))
            for name in POLICIES
        }
        entries = [entry(members[name], name, token=POLICIES[name]) for name in POLICIES]
        net = await stack.enter_async_context(network_of(entries))
        await net.known(*POLICIES)
        yield net, members


def sent(member: FaultyMember) -> list[str | None]:
    """The credentials of all questions."""
    return [asked.headers.get("authorization") for asked in questions(member)]


async def test_each_member_gets_what_its_policy_says() -> None:
    async with by_policy() as (net, members):
        reply = await net.ask(BRAF, headers=ALICE)

        assert set(reply.endings.values()) == {"found"}
        assert sent(members["open"]) == [None]
        assert sent(members["passing"]) == ["Bearer alice"]
        assert sent(members["private"]) == ["Bearer operators-own"]


async def test_without_a_users_token_only_the_operators_is_sent() -> None:
    async with by_policy() as (net, members):
        await net.ask(BRAF)

        assert sent(members["open"]) == [None]
        assert sent(members["passing"]) == [None]
        assert sent(members["private"]) == ["Bearer operators-own"]


async def test_no_token_shows_anywhere() -> None:
    refusal = faulty.json_answer({"error": "no"}, 401)
    async with by_policy(passing=scripted(refusal), private=scripted(refusal)) as (net, _):
        reply = await net.ask(BRAF, headers=ALICE)
        explained = await net.ask(BRAF, headers=ALICE, path="/network/explain/g_variants")

        assert reply.endings["private"] == "no_answer/forbidden"
        for text in (reply.text, explained.text):
            assert "alice" not in text
            assert "operators-own" not in text


async def test_what_a_member_says_of_itself_is_asked_with_the_operators_token_alone() -> None:
    async with by_policy() as (net, members):
        await net.ask(BRAF, headers=ALICE)

        for name, expected in (("open", None), ("passing", None), ("private", "operators-own")):
            about = [r for r in members[name].requests if r not in questions(members[name])]
            told = {one.headers.get("authorization") for one in about}
            assert told == {f"Bearer {expected}" if expected else None}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Bearer alice", "Bearer alice"),
        ("Basic dXNlcjp4", "Basic dXNlcjp4"),
        ("alice", "Bearer alice"),
        ("Bearer  alice ", "Bearer alice"),
    ],
)
async def test_a_users_token_keeps_its_scheme(header: str, expected: str) -> None:
    async with by_policy() as (net, members):
        await net.ask(BRAF, headers={"Authorization": header})

        assert sent(members["passing"]) == [expected]


async def test_a_users_token_that_cannot_be_sent_asks_nobody_instead() -> None:
    async with by_policy() as (net, members):
        reply = await net.ask(BRAF, headers={"Authorization": "Bearer a b c"})

        assert reply.endings["passing"] == "not_asked/needs_token"
        assert reply.endings["open"] == "found"
        assert sent(members["passing"]) == []


async def test_a_token_that_is_not_set_means_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with by_policy() as (net, members):
        monkeypatch.delenv(OPERATORS)
        reply = await net.ask(BRAF, headers=ALICE)

        assert reply.endings["private"] == "not_asked/needs_token"
        assert OPERATORS in reply.members["private"]["reason"]["message"]
        assert sent(members["private"]) == []
        assert reply.info["complete"] is False

        alone = await net.ask(BRAF | {"ask": "private"})
        assert alone.status == 502

        # it is read for every question: set again, it is sent
        monkeypatch.setenv(OPERATORS, "renewed")
        assert (await net.ask(BRAF)).endings["private"] == "found"
        assert sent(members["private"]) == ["Bearer renewed"]


class TestScope:
    @pytest.mark.parametrize("others", [{}, BOB, {"Authorization": "Basic alice"}])
    async def test_an_answer_for_one_token_is_not_given_to_others(
        self, others: dict[str, str]
    ) -> None:
        async with by_policy(passing=for_alice()) as (net, members):
            ask = BRAF | {"ask": "passing"}
            assert (await net.ask(ask, headers=ALICE)).endings["passing"] == "found"
            other = await net.ask(ask, headers=others)

            assert other.endings["passing"] == "not_found"
            assert other.members["passing"]["source"] == "live"
            assert len(sent(members["passing"])) == 2

    async def test_the_publics_answer_is_not_given_to_who_may_see_more(self) -> None:
        async with by_policy(passing=for_alice()) as (net, _):
            ask = BRAF | {"ask": "passing"}
            assert (await net.ask(ask)).endings["passing"] == "not_found"
            assert (await net.ask(ask, headers=ALICE)).endings["passing"] == "found"
            assert (await net.ask(ask)).endings["passing"] == "not_found"

    async def test_the_same_token_gets_its_own_answer_again(self) -> None:
        async with by_policy(passing=for_alice()) as (net, members):
            ask = BRAF | {"ask": "passing"}
            await net.ask(ask, headers=ALICE)
            again = await net.ask(ask, headers=ALICE)

            assert again.endings["passing"] == "found"
            assert again.members["passing"]["source"] == "cache"
            assert len(sent(members["passing"])) == 1

    async def test_questions_with_other_tokens_share_no_call(self) -> None:
        async with by_policy(passing=for_alice()) as (net, members):
            ask = BRAF | {"ask": "passing"}
            users: list[dict[str, str]] = [ALICE, BOB, {}] * 5
            replies = await asyncio.gather(*(net.ask(ask, headers=user) for user in users))

            found = [reply.endings["passing"] == "found" for reply in replies]
            assert found == [True, False, False] * 5
            assert len(sent(members["passing"])) == 3

    async def test_an_older_answer_does_not_stand_in_for_another_token(self) -> None:
        yes, broken = faulty.json_answer(says()), faulty.html(500)
        keep = {"ttl_s": 0, "stale_while_revalidate_s": 0, "stale_if_error_s": 100}
        async with FaultyMember(scripted(yes, broken)) as member:
            entries = [entry(member, token="passthrough")]
            async with network_of(entries, cache=keep, query={"retries": 0}) as net:
                await net.ask(BRAF, headers=ALICE)
                bob = await net.ask(BRAF, headers=BOB)
                alice = await net.ask(BRAF, headers=ALICE)

        assert bob.endings == {"scripted": "no_answer/server_error"}
        assert alice.endings == {"scripted": "found"}
        assert alice.members["scripted"]["source"] == "stale"

    async def test_members_that_see_no_token_share_answers_among_users(self) -> None:
        async with by_policy() as (net, members):
            for user in (ALICE, BOB, {}):
                reply = await net.ask(BRAF, headers=user)
                assert reply.endings["open"] == reply.endings["private"] == "found"

            assert len(sent(members["open"])) == 1
            assert len(sent(members["private"])) == 1
            assert len(sent(members["passing"])) == 3

    async def test_a_renewed_token_of_the_operator_is_another_scope(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with by_policy() as (net, members):
            await net.ask(BRAF)
            monkeypatch.setenv(OPERATORS, "another")
            await net.ask(BRAF)

            assert sent(members["private"]) == ["Bearer operators-own", "Bearer another"]


def in_a_warning(header: str) -> Json:
    document = says(exists=False)
    document["meta"]["warnings"] = [f"you are {header}"]
    return document


def in_a_beacon_inside(header: str) -> Json:
    reason = {"code": "server_error", "message": f"refused {header}"}
    inside = [
        {"id": "a", "beaconId": "a", "name": "A", "answer": "not_found"},
        {"id": "b", "beaconId": "b", "name": "B", "answer": "no_answer", "reason": reason},
    ]
    document = says(exists=False)
    document["info"] = {"network": {"verdict": "not_found", "complete": False, "members": inside}}
    return document


@pytest.mark.parametrize("told", [in_a_warning, in_a_beacon_inside])
async def test_a_member_that_repeats_its_credential_is_quoted_without(
    told: Callable[[str], Json],
) -> None:
    async def repeat(wire: Wire) -> None:
        assert wire.request is not None
        await faulty.json_answer(told(wire.request.headers.get("authorization", "")))(wire)

    async with by_policy(private=scripted(repeat)) as (net, _):
        for _ in range(2):  # the second one may come from the cache
            reply = await net.ask(BRAF)
            assert "(a credential)" in reply.text
            assert "operators-own" not in reply.text


async def test_a_redirect_that_holds_the_credential_is_told_without() -> None:
    away = faulty.json_answer({}, 302, [("Location", "http://operators-own.example/operators-own")])
    async with by_policy(private=scripted(away)) as (net, _):
        reply = await net.ask(BRAF)
        assert reply.endings["private"] == "no_answer/redirected"
        assert "operators-own" not in reply.text
