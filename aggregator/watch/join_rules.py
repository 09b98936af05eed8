"""The rules of a check about the way to a beacon: its address, connection and certificate, and
what all that was sent to it showed: how it wants to be asked, how fast it is, who may read it.
"""

from collections.abc import Mapping
from datetime import datetime
from statistics import median
from typing import Final
from urllib.parse import urlsplit

from aggregator.model.outcome import NoAnswerCode, NotAskedCode
from aggregator.protocol.wire import Failure
from aggregator.upstream.failures import HUNG_UP
from aggregator.upstream.peer import Peer
from aggregator.watch.join_recorder import ORIGIN, Bounds, Recorder, Sent
from aggregator.watch.join_report import RULES, Finding, Verdict
from registry.snapshot import RegisteredMember

ADDRESS_FIX: Final = (
    "Give the https:// address of your API under a name that the public DNS resolves to public "
    "addresses only; if the name is new, try again when it has spread."
)
FIXES: Final[Mapping[NoAnswerCode | NotAskedCode, str]] = {
    NoAnswerCode.ADDRESS: ADDRESS_FIX,
    NoAnswerCode.DNS: "Correct the name, or publish it in the DNS.",
    NoAnswerCode.CONNECT: "See that the server runs, and that its firewall lets the network in.",
    NoAnswerCode.TLS: "Renew or replace the certificate, and serve the certificates between it "
    "and the authority's as well.",
    NoAnswerCode.TIMEOUT: "Answer faster, or ask the operator of the network for more time.",
    NoAnswerCode.REDIRECTED: "Register the address that the redirect leads to: questions follow "
    "none.",
    NoAnswerCode.REJECTED: "Take this request, or tell the operator of the network which form "
    "your software wants.",
    NoAnswerCode.FORBIDDEN: "Let it be asked without credentials, or agree with the operator of "
    "the network on those it is to send.",
    NoAnswerCode.RATE_LIMITED: "Let this network ask more often than that.",
    NoAnswerCode.SERVER_ERROR: "Look into the log of your server: it failed at this request.",
    NoAnswerCode.INVALID_BODY: "Answer with one JSON object in UTF-8, complete, under status 200.",
    NoAnswerCode.TOO_LARGE: "Honour requestedGranularity and the page size: the question asks for "
    "a yes or no.",
    NoAnswerCode.NO_VERDICT: "Say exists: true or exists: false in every answer; null is neither.",
    NoAnswerCode.INCONSISTENT: "Use every parameter you are sent, and repeat them in "
    "receivedRequestSummary.",
    NotAskedCode.LOOP: "Give the address of a beacon that does not ask this network itself.",
}
HUNG_UP_FIX: Final = (
    "The connection is accepted and closed again without an answer: look at the proxy in front of "
    "the server, and into its log."
)
_OUR_OWN: Final = frozenset(
    {NoAnswerCode.OVERLOADED, NoAnswerCode.INTERNAL, NoAnswerCode.CANCELLED}
)
_WHOLE: Final = ("the ", "its ", "no ", "too many ", "this network ", "our ", "an error ", "not ")
"""How the words of failures begin that have a subject of their own."""
_TRY_AGAIN: Final = "Check again in a moment."


class Findings:
    """What the rules found so far; each rule speaks once, the first time counts."""

    def __init__(self) -> None:
        self._found: dict[str, Finding] = {}

    def add(
        self, rule: str, verdict: Verdict, message: str, fix: str = "", sent: Sent | None = None
    ) -> None:
        """Note what a rule found."""
        line, came = (sent.curl, sent.came) if sent is not None else ("", "")
        finding = Finding(rule, RULES[rule], verdict, _sentence(message), fix, line, came)
        self._found.setdefault(rule, finding)

    def passed(self, rule: str, message: str, sent: Sent | None = None) -> None:
        """Note that a rule holds."""
        self.add(rule, Verdict.PASS, message, "", sent)

    def skipped(self, rule: str, why: str) -> None:
        """Note that a rule could not be looked at or does not apply."""
        self.add(rule, Verdict.SKIPPED, why)

    def all(self, why_not: str) -> tuple[Finding, ...]:
        """Give a finding for every rule; `why_not` stands for those that said nothing."""
        for rule in RULES:
            self.skipped(rule, why_not)
        return tuple(self._found[rule] for rule in RULES)


def fix_of(failure: Failure) -> str:
    """Say what to change so that a request does not fail so again."""
    if failure.code is NoAnswerCode.CONNECT and failure.message.startswith(HUNG_UP):
        return HUNG_UP_FIX
    return FIXES.get(failure.code, _TRY_AGAIN)


def told_of(failure: Failure) -> str:
    """Say what went wrong as a sentence; the beacon is the subject that failures leave out."""
    is_whole = failure.message.startswith(_WHOLE)
    return failure.message if is_whole else f"the beacon {failure.message}"


