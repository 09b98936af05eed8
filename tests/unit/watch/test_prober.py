"""One look at one member: what it is asked, and what is said of what comes back."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure, Reply
from aggregator.upstream.breaker import Health
from aggregator.upstream.call_results import CallResult, Followed
from aggregator.watch.check_result import digest
from aggregator.watch.phases import answered
from aggregator.watch.prober import Prober
from registry.health import Check, Phase, Result, Rules, Standing, after
from registry.health_rows import encoded, standing_of
from registry.models import Dialect
from tests.builders import member, v2_reply

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
INFO = {"meta": {"apiVersion": "v2.0.0"}, "response": {"id": "org.v2", "name": "Two"}}
KNOWN = {"fetched_at": "2026-01-01T00:00:00Z"}
SLOW = Failure(NoAnswerCode.TIMEOUT, "no answer within 8 s")


def reply(document, status=200, **headers):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def refusal(status, **headers):
    return reply({"error": {"errorCode": status, "errorMessage": "why"}}, status, **headers)


class Site:
    """A member: its description by path, and its end of the question; failures are values."""

    def __init__(self, info=None, answer=None, **entry):
        self.info = {"/info": reply(INFO)} if info is None else info
        self.answer = v2_reply() if answer is None else answer
        known = entry.pop("known", KNOWN)
        self.member = member(capabilities=known, **entry)
        self.gets = []
        self.asked = []
        self.options = []
        self.standing = Standing()
        self.environ = {}
        ids = iter(range(100))
        self.prober = Prober(
            self,
            network_id="us",
            timeout_s=10.0,
            environ=lambda: self.environ,
            now=lambda: NOW,
            new_id=lambda: f"id-{next(ids)}",
            standing=lambda member_id: self.standing,
        )

    async def get_following(self, asked, url, **options):
        path = url.removeprefix(asked.entry.url)
        self.gets.append(path)
        self.options.append(options)
        return Followed(self._result(self.info.get(path, refusal(404)), 0.1), url)

    async def call(self, asked, request, **options):
        assert options.pop("in_background")
        self.asked.append(request)
        self.options.append(options)
        return self._result(self.answer, 0.5)

    async def look(self):
        looked = await self.prober.look(self.member)
        self.standing, _ = after(self.standing, looked.check, Rules())
        return looked

    async def check(self):
        return (await self.look()).check

    def _result(self, end, elapsed_s):
        if isinstance(end, Failure):
            return CallResult(None, end, elapsed_s, 1, 0.2)
        return CallResult(end, None, elapsed_s, 1, 0.2)


async def test_a_member_that_describes_itself_and_answers_is_up():
    site = Site()
    looked = await site.look()
    (question,) = site.asked
    assert looked.check == Check(
        NOW,
        Result.UP,
        status=200,
        elapsed_ms=300.0,
        request_id="id-0",
        question=digest(question),
    )
    assert looked.verdict.health is Health.WORKS
    assert site.gets == ["/info"]
    told = parse_qs(urlsplit(question.url).query)
    assert told["requestedGranularity"] == ["boolean"]
    assert (told["referenceName"], told["start"]) == (["7"], ["140753335"])


async def test_both_requests_carry_the_same_id_our_name_and_the_time_they_may_take():
    site = Site()
    await site.look()
    for options in site.options:
        assert options["request_id"] == "id-0"
        assert options["via"] == "1.1 us"
        assert options["timeout_s"] == 10.0
        assert options["authorization"] is None


async def test_a_time_of_its_own_is_what_a_slow_member_gets():
    site = Site(timeout_s=60)
    await site.look()
    assert {options["timeout_s"] for options in site.options} == {60}


async def test_the_question_is_put_in_the_members_own_dialect():
    site = Site(learned=Dialect(method="POST", start="list"))
    await site.look()
    assert [one.method for one in site.asked] == ["POST"]
    site = Site(learned=Dialect(chromosome="chr"))
    await site.look()
    assert "referenceName=chr7" in site.asked[0].url


async def test_the_question_is_about_an_assembly_the_member_holds():
    site = Site(data_sets={"a": "GRCh37"}, known={}, protocol="v1")
    site.info = {"/": reply({"id": "one", "datasets": [{"id": "a", "assemblyId": "GRCh37"}]})}
    await site.look()
    assert b"140453135" in site.asked[0].body


@pytest.mark.parametrize(
    ("code", "phase"),
    [
        ("dns", Phase.DNS),
        ("address", Phase.DNS),
        ("connect", Phase.CONNECT),
        ("tls", Phase.TLS),
    ],
)
async def test_a_member_that_is_not_reached_is_not_asked_further(code, phase):
    site = Site(info={"/info": Failure(NoAnswerCode(code), "why")})
    looked = await site.look()
    check = looked.check
    assert (check.result, check.phase, check.message) == (Result.DOWN, phase, "why")
    assert check.request == "curl -gsS https://one.example.org/info -H 'Accept: application/json'"
    assert (site.gets, site.asked) == (["/info"], [])
    expected = Health.NOTHING if code == "address" else Health.FAILS
    assert looked.verdict.health is expected


@pytest.mark.parametrize(
    ("end", "phase", "health"),
    [
        (SLOW, Phase.SLOW, Health.FAILS),
        (Failure(NoAnswerCode.TIMEOUT, "no connection within 3 s"), Phase.CONNECT, Health.FAILS),
        (Failure(NoAnswerCode.CONNECT, "why"), Phase.CONNECT, Health.FAILS),
        (refusal(500), Phase.STATUS, Health.FAILS),
        (refusal(302, location="https://new.example.org/api"), Phase.STATUS, Health.WORKS),
        (Failure(NoAnswerCode.REDIRECTED, "moved", status=302), Phase.STATUS, Health.WORKS),
        (Failure(NoAnswerCode.TOO_LARGE, "too large", status=200), Phase.BODY, Health.WORKS),
        (reply(b"{"), Phase.BODY, Health.FAILS),
        (reply(b"<html>"), Phase.BODY, Health.FAILS),
        (reply(b""), Phase.BODY, Health.FAILS),
        (reply([1, 2]), Phase.SCHEMA, Health.FAILS),
        (reply({"meta": {}, "responseSummary": {}}), Phase.SCHEMA, Health.WORKS),
    ],
)
async def test_the_phases_of_a_question_that_fails(end, phase, health):
    site = Site(answer=end)
    looked = await site.look()
    assert (looked.check.result, looked.check.phase) == (Result.DOWN, phase)
    assert looked.check.message
    assert "g_variants" in looked.check.request
    assert looked.verdict.health is health


@pytest.mark.parametrize(
    ("end", "phase"),
    [
        (refusal(500), Phase.STATUS),
        (refusal(404), Phase.STATUS),
        (refusal(401), Phase.STATUS),
        (reply(b"{"), Phase.BODY),
        (reply(b"<html>"), Phase.BODY),
        (reply({"hello": 1}), Phase.SCHEMA),
        (SLOW, Phase.SLOW),
    ],
)
async def test_a_bad_description_fails_the_check_and_is_nothing_to_the_breaker(end, phase):
    site = Site(info={"/info": end})
    looked = await site.look()
    assert (looked.check.result, looked.check.phase) == (Result.DOWN, phase)
    assert "/info" in looked.check.request
    assert len(site.asked) == 1
    assert looked.verdict.health is Health.WORKS


async def test_a_description_is_asked_for_where_it_was_found_last():
    site = Site(info={"": reply(INFO)})
    await site.look()
    await site.look()
    assert site.gets == ["/info", "", ""]
    site.prober.keep([])
    await site.look()
    assert site.gets[3:] == ["/info", ""]


async def test_a_description_that_moved_is_found_again():
    site = Site()
    await site.look()
    site.info = {"": reply(INFO)}
    assert (await site.check()).result is Result.UP
    assert site.gets == ["/info", "/info", ""]


async def test_a_member_that_never_described_itself_is_judged_by_the_question():
    site = Site(info={}, known={})
    assert (await site.check()).result is Result.UP
    site.answer = refusal(500)
    check = await site.check()
    assert (check.result, check.status) == (Result.DOWN, 404)


async def test_a_version_without_descriptions_is_judged_by_the_question():
    site = Site(
        protocol="v0",
        dialect={"coordinates": 0},
        known={},
        answer=reply({"response": {"exists": True}}),
    )
    assert (await site.check()).result is Result.UP
    assert site.gets == []
    site.answer = SLOW
    assert (await site.check()).phase is Phase.SLOW


async def test_a_member_that_cannot_be_asked_the_question_is_judged_by_its_description():
    site = Site(assemblies=["NCBI36"])
    looked = await site.look()
    assert (looked.check.result, looked.check.elapsed_ms) == (Result.UP, 0.0)
    assert site.asked == []
    site.info = {"/info": refusal(503)}
    looked = await site.look()
    assert (looked.check.result, looked.check.status) == (Result.DOWN, 503)
    assert looked.verdict is None


@pytest.mark.parametrize("status", [400, 404, 405, 422, 501])
async def test_a_refusal_of_a_question_never_answered_before_is_none_of_the_members_faults(status):
    site = Site(answer=refusal(status))
    check = await site.check()
    assert (check.result, check.status, check.message) == (Result.UP, status, "")


@pytest.mark.parametrize("status", [400, 404])
async def test_a_refusal_of_what_was_answered_before_is_a_failure(status):
    site = Site()
    await site.look()
    site.answer = refusal(status)
    check = await site.check()
    assert (check.result, check.phase, check.status) == (Result.DOWN, Phase.STATUS, status)


async def test_what_was_answered_before_is_known_to_the_next_process_too():
    before = Site()
    await before.look()
    site = Site(answer=refusal(404))
    written = standing_of(encoded(before.standing), "one")
    assert written == before.standing
    site.standing = written
    states = []
    for _ in range(3):
        await site.look()
        states.append(site.standing.state.value)
    assert states == ["up", "up", "down"]


async def test_a_question_answered_beside_a_bad_description_was_answered():
    site = Site(info={"/info": refusal(500)})
    await site.look()
    site.info, site.answer = {"/info": reply(INFO)}, refusal(404)
    assert (await site.check()).result is Result.DOWN


@pytest.mark.parametrize(
    ("failure", "has_reached"),
    [
        (Failure(NoAnswerCode.TLS, "its certificate has expired"), True),
        (Failure(NoAnswerCode.TLS, "its certificate is for another host than a.org"), True),
        (Failure(NoAnswerCode.TLS, "refused a secure connection: handshake failure"), False),
        (Failure(NoAnswerCode.TLS, "the CA file set for it cannot be used: gone"), False),
        (Failure(NoAnswerCode.CONNECT, "cannot be reached: connection refused"), False),
        (Failure(NoAnswerCode.DNS, "its name cannot be resolved"), False),
        (refusal(500), True),
    ],
)
async def test_whether_our_connection_brought_us_to_the_member(failure, has_reached):
    looked = await Site(info={"/info": failure}).look()
    assert looked.check.result is Result.DOWN
    assert looked.has_reached is has_reached


async def test_a_refusal_that_is_an_outage_already_stays_one_in_the_next_process():
    site = Site(answer=refusal(404))
    site.standing = Standing(cause=Check(NOW, Result.DOWN, Phase.STATUS, 404))
    assert (await site.check()).result is Result.DOWN
    site.standing = Standing(cause=Check(NOW, Result.DOWN, Phase.STATUS, 500))
    assert (await site.check()).result is Result.UP


def test_a_failure_that_teaches_how_to_ask_is_none_until_it_was_asked_so():
    why = "its answer is about another question"
    failure = Failure(NoAnswerCode.INCONSISTENT, why, learned=Dialect(method="POST"))
    assert answered(v2_reply(), failure, has_token=False, has_answered=False).has_come
    assert not answered(v2_reply(), failure, has_token=False, has_answered=True).has_come
    plain = Failure(NoAnswerCode.INCONSISTENT, why)
    assert not answered(v2_reply(), plain, has_token=False, has_answered=False).has_come


async def test_a_question_in_another_form_was_never_answered_before():
    site = Site()
    await site.look()
    site.member = member(capabilities=KNOWN, learned=Dialect(chromosome="chr"))
    site.answer = refusal(400)
    assert (await site.check()).result is Result.UP


@pytest.mark.parametrize("status", [401, 403])
async def test_a_member_that_answers_users_who_sign_in_is_judged_by_its_description(status):
    for token in ("none", "passthrough"):
        site = Site(answer=refusal(status), token=token)
        assert (await site.check()).result is Result.UP
        site.info = {"/info": refusal(500)}
        assert (await site.check()).result is Result.DOWN


async def test_a_member_that_describes_itself_to_users_alone_works():
    site = Site(info={"/info": refusal(401)}, answer=refusal(401), token="passthrough")
    assert (await site.check()).result is Result.UP


async def test_a_credential_of_ours_that_is_refused_fails_the_check_and_is_not_told():
    said = {"error": {"errorMessage": "who is Bearer s3cr3t-token? S3CR3T-TOKEN!"}}
    site = Site(answer=reply(said, 403), token="env:BEACON_MEMBER_TOKEN_ONE")
    site.environ = {"BEACON_MEMBER_TOKEN_ONE": "s3cr3t-token"}
    check = await site.check()
    assert (check.result, check.phase, check.status) == (Result.DOWN, Phase.STATUS, 403)
    assert {options["authorization"] for options in site.options} == {"Bearer s3cr3t-token"}
    assert "s3cr3t" not in (check.message + check.request).lower()
    assert '"Authorization: Bearer $TOKEN"' in check.request


async def test_without_the_credential_it_needs_only_the_description_is_looked_at():
    site = Site(token="env:BEACON_MEMBER_TOKEN_ONE")
    assert (await site.check()).result is Result.UP
    assert site.asked == []
    assert site.options[0]["authorization"] is None


@pytest.mark.parametrize("code", ["overloaded", "internal", "cancelled"])
@pytest.mark.parametrize("where", ["info", "answer"])
async def test_what_fails_on_our_side_says_nothing_of_the_member(code, where):
    failure = Failure(NoAnswerCode(code), "ours")
    site = Site(answer=failure) if where == "answer" else Site(info={"/info": failure})
    looked = await site.look()
    assert (looked.check.result, looked.check.phase) == (Result.UNKNOWN, Phase.OURS)
    assert looked.verdict is None or looked.verdict.health is Health.NOTHING


@pytest.mark.parametrize("where", ["info", "answer"])
async def test_a_member_that_asks_to_be_left_alone_is_up_and_is(where):
    busy = refusal(429, retry_after="120")
    site = Site(answer=busy) if where == "answer" else Site(info={"/info": busy})
    looked = await site.look()
    assert (looked.check.result, looked.check.elapsed_ms) == (Result.UP, None)
    assert looked.retry_after_s == 120
    assert looked.verdict.retry_after_s == 120
    assert len(site.asked) == (where == "answer")


async def test_an_error_of_a_network_that_lacks_members_is_no_failure_of_the_network():
    document = {"error": {"errorCode": 502}, "info": {"network": {"members": []}}}
    assert (await Site(answer=reply(document, 502)).check()).result is Result.UP


async def test_long_words_of_a_member_are_cut():
    site = Site(answer=refusal(500))
    site.answer = Failure(NoAnswerCode.SERVER_ERROR, "x" * 5000, status=500)
    assert len((await site.check()).message) <= 500
