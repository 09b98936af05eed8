"""Puts the requests of a run to one member, one at a time, and keeps what came of each.

A member that cannot be reached, or stops answering, ends the run: that says nothing about how it
keeps to the specification. One answer that is late is no verdict either.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from aggregator.model.outcome import NoAnswerCode, NotAskedCode
from aggregator.model.query import Query
from aggregator.protocol.curl import curl
from aggregator.protocol.failures import error_text
from aggregator.protocol.member_document import decoded
from aggregator.protocol.translators import translator_for
from aggregator.protocol.wire import Ask, Failure, Reply, Request
from aggregator.upstream.call_results import CallResult
from aggregator.watch.join_recorder import Recorder, came_of
from aggregator.watch.looking import MAX_INFO_BYTES
from aggregator.watch.probing import MAX_PROBE_BYTES
from aggregator.watch.withheld import without_words
from registry.snapshot import RegisteredMember

REQUEST_S: Final = 15.0
_MOST_IN_SILENCE: Final = 3
_AWAY: Final = frozenset({429, 502, 503, 504, 508})
"""Statuses of a server that does not answer now, or not this network, which it asks itself."""
_ENDS: Final = frozenset(
    {
        *(NoAnswerCode.DNS, NoAnswerCode.CONNECT, NoAnswerCode.TLS, NoAnswerCode.ADDRESS),
        *(NoAnswerCode.OVERLOADED, NoAnswerCode.CANCELLED, NoAnswerCode.INTERNAL),
        *(NoAnswerCode.RATE_LIMITED, NotAskedCode.LOOP),
    }
)
"""Failures after which the rest would say nothing either."""


class CutShortError(Exception):
    """The run cannot be completed; the words say why."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of a run, and what came of it."""

    request: Request
    status: int | None = None
    document: object = None
    """The decoded JSON, whatever the status; None where there is none."""
    trouble: str = ""
    """Why no JSON came; empty where it did."""
    silence: str = ""
    """Why nothing is known of the answer: late, or the server is away."""
    came: str = ""
    """The status and the beginning of the body."""
    headers: Mapping[str, str] = field(default_factory=dict)
    reply: Reply | None = field(default=None, repr=False)
    has_token: bool = False
    is_theirs: bool = False
    """Whether the parameters are the member's own words, as of a sample in its description."""

    @property
    def curl(self) -> str:
        """The request as a line of curl, without its credential."""
        return curl(self.request, has_token=self.has_token)

    @property
    def is_answer(self) -> bool:
        """Whether it succeeded with a JSON document."""
        return self.status == 200 and isinstance(self.document, Mapping)

    @property
    def content(self) -> Mapping[str, object]:
        """The document where it is an object; else nothing."""
        return self.document if isinstance(self.document, Mapping) else {}

    @property
    def needs_permission(self) -> bool:
        """Whether the member tells this only to people it knows."""
        return self.status in {401, 403}


class Asking:
    """The requests of one run."""

    def __init__(
        self,
        member: RegisteredMember,
        recorder: Recorder,
        *,
        via: str,
        authorization: str | None = None,
    ) -> None:
        self.member = member
        self._recorder = recorder
        self._via = via
        self._authorization = authorization
        self._silent = 0

    def planned(self, query: Query, member: RegisteredMember | None = None) -> Request | str:
        """Write a question as the network would; a text says why it would not."""
        asked = member or self.member
        plan = translator_for(asked.protocol).plan(query, asked)
        return plan.parts[0].request if isinstance(plan, Ask) else plan.message

    async def get(self, path: str) -> Exchange:
        """Get a document below the member's address; raises `CutShortError`."""
        url = self.member.entry.url + path
        followed = await self._recorder.get_following(
            self.member,
            url,
            timeout_s=REQUEST_S,
            max_body_bytes=MAX_INFO_BYTES,
            authorization=self._authorization,
            via=self._via,
        )
        return self._exchange(Request("GET", url), followed.result)

    async def put(self, request: Request, *, is_theirs: bool = False) -> Exchange:
        """Put a question, or one that is theirs; raises `CutShortError`."""
        result = await self._recorder.call(
            self.member,
            request,
            timeout_s=REQUEST_S,
            max_body_bytes=MAX_PROBE_BYTES,
            authorization=self._authorization,
            via=self._via,
            in_background=True,
        )
        return replace(self._exchange(request, result), is_theirs=is_theirs)

    def _exchange(self, request: Request, result: CallResult) -> Exchange:
        failure, reply = result.failure, result.reply
        has_token = self._authorization is not None
        if failure is not None and has_token:
            failure = replace(failure, message=without_words(failure))
        if failure is not None and failure.code in _ENDS:
            raise CutShortError(failure.message)
        silence = _silence(failure, reply)
        self._silent = self._silent + 1 if silence else 0
        if self._silent >= _MOST_IN_SILENCE:
            raise CutShortError(f"{silence}, {_MOST_IN_SILENCE} times in a row")
        if reply is None:
            came = came_of(None, failure)
            trouble = failure.message if failure is not None else came
            return Exchange(request, None, None, trouble, silence, came, has_token=has_token)
        whole = decoded(Reply(200, reply.body, reply.headers))
        trouble = whole if isinstance(whole, str) else ""
        document = None if isinstance(whole, str) else whole
        if reply.status != 200:
            is_told = isinstance(document, dict) and not has_token
            said = error_text(document) if is_told else None
            trouble = f"HTTP status {reply.status}" + (f": {said}" if said else "")
        return Exchange(
            request,
            reply.status,
            document,
            trouble,
            silence,
            came_of(reply, failure),
            reply.headers,
            reply,
            has_token,
        )


def _silence(failure: Failure | None, reply: Reply | None) -> str:
    if failure is not None and failure.code is NoAnswerCode.TIMEOUT:
        return failure.message
    if reply is not None and reply.status in _AWAY:
        return f"HTTP status {reply.status}"
    return ""
