"""One run of the rules of version 2: documents, one answer of each kind, and how it behaves."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from aggregator.model.fields import VariantFields
from aggregator.model.query import GENOMIC_VARIANT, Granularity, Include, Pagination, Query
from aggregator.model.question import check
from aggregator.protocol.member_document import response_of
from aggregator.protocol.surface import (
    ANALYSIS,
    BIOSAMPLE,
    COHORT,
    DATASET,
    ENTRY_TYPES,
    INDIVIDUAL,
    RUN,
)
from aggregator.protocol.v2_address import is_known_to_serve
from aggregator.protocol.wire import Request
from aggregator.watch.conformance import behaviour, judging
from aggregator.watch.conformance.asking import Asking, Exchange
from aggregator.watch.conformance.documents import Kind
from aggregator.watch.conformance.findings import Findings
from aggregator.watch.conformance.forms import (
    PLAIN_GET,
    PLAIN_POST,
    Options,
    body_of,
    plainly_spoken,
    with_only,
    with_options,
)
from aggregator.watch.conformance.report import Judgement
from aggregator.watch.documents import LARGE_BYTES
from aggregator.watch.join_rules_questions import GENE, filter_query
from aggregator.watch.probing import test_query
from registry.models import Dialect

_DOCUMENTS: Final[Mapping[str, tuple[str, Kind]]] = {
    "v2.info.schema": ("/info", Kind.INFO),
    "v2.root.schema": ("/", Kind.INFO),
    "v2.service_info.schema": ("/service-info", Kind.SERVICE_INFO),
    "v2.configuration.schema": ("/configuration", Kind.CONFIGURATION),
    "v2.map.schema": ("/map", Kind.MAP),
    "v2.entry_types.schema": ("/entry_types", Kind.ENTRY_TYPES),
    "v2.filtering_terms.schema": ("/filtering_terms", Kind.FILTERING_TERMS),
}
_LISTS: Final = (INDIVIDUAL, BIOSAMPLE, RUN, ANALYSIS)
_COLLECTIONS: Final = (DATASET, COHORT)
_KINDS: Final[Mapping[Granularity | None, Kind]] = {
    Granularity.BOOLEAN: Kind.BOOLEAN,
    Granularity.COUNT: Kind.COUNT,
    Granularity.RECORD: Kind.RESULT_SETS,
}
_INCLUDES: Final = ("v2.include.all", "v2.include.hit", "v2.include.miss", "v2.include.none")
_OF_VARIANTS: Final = (
    *("v2.answer.boolean", "v2.answer.count", "v2.answer.record"),
    *("v2.granularity.boolean", "v2.granularity.count", "v2.granularity.told"),
    *_INCLUDES,
)
_ERRORS: Final = ("v2.error.incomplete", "v2.error.invalid", "v2.error.document")
_REFUSED: Final = "an error document under a status of 400 or another 4xx"
_ERROR_DOCUMENT: Final = "a JSON document beside the refusal: meta, and error with code and message"
_WRONG: Final[Mapping[str, Mapping[str, object]]] = {
    "v2.error.incomplete": {"start": 140753335},
    "v2.error.invalid": {
        "assemblyId": "GRCh38",
        "referenceName": "7",
        "start": "somewhere",
        "referenceBases": "A",
        "alternateBases": "T",
    },
}


class RunV2:
    """One run."""

    def __init__(self, asking: Asking, findings: Findings) -> None:
        self._asking = asking
        self._findings = findings
        self._documents: dict[str, Exchange] = {}
        self._asked: list[tuple[Exchange, Options, str]] = []
        """Questions for records and what came, with what was wanted."""
        self._turns: list[tuple[Exchange, Exchange]] = []
        """First and second pages of one record."""
        self._collections: list[Exchange] = []

    @property
    def description(self) -> Mapping[str, Any]:
        """What the member says of itself."""
        return response_of(self._documents["/info"].content)

    async def run(self) -> None:
        """Judge everything; raises `CutShortError`."""
        await self._judge_documents()
        await self._judge_variants()
        for entry_type in _LISTS:
            await self._judge_list(entry_type)
        for entry_type in _COLLECTIONS:
            await self._judge_collection(entry_type)
        await self._judge_filter()
        await self._judge_forms()
        await self._judge_errors()
        await asyncio.to_thread(self._judge_the_whole)

    async def _judge_documents(self) -> None:
        for rule, (path, kind) in _DOCUMENTS.items():
            exchange = await self._asking.get(path)
            if path == "/" and exchange.status == 404:
                # `/api` and `/api/` are one place to people, and to the specification
                exchange = await self._asking.get("")
            self._documents[path] = exchange
            self._findings.add(rule, await _schema(exchange, kind), exchange)

    async def _judge_variants(self) -> None:
        query = test_query(self._asking.member)
        if query is None:
            why = "It holds neither GRCh38 nor GRCh37, where the test question is"
            for rule in _OF_VARIANTS:
                self._findings.skip(rule, why)
        else:
            query = replace(query, granularity=Granularity.RECORD, pagination=Pagination(limit=10))
            request = self._asking.planned(query)
            if isinstance(request, str):
                for rule in _OF_VARIANTS:
                    self._findings.skip(rule, f"Not asked: {request}")
            else:
                await self._judge_granularities(request)
                await self._judge_includes(request)
        gene = check(VariantFields(gene=GENE)).question
        planned = self._asking.planned(Query(variant=gene, granularity=Granularity.RECORD))
        if isinstance(planned, Request):
            await self._turn_pages(planned, GENOMIC_VARIANT)

    async def _judge_granularities(self, request: Request) -> None:
        findings = self._findings
        boolean = await self._ask(request, Options(Granularity.BOOLEAN))
        findings.add("v2.answer.boolean", await _answer(boolean, GENOMIC_VARIANT), boolean)
        findings.add("v2.granularity.boolean", behaviour.judge_boolean(boolean), boolean)
        count = await self._ask(request, Options(Granularity.COUNT))
        findings.add("v2.answer.count", await _answer(count, GENOMIC_VARIANT), count)
        findings.add("v2.granularity.count", behaviour.judge_count(count), count)

    async def _judge_includes(self, request: Request) -> None:
        findings = self._findings
        every = await self._ask(request, Options())
        findings.add("v2.answer.record", await _answer(every, GENOMIC_VARIANT), every)
        findings.add("v2.granularity.told", behaviour.judge_told(every), every)
        hit = await self._ask(request, Options(include=Include.HIT))
        miss = await self._ask(request, Options(include=Include.MISS))
        none = await self._ask(request, Options(include=Include.NONE))
        findings.add("v2.include.all", behaviour.judge_all(every, hit, miss), every)
        findings.add("v2.include.hit", behaviour.judge_chosen(every, hit, is_hit=True), hit)
        findings.add("v2.include.miss", behaviour.judge_chosen(every, miss, is_hit=False), miss)
        findings.add("v2.include.none", behaviour.judge_none(every, none), none)

    async def _judge_list(self, entry_type: str) -> None:
        rule = f"v2.answer.{entry_type}"
        query = Query(entry_type=entry_type, granularity=Granularity.RECORD)
        if (request := self._offered(rule, query)) is not None:
            first = await self._turn_pages(request, entry_type)
            self._findings.add(rule, await _answer(first, entry_type), first)

    async def _judge_collection(self, entry_type: str) -> None:
        rule = f"v2.answer.{entry_type}"
        query = Query(entry_type=entry_type, granularity=Granularity.RECORD)
        if (request := self._offered(rule, query)) is None:
            return
        exchange = await self._ask(request, Options(), entry_type)
        self._collections.append(exchange)
        told = behaviour.returned(exchange)
        kind = Kind.COLLECTIONS if told in {None, Granularity.RECORD} else _KINDS[told]
        judged = await _schema(exchange, kind, entry_type)
        self._findings.add(rule, judged, exchange)

    async def _judge_filter(self) -> None:
        rule = "v2.answer.filter"
        query = filter_query(self._asking.member)
        if query is None:
            self._findings.skip(rule, "It lists no term to filter individuals or biosamples by")
            return
        request = self._offered(rule, replace(query, granularity=Granularity.COUNT))
        if request is not None:
            options = Options(Granularity.COUNT, limit=1)
            exchange = await self._ask(request, options, query.entry_type)
            self._findings.add(rule, await _answer(exchange, query.entry_type), exchange)

    async def _judge_forms(self) -> None:
        """Ask as the specification writes it, whatever the member's own form is."""
        for rule, form in (("v2.form.get", PLAIN_GET), ("v2.form.post", PLAIN_POST)):
            judgement, exchange = await self._form(form)
            self._findings.add(rule, judgement, exchange)

    async def _form(self, form: Dialect) -> tuple[Judgement, Exchange | None]:
        query = test_query(self._asking.member)
        if query is None:
            return judging.skipped("It holds neither GRCh38 nor GRCh37"), None
        member = plainly_spoken(self._asking.member, form)
        request = self._asking.planned(query, member)
        if isinstance(request, str):
            return judging.skipped(f"Not asked: {request}"), None
        options = Options(Granularity.BOOLEAN, limit=1)
        exchange = await self._ask(with_options(request, options), options)
        summary = exchange.content.get("responseSummary")
        exists = summary.get("exists") if isinstance(summary, Mapping) else None
        return judging.said(exchange, exists), exchange

    async def _judge_errors(self) -> None:
        request = self._asking.planned(Query(granularity=Granularity.BOOLEAN))
        if isinstance(request, str):
            for rule in _ERRORS:
                self._findings.skip(rule, f"Not asked: {request}")
            return
        dialect = self._asking.member.dialect
        wrong = {
            rule: with_only(request, parameters, lambda told: body_of(told, dialect))
            for rule, parameters in _WRONG.items()
        }
        answers: list[Exchange] = []
        for rule, one in wrong.items():
            exchange = await self._asking.put(one)
            judged = judging.refused(exchange, _is_refusal, _REFUSED)
            self._findings.add(rule, judged, exchange)
            answers.append(exchange)
        self._findings.add("v2.error.document", *judge_error_documents(answers))

    def _judge_the_whole(self) -> None:
        """Judge what everything together showed."""
        findings, documents = self._findings, list(self._documents.values())
        answers = [exchange for exchange, _, _ in self._asked]
        read = [one for one in (*documents, *answers, *self._collections) if one.is_answer]
        told = [(one, one.content.get("meta")) for one in read if "meta" in one.content]
        description = self.description
        findings.add("v2.page.limit", *behaviour.judge_limit(first for first, _ in self._turns))
        findings.add("v2.page.skip", *behaviour.judge_skip(self._turns))
        findings.add("v2.echo", *behaviour.judge_echo(self._asked, self._asking.member.dialect))
        findings.add("v2.ids", *behaviour.judge_ids(answers, self._collections))
        ids = [(one, meta.get("beaconId")) for one, meta in told if isinstance(meta, dict)]
        versions = [(one, meta.get("apiVersion")) for one, meta in told if isinstance(meta, dict)]
        known = description.get("id")
        findings.add("v2.beacon_id", *judging.said_alike(ids, known, "the id", _anything))
        stated = description.get("apiVersion")
        findings.add(
            "v2.api_version", *judging.said_alike(versions, stated, "apiVersion", _is_version_2)
        )
        everything = (*documents, *answers, *self._collections)
        findings.add("v2.content_type", *judging.content_type(everything))
        findings.add("v2.cors", *judging.cors(documents))

    def _offered(self, rule: str, query: Query) -> Request | None:
        """Write a question the member's documents offer; notes why there is none."""
        member = self._asking.member
        if not is_known_to_serve(query, member):
            name = ENTRY_TYPES[query.entry_type].name.lower()
            self._findings.skip(rule, f"It does not offer {name}")
            return None
        request = self._asking.planned(query)
        if isinstance(request, str):
            self._findings.skip(rule, f"Not asked: {request}")
            return None
        return request

    async def _turn_pages(self, request: Request, entry_type: str) -> Exchange:
        first = await self._ask(request, Options(limit=1), entry_type)
        if behaviour.records_of(first):
            second = await self._ask(request, Options(skip=1, limit=1), entry_type)
            self._turns.append((first, second))
        return first

    async def _ask(
        self, request: Request, options: Options, entry_type: str = GENOMIC_VARIANT
    ) -> Exchange:
        exchange = await self._asking.put(with_options(request, options))
        self._asked.append((exchange, options, entry_type))
        return exchange


