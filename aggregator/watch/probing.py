"""Finds out by a few test questions how a member wants to be asked.

Documents do not tell it, and one wire form does not reach all servers. The questions are those
the planner would send, in one form after the other until one is understood: small (yes or no about
one well-known variant), one at a time, and only about what neither the operator nor an earlier
answer has told. The last two are sent at once: servers that mix up concurrent requests show it in
the echo. Trouble on the way teaches nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final
from typing import Protocol as Interface
from urllib.parse import urlsplit

from aggregator.model.answer import Answer, Exists
from aggregator.model.fields import VariantFields
from aggregator.model.genome import Assembly
from aggregator.model.outcome import NoAnswerCode
from aggregator.model.query import Granularity, Include, Pagination, Query
from aggregator.model.question import check
from aggregator.protocol.member_configuration import MAX_DATA_SETS, read_data_sets
from aggregator.protocol.member_document import document_of
from aggregator.protocol.surface import BIOSAMPLE, DATASET, INDIVIDUAL, RUN
from aggregator.protocol.translators import translator_for
from aggregator.protocol.wire import Ask, Failure, Part, Reply, Request
from aggregator.upstream.call_results import CallResult
from aggregator.watch.concurrency import Exchange, mixes_up
from registry.capabilities import DataSet
from registry.models import Dialect, Protocol
from registry.snapshot import RegisteredMember

PROBE_TIMEOUT_S: Final = 10.0
MAX_PROBES: Final = 8
"""The most test questions of one probing."""
MAX_PROBE_BYTES: Final = 2**20
NO_LIST: Final = "no complete list"
"""What asking for the data sets showed where they cannot be known."""
_MAX_SHOWN: Final = 300

BRAF_V600E: Final = {Assembly.GRCH38: 140753335, Assembly.GRCH37: 140453135}
"""Where it is, 0-based; many beacons know it."""

_FORMS: Final[Mapping[Protocol, tuple[Dialect, ...]]] = {
    Protocol.V2: (
        Dialect(),
        Dialect(method="POST", parameters="flat", start="scalar"),
        Dialect(method="POST", parameters="flat", start="list"),
        Dialect(method="POST", parameters="nested", start="list"),
        Dialect(chromosome="chr"),
        Dialect(chromosome="refseq"),
        Dialect(drop=("requestedGranularity", "includeResultsetResponses")),
    ),
    Protocol.V1: (Dialect(), Dialect(method="GET"), Dialect(method="POST")),
}
"""The forms to try, by how many servers take them; the first is what is asked anyway."""

_NOT_ABOUT_FORM: Final = frozenset(
    {
        *(NoAnswerCode.TIMEOUT, NoAnswerCode.OVERLOADED, NoAnswerCode.DNS, NoAnswerCode.CONNECT),
        *(NoAnswerCode.TLS, NoAnswerCode.ADDRESS, NoAnswerCode.REDIRECTED, NoAnswerCode.INTERNAL),
        *(NoAnswerCode.FORBIDDEN, NoAnswerCode.RATE_LIMITED, NoAnswerCode.TOO_LARGE),
        NoAnswerCode.CANCELLED,
    }
)
"""Failures that another form would meet as well."""
_GATEWAY: Final = frozenset({502, 503, 504})


class Caller(Interface):
    """What asking on our own account needs of `upstream.client.MemberClient`."""

    async def call(
        self,
        member: RegisteredMember,
        request: Request,
        *,
        timeout_s: float,
        max_body_bytes: int,
        authorization: str | None = None,
        via: str = "",
        in_background: bool = False,
    ) -> CallResult:
        """Send a request; every failure is a value."""
        ...


@dataclass(frozen=True, slots=True)
class Probe:
    """One test question and what it showed."""

    request: str
    status: str
    found: str

    def __str__(self) -> str:
        return f"{self.request}: {self.status}; {self.found}"


@dataclass(frozen=True, slots=True)
class Probing:
    """What a probing taught."""

    learned: Dialect
    probes: tuple[Probe, ...]
    data_sets: tuple[DataSet, ...] | None = None
    """All it lists, where it lists all."""


async def probe(
    member: RegisteredMember, caller: Caller, *, via: str, authorization: str | None = None
) -> Probing:
    """Ask a member a few test questions; never raises."""
    prober = _Prober(member, caller, via, authorization)
    query = test_query(member)
    if member.protocol not in _FORMS or query is None:
        return Probing(Dialect(), ())
    exists = await prober.find_form(query)
    if exists is not None:
        if exists is not Exists.YES:
            await prober.find_chromosome(query)
        await prober.try_concurrency(query)
        await prober.list_data_sets()
    return Probing(prober.learned, tuple(prober.probes), prober.data_sets)


def test_query(member: RegisteredMember) -> Query | None:
    """Ask about BRAF V600E, in an assembly the member holds; None if it holds neither."""
    held = member.assemblies or (Assembly.GRCH38,)
    assembly = next((one for one in BRAF_V600E if one in held), None)
    if assembly is None:
        return None
    fields = VariantFields(
        assembly=assembly.value,
        chromosome="7",
        start=(BRAF_V600E[assembly],),
        reference="A",
        alternate="T",
    )
    question = check(fields, None).question
    return Query(
        variant=question,
        granularity=Granularity.BOOLEAN,
        include=Include.ALL,
        pagination=Pagination(limit=1),
    )


class _Prober:
    """One probing of one member."""

    def __init__(
        self, member: RegisteredMember, caller: Caller, via: str, authorization: str | None
    ) -> None:
        self._member = member
        self._caller = caller
        self._via = via
        self._authorization = authorization
        self.learned = Dialect()
        self.probes: list[Probe] = []
        self.data_sets: tuple[DataSet, ...] | None = None

    async def find_form(self, query: Query) -> Exists | None:
        """Try forms until one is understood; None if none is, or the member is in trouble."""
        for form in self._forms():
            exchange = await self._ask(query, form)
            if exchange is None:
                continue
            read = exchange.read
            if isinstance(read, Answer):
                self._note(exchange, _understood(form, read))
                self.learned = form
                return read.exists
            if _is_trouble(read):
                self._note(exchange, "nothing learned")
                return None
            self._note(exchange, "not understood in this form")
        return None

    async def find_chromosome(self, query: Query) -> None:
        """Ask under other names of the chromosome: a yes shows that the no was none."""
        known = self._member.dialect_sources.get("chromosome")
        if known in {"learned", "operator"} or self.learned.chromosome is not None:
            return
        for form in (Dialect(chromosome="chr"), Dialect(chromosome="refseq")):
            exchange = await self._ask(query, self.learned.merged(form))
            if exchange is None:
                return
            read = exchange.read
            if isinstance(read, Answer) and read.exists is Exists.YES:
                self._note(exchange, f"it knows the chromosome by its {form.chromosome} name")
                self.learned = self.learned.merged(form)
                return
            self._note(exchange, "nothing learned")

    async def try_concurrency(self, query: Query) -> None:
        """Ask two things at once, unless it is known already whether that may be done."""
        member = self._trial(self.learned)
        if member.max_concurrency == 1 or member.dialect.concurrent is not None:
            return
        if member.protocol is not Protocol.V2 or len(self.probes) + 3 > MAX_PROBES:
            return
        other = self._other_question(member)
        if other is None:
            return

        async def ask(asked: Query) -> Exchange | None:
            return await self._ask(asked, self.learned)

        found = await mixes_up(query, other, ask)
        for exchange in found.exchanges:
            self._note(exchange, found.sentence)
        if found.is_mixed_up:
            self.learned = self.learned.merged(Dialect(concurrent=False))

    async def list_data_sets(self) -> None:
        """Ask a version 2 member for its data sets, so that questions can name them."""
        if self._member.protocol is not Protocol.V2 or len(self.probes) >= MAX_PROBES:
            return
        query = Query(
            entry_type=DATASET,
            granularity=Granularity.RECORD,
            pagination=Pagination(limit=MAX_DATA_SETS),
        )
        exchange = await self._ask(query, self.learned)
        if exchange is None:
            return
        document = document_of(exchange.reply) if exchange.reply is not None else ""
        self.data_sets = None if isinstance(document, str) else read_data_sets(document)
        listed = f"{len(self.data_sets)} data sets" if self.data_sets else NO_LIST
        self._note(exchange, listed)

    def _forms(self) -> Iterator[Dialect]:
        """Give the forms that say nothing else than what is known for certain."""
        sources = self._member.dialect_sources
        certain = self._member.dialect.model_dump(
            include={key for key, source in sources.items() if source != "software"}
        )
        tried: list[Dialect] = []
        for form in _FORMS.get(self._member.protocol or Protocol.V2, ()):
            told = form.model_dump(exclude_defaults=True)
            if any(key in certain and certain[key] != value for key, value in told.items()):
                continue
            full = self._trial(form).dialect
            if full not in tried and len(self.probes) < MAX_PROBES:
                tried.append(full)
                yield form

    def _trial(self, form: Dialect) -> RegisteredMember:
        return replace(self._member, learned=self._member.learned.merged(form))

    def _other_question(self, member: RegisteredMember) -> Query | None:
        """Give a small question about another entry type that the member offers."""
        told = member.capabilities.entry_types or ()
        offered = next((one for one in (RUN, BIOSAMPLE, INDIVIDUAL) if one in told), None)
        if offered is None:
            return None
        query = Query(entry_type=offered, pagination=Pagination(limit=1))
        return query if isinstance(_plan(query, member), Part) else None

    async def _ask(self, query: Query, form: Dialect) -> Exchange | None:
        """Put a question in a form; None where the form has no words for it."""
        member = self._trial(form)
        part = _plan(query, member)
        if part is None:
            return None
        result = await self._caller.call(
            member,
            part.request,
            timeout_s=PROBE_TIMEOUT_S,
            max_body_bytes=MAX_PROBE_BYTES,
            authorization=self._authorization,
            via=self._via,
            in_background=True,
        )
        read: Answer | Failure
        if result.reply is not None and result.failure is None:
            read = translator_for(member.protocol).read(result.reply, query, member, part)
        else:
            read = result.failure or Failure(NoAnswerCode.INTERNAL, "nothing came back")
        return Exchange(part.request, result.reply, read)

    def _note(self, exchange: Exchange, found: str) -> None:
        self.probes.append(Probe(_line(exchange.request), _status(exchange), found))


def _plan(query: Query, member: RegisteredMember) -> Part | None:
    planned = translator_for(member.protocol).plan(query, member)
    return planned.parts[0] if isinstance(planned, Ask) else None


def _is_trouble(failure: Failure) -> bool:
    """Whether another form would fail as well; a bare 500 is how some servers say 400."""
    return failure.code in _NOT_ABOUT_FORM or failure.status in _GATEWAY


def _understood(form: Dialect, read: Answer) -> str:
    told = form.model_dump(exclude_defaults=True, mode="json")
    named = ", ".join(f"{key} {value}" for key, value in told.items())
    verdict = {Exists.YES: "yes", Exists.NO: "no"}.get(read.exists, "no verdict")
    return f"understood ({named or 'the form known so far'}), it says {verdict}"


def _line(request: Request) -> str:
    parts = urlsplit(request.url)
    asked = f"{request.method} {parts.path}" + (f"?{parts.query}" if parts.query else "")
    body = f" {request.body.decode()}" if request.body is not None else ""
    return (asked + body)[:_MAX_SHOWN]


def _status(exchange: Exchange) -> str:
    """Say how it ended, in our words: a member's own may hold anything."""
    reply: Reply | None = exchange.reply
    if reply is not None:
        return f"HTTP {reply.status}"
    failure = exchange.read
    return failure.message if isinstance(failure, Failure) else "no reply"