def judge_address(findings: Findings, recorder: Recorder) -> None:
    """Judge whether everything that was asked for is on the public internet."""
    failed = _first(recorder, NoAnswerCode.ADDRESS, NoAnswerCode.DNS)
    if failed is not None and failed.failure is not None:
        told = f"This address, or one it redirects to, {failed.failure.message}"
        findings.add("address", Verdict.FAIL, told, fix_of(failed.failure), failed)
    elif any(one.failure is None or one.failure.code not in _OUR_OWN for one in recorder.sent):
        findings.passed("address", "The name resolves, and this network calls its addresses")


def judge_connection(findings: Findings, recorder: Recorder) -> bool:
    """Judge whether the beacon answers at all, with whatever status; False where it does not."""
    answered = next((one for one in recorder.sent if one.status is not None), None)
    if answered is not None:
        findings.passed("connection", "It accepts connections and answers", answered)
        return True
    last = recorder.sent[-1] if recorder.sent else None
    if last is None or last.failure is None:
        return False
    failure = last.failure
    if failure.code is NoAnswerCode.TLS:
        findings.passed("connection", "It accepts connections")
        findings.add("tls", Verdict.FAIL, told_of(failure), fix_of(failure), last)
    elif failure.code not in {NoAnswerCode.ADDRESS, NoAnswerCode.DNS}:
        findings.add("connection", Verdict.FAIL, told_of(failure), fix_of(failure), last)
    return False


def judge_tls(findings: Findings, url: str, peer: Peer | None, now: datetime, days: int) -> None:
    """Judge the certificate of a beacon that was reached, so that it is known to be trusted."""
    if urlsplit(url).scheme != "https":
        if peer is not None and not peer.is_public:
            findings.skipped("tls", "Plain http, on a private address that this network allows")
            return
        findings.add(
            "tls",
            Verdict.ADVICE,
            "The address is plain http: anybody on the way can read and change the answers",
            "Serve the API over https, and give that address.",
        )
        return
    shown = peer.certificate if peer is not None else None
    if shown is None:
        findings.passed("tls", "The certificate is trusted and its chain complete")
        return
    left = (shown.valid_until - now).days
    issuer = f", issued by {shown.issuer}" if shown.issuer else ""
    until = f"valid until {shown.valid_until:%Y-%m-%d} ({left} days){issuer}, chain complete"
    if left < days:
        fix = f"Renew the certificate: less than {days} days are left."
        findings.add("tls", Verdict.ADVICE, f"The certificate is {until}", fix)
    else:
        findings.passed("tls", f"The certificate is {until}")


def judge_dialect(findings: Findings, member: RegisteredMember) -> None:
    """Tell every key of the dialect that was found, and where it comes from."""
    sources = member.dialect_sources
    told = [
        f"{key}: {_value(value)} ({sources[key]})"
        for key, value in member.dialect.model_dump(exclude_defaults=True, mode="json").items()
    ]
    software = member.capabilities.software
    taken = f"Taken for {software}; " if software else ""
    form = "; ".join(told) if told else "the form of the specification is understood"
    if member.dialect.concurrent is False:
        findings.add(
            "dialect",
            Verdict.ADVICE,
            f"{taken}{form}: it mixes up requests that come at once, so it is asked one at a time",
            "Keep requests apart in your server: each answer belongs to one question.",
        )
        return
    findings.passed("dialect", f"{taken}{form}")


def judge_latency(findings: Findings, asked: list[Sent], bounds: Bounds) -> None:
    """Judge how long the questions took, the median of them."""
    late = next((one for one in asked if _code(one) is NoAnswerCode.TIMEOUT), None)
    if late is not None and late.failure is not None:
        message = f"A question was not answered in time: {told_of(late.failure)}"
        findings.add("latency", Verdict.FAIL, message, fix_of(late.failure), late)
        return
    if not asked:
        findings.skipped("latency", "No question was sent")
        return
    took_s = median(one.elapsed_s for one in asked)
    many = "1 question" if len(asked) == 1 else f"{len(asked)} questions"
    told = f"The median of {many} took {took_s:.2f} s"
    if took_s > bounds.slow_s:
        fix = f"Answer within {bounds.slow_s:g} s: visitors wait for the slowest beacon."
        findings.add("latency", Verdict.ADVICE, told, fix)
    else:
        findings.passed("latency", told)


def judge_cors(findings: Findings, recorder: Recorder) -> None:
    """Judge whether pages of other sites may read its documents; the network itself need not."""
    read = [one for one in recorder.sent if one.status == 200 and one.request.method == "GET"]
    if not read:
        return
    if any(one.allowed_origin in {"*", ORIGIN} for one in read):
        findings.passed("cors", "Pages of other sites may read its answers")
        return
    findings.add(
        "cors",
        Verdict.ADVICE,
        "Its answers carry no Access-Control-Allow-Origin for other sites; this network does not "
        "need it, tools in browsers do",
        "Answer with Access-Control-Allow-Origin: * where everybody may read.",
    )


def _first(recorder: Recorder, *codes: NoAnswerCode) -> Sent | None:
    return next((one for one in recorder.sent if _code(one) in codes), None)


def _code(sent: Sent) -> NoAnswerCode | NotAskedCode | None:
    return sent.failure.code if sent.failure is not None else None


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_value(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
