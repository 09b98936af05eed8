"""What is left out of texts about members that are asked with a credential."""

from datetime import UTC, datetime

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure, Request
from aggregator.upstream.masking import masker
from aggregator.watch.check_result import Step, joined
from aggregator.watch.conformance.asking import Exchange
from aggregator.watch.conformance.findings import Findings
from aggregator.watch.conformance.report import Judgement, Verdict
from aggregator.watch.conformance.rules import RULES
from aggregator.watch.phases import Ended
from aggregator.watch.withheld import without_words
from registry.health import Phase
from registry.models import Protocol


def test_a_failure_is_told_in_our_words_with_the_members_status() -> None:
    said = Failure(NoAnswerCode.REJECTED, "refused the question (HTTP 400): PATIENT-42", status=400)
    ours = Failure(NoAnswerCode.TIMEOUT, "no answer within 10 s")

    assert without_words(said) == "refused the question (HTTP 400)"
    assert without_words(ours) == "no answer within 10 s"


def test_a_finding_holds_our_credential_nowhere() -> None:
    findings = Findings(RULES[Protocol.V2], masker("Bearer s3cr3t-token"))
    request = Request("GET", "https://member.example/?id=s3cr3t-token")
    said = ("It says s3cr3t-token", "not s3cr3t-token", "s3cr3t-token")

    findings.add("v2.echo", Judgement(Verdict.FAIL, *said), Exchange(request))
    findings.skip("v2.ids", "Not asked: s3cr3t-token")
    told = {one.rule: one for one in findings.all()}

    assert told["v2.echo"].message == "It says (a credential)."
    assert told["v2.echo"].expected == "not (a credential)"
    assert told["v2.echo"].got == "(a credential)"
    assert "(a credential)" in told["v2.echo"].request
    assert told["v2.ids"].message == "Not asked: (a credential)."
    assert "s3cr3t" not in str(told)


def test_what_suspends_a_member_is_told_without_our_credential() -> None:
    said = Failure(NoAnswerCode.RATE_LIMITED, "wait, s3cr3t-token (HTTP 429)", status=429)
    ended = Ended(said, 429, has_come=False, phase=Phase.STATUS)
    step = Step(Request("GET", "https://member.example/"), ended, 0.1)

    looked = joined(datetime.now(UTC), None, step, "one", "Bearer s3cr3t-token")

    assert looked.verdict is not None
    assert looked.verdict.message == "wait, (a credential) (HTTP 429)"


def test_the_request_of_a_check_that_failed_is_told_without_our_credential() -> None:
    said = Failure(NoAnswerCode.REJECTED, "refused the question (HTTP 400)", status=400)
    ended = Ended(said, 400, has_come=False, phase=Phase.STATUS)
    body = b'{"filter": "s3cr3t-token"}'
    request = Request("POST", "https://member.example/?id=s3cr3t-token", body=body)
    step = Step(request, ended, 0.1)

    check = joined(datetime.now(UTC), None, step, "one", "Bearer s3cr3t-token").check

    assert check.request.count("(a credential)") == 2
    assert check.request.endswith('"Authorization: Bearer $TOKEN"')
    assert "s3cr3t" not in str(check)
