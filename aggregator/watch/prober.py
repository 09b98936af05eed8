"""Looks at one member once: its description, and a light test question put as the planner would.

Both go over the session that questions take, in the background, with the member's credential. A
member whose description could never be read is judged by the question alone, and one that cannot
be asked the question, or asks its users to sign in, by its description.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol as Interface

from aggregator.model.answer import Answer
from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.translators import translator_for
from aggregator.protocol.wire import Ask, Failure, Request
from aggregator.upstream.call_results import CallProgress, CallResult, Followed
from aggregator.upstream.tokens import Credential, credential_for
from aggregator.watch.check_result import Looked, Step, digest, joined
from aggregator.watch.discovery import paths_of
from aggregator.watch.looking import MAX_INFO_BYTES
from aggregator.watch.phases import FAR, answered, described
from aggregator.watch.probing import MAX_PROBE_BYTES, test_query
from registry.health import Phase, Standing
from registry.places import place_of
from registry.snapshot import RegisteredMember


class Caller(Interface):
    """What looking needs of `upstream.client.MemberClient`."""

    async def call(
        self,
        member: RegisteredMember,
        request: Request,
        *,
        timeout_s: float,
        max_body_bytes: int,
        authorization: str | None = None,
        via: str = "",
        progress: CallProgress | None = None,
        in_background: bool = False,
        request_id: str = "",
    ) -> CallResult:
        """Send a request; every failure is a value."""
        ...

    async def get_following(
        self,
        member: RegisteredMember,
        url: str,
        *,
        timeout_s: float,
        max_body_bytes: int,
        authorization: str | None = None,
        via: str = "",
        request_id: str = "",
    ) -> Followed:
        """GET and follow a few redirects; every failure is a value."""
        ...


@dataclass(frozen=True, slots=True)
class _Look:
    """What all requests of one look have in common."""

    member: RegisteredMember
    authorization: str | None
    timeout_s: float
    request_id: str


class Prober:
    """Looks at members; `new_id` makes the ids that members find in their logs."""

    def __init__(
        self,
        client: Caller,
        *,
        network_id: str,
        timeout_s: float,
        environ: Callable[[], Mapping[str, str]],
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        standing: Callable[[str], Standing],
    ) -> None:
        self._client = client
        self._via = f"1.1 {network_id}"
        self._timeout_s = timeout_s
        self._environ = environ
        self._now = now
        self._new_id = new_id
        self._standing = standing
        self._paths: dict[str, tuple[str, str]] = {}

    def keep(self, member_ids: Iterable[str]) -> None:
        """Forget every member but these."""
        kept = set(member_ids)
        self._paths = {key: one for key, one in self._paths.items() if key in kept}

    async def look(self, member: RegisteredMember) -> Looked:
        """Look at a member; never raises but when cancelled. The check is of when it began."""
        at = self._now()
        credential = credential_for(member, None, self._environ())
        may_ask = isinstance(credential, Credential)
        authorization = credential.authorization if isinstance(credential, Credential) else None
        timeout_s = member.entry.timeout_s or self._timeout_s
        look = _Look(member, authorization, timeout_s, self._new_id())
        description = await self._describe(look)
        question = None
        if may_ask and not (description is not None and _ends_here(description)):
            question = await self._ask(look)
        has_answered = question is not None and question.ended.failure is None
        if has_answered and member.capabilities.fetched_at is None and _has_failed(description):
            description = None  # it has none, and answers
        return joined(at, description, question, look.request_id, look.authorization)

    async def _describe(self, look: _Look) -> Step | None:
        """Get the description, first from where it was found last; None if it has no place."""
        member, place = look.member, place_of(look.member.entry)
        known_place, known = self._paths.get(member.id, ("", ""))
        paths = dict.fromkeys(((known,) if known_place == place else ()) + paths_of(member))
        first: Step | None = None
        for path in paths:
            step = await self._get(look, member.entry.url + path)
            if step.ended.failure is None:
                self._paths[member.id] = (place, path)
                return step
            first = first or step
            if _ends_here(step) or step.ended.phase is Phase.SLOW:
                return step
        return first

    async def _get(self, look: _Look, url: str) -> Step:
        followed = await self._client.get_following(
            look.member,
            url,
            timeout_s=look.timeout_s,
            max_body_bytes=MAX_INFO_BYTES,
            authorization=look.authorization,
            via=self._via,
            request_id=look.request_id,
        )
        result = followed.result
        needs_user = look.member.entry.token == "passthrough"  # noqa: S105 - a policy
        ended = described(result.reply, result.failure, needs_user=needs_user)
        elapsed_s = max(0.0, result.elapsed_s - result.waited_s)
        return Step(Request("GET", url), ended, elapsed_s)

    async def _ask(self, look: _Look) -> Step | None:
        """Put the test question; None where the member cannot be asked it."""
        member = look.member
        translator = translator_for(member.protocol)
        query = test_query(member)
        plan = translator.plan(query, member) if query is not None else None
        if query is None or not isinstance(plan, Ask):
            return None
        part = plan.parts[0]
        result = await self._client.call(
            member,
            part.request,
            timeout_s=look.timeout_s,
            max_body_bytes=MAX_PROBE_BYTES,
            authorization=look.authorization,
            via=self._via,
            in_background=True,
            request_id=look.request_id,
        )
        read: Answer | Failure
        if result.reply is not None and result.failure is None:
            read = translator.read(result.reply, query, member, part)
        else:
            read = result.failure or Failure(NoAnswerCode.INTERNAL, "nothing came back")
        ended = answered(
            result.reply,
            read if isinstance(read, Failure) else None,
            has_token=look.authorization is not None,
            has_answered=self._has_answered(member.id, part.request),
        )
        elapsed_s = max(0.0, result.elapsed_s - result.waited_s)
        return Step(part.request, ended, elapsed_s)

    def _has_answered(self, member_id: str, request: Request) -> bool:
        """Whether it has answered this question, or a refusal is what it is called down for."""
        standing = self._standing(member_id)
        cause = standing.cause
        is_refusal = cause is not None and cause.status is not None and 400 <= cause.status < 500
        return is_refusal or standing.answered == digest(request)


def _ends_here(step: Step) -> bool:
    """Whether what came of a description leaves a question without a point."""
    failure, phase = step.ended.failure, step.ended.phase
    if failure is None:
        return False
    is_far = phase in FAR and phase is not Phase.SLOW
    return is_far or phase is Phase.OURS or failure.code is NoAnswerCode.RATE_LIMITED


def _has_failed(step: Step | None) -> bool:
    return step is not None and step.ended.failure is not None