async def _schema(exchange: Exchange, kind: Kind, entry_type: str | None = None) -> Judgement:
    """Judge by a schema, beside the event loop where much has come."""
    size = len(exchange.reply.body) if exchange.reply is not None else 0
    if size > LARGE_BYTES:
        return await asyncio.to_thread(judging.schema, exchange, kind, entry_type=entry_type)
    return judging.schema(exchange, kind, entry_type=entry_type)


async def _answer(exchange: Exchange, entry_type: str) -> Judgement:
    """Judge an answer by the schema of what it says it tells; without a word, of records."""
    kind = _KINDS.get(behaviour.returned(exchange), Kind.RESULT_SETS)
    return await _schema(exchange, kind, entry_type)


def judge_error_documents(answers: Iterable[Exchange]) -> tuple[Judgement, Exchange | None]:
    """Judge what comes beside the refusals of questions that cannot be answered."""
    return judging.error_documents(
        answers, lambda one: judging.schema(one, Kind.ERROR), _ERROR_DOCUMENT
    )


def _is_refusal(status: int) -> bool:
    return 400 <= status < 500 and status not in {404, 405}


def _is_version_2(version: str) -> bool:
    return version.lower().removeprefix("v").startswith("2.")


def _anything(_: str) -> bool:
    return True
