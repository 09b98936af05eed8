"""One run of the rules of version 1: its description, its answers, and how it behaves."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aggregator.model.query import Include
from aggregator.protocol.member_document import named_items, text
from aggregator.protocol.planning import get
from aggregator.protocol.wire import Request
from aggregator.watch.conformance import behaviour_v1, judging
from aggregator.watch.conformance.asking import Asking, Exchange
from aggregator.watch.conformance.documents import Kind
from aggregator.watch.conformance.findings import Findings
from aggregator.watch.conformance.forms import (
    parameters_of,
    plainly_spoken,
    with_only,
    with_rows,
)
from aggregator.watch.conformance.report import Judgement
from aggregator.watch.probing import test_query
from registry.models import Dialect

MOST_SAMPLES: Final = 3
_NO_ASSEMBLY: Final = "It holds neither GRCh38 nor GRCh37, where the test question is"
_REFUSED: Final = "an answer with an error, under status 400"
_ERROR_DOCUMENT: Final = "a JSON document beside the refusal: exists null, and error with its code"
_OF_QUESTIONS: Final = (
    *("v1.answer.schema", "v1.include.all", "v1.include.hit", "v1.include.miss"),
    *("v1.include.none", "v1.form.get", "v1.form.post"),
    *("v1.error.missing", "v1.error.invalid", "v1.error.document"),
)
_SCALARS: Final = (str, int, float)


class RunV1:
    """One run."""

    def __init__(self, asking: Asking, findings: Findings) -> None:
        self._asking = asking
        self._findings = findings
        self._description: Exchange | None = None
        self._asked: list[Exchange] = []
        self._refusals: list[Exchange] = []

    @property
    def description(self) -> Mapping[str, Any]:
        """What the member says of itself."""
        return self._description.content if self._description is not None else {}

    async def run(self) -> None:
        """Judge everything; raises `CutShortError`."""
        self._description = description = await self._get_description()
        version = text(description.content.get("apiVersion"))
        judged = judging.schema(description, Kind.V1_BEACON, version=version)
        self._findings.add("v1.beacon.schema", judged, description)
        query = test_query(self._asking.member)
        request = self._asking.planned(query) if query is not None else _NO_ASSEMBLY
        if isinstance(request, str):
            for rule in _OF_QUESTIONS:
                self._findings.skip(rule, f"Not asked: {request}")
        else:
            await self._judge_rows(request, version)
            await self._judge_forms()
            await self._judge_errors(request, version)
        await self._judge_samples()
        self._judge_the_whole(description)

    async def _get_description(self) -> Exchange:
        exchange = await self._asking.get("/")
        return exchange if exchange.status != 404 else await self._asking.get("")

    async def _judge_rows(self, request: Request, version: str | None) -> None:
        findings = self._findings
        every, hit, miss, none = [
            await self._ask(with_rows(request, include))
            for include in (Include.ALL, Include.HIT, Include.MISS, Include.NONE)
        ]
        judged = await asyncio.to_thread(
            judging.schema, every, Kind.V1_ALLELE_RESPONSE, version=version
        )
        findings.add("v1.answer.schema", judged, every)
        asked = str(parameters_of(request).get("assemblyId"))
        findings.add(
            "v1.include.all", behaviour_v1.judge_all_rows(every, self._data_sets(asked)), every
        )
        findings.add("v1.include.hit", behaviour_v1.judge_rows(every, hit, is_hit=True), hit)
        findings.add("v1.include.miss", behaviour_v1.judge_rows(every, miss, is_hit=False), miss)
        findings.add("v1.include.none", behaviour_v1.judge_no_rows(every, none), none)

    def _data_sets(self, assembly: str) -> list[str]:
        """Name the data sets that the description says hold an assembly."""
        listed = named_items(self.description.get("datasets"), 1_000)
        return [
            name
            for _, one in listed
            if one.get("assemblyId") == assembly and (name := text(one.get("id"))) is not None
        ]

    async def _judge_forms(self) -> None:
        for rule, method in (("v1.form.get", "GET"), ("v1.form.post", "POST")):
            judgement, exchange = await self._form(Dialect.model_validate({"method": method}))
            self._findings.add(rule, judgement, exchange)

    async def _form(self, form: Dialect) -> tuple[Judgement, Exchange | None]:
        query = test_query(self._asking.member)
        member = plainly_spoken(self._asking.member, form)
        request = self._asking.planned(query, member) if query is not None else _NO_ASSEMBLY
        if query is None or isinstance(request, str):
            return judging.skipped(f"Not asked: {request}"), None
        exchange = await self._ask(with_rows(request, Include.ALL))
        return judging.said(exchange, exchange.content.get("exists")), exchange

    async def _judge_errors(self, request: Request, version: str | None) -> None:
        told = parameters_of(request)
        asked = {name: one for name, one in told.items() if isinstance(one, _SCALARS)}
        missing = {name: one for name, one in asked.items() if name != "referenceName"}
        wrong = {
            "v1.error.missing": with_only(request, missing, dict),
            "v1.error.invalid": with_only(request, {**asked, "start": "somewhere"}, dict),
        }
        answers: list[Exchange] = []
        for rule, one in wrong.items():
            exchange = await self._asking.put(one)
            answers.append(exchange)
            judged = judging.refused(exchange, lambda status: status == 400, _REFUSED)
            self._findings.add(rule, judged, exchange)
            if exchange.status is not None and 400 <= exchange.status < 500:
                self._refusals.append(exchange)
        self._findings.add("v1.error.document", *judge_error_documents(answers, version))

    async def _judge_samples(self) -> None:
        told = self.description.get("sampleAlleleRequests")
        samples = [one for _, one in named_items(told, MOST_SAMPLES)]
        answers = []
        for sample in samples:
            pairs = [pair for name, value in sample.items() for pair in _pairs(name, value)]
            request = get(self._address(), pairs)
            answers.append(await self._ask(request, is_theirs=True))
        judged, shown = behaviour_v1.judge_samples(answers)
        self._findings.add("v1.samples", judged, shown)

    def _address(self) -> str:
        query = test_query(self._asking.member)
        planned = self._asking.planned(query) if query is not None else ""
        if isinstance(planned, Request):
            return planned.url.partition("?")[0]
        return f"{self._asking.member.entry.url}/query"

    def _judge_the_whole(self, description: Exchange) -> None:
        """Judge what everything together showed."""
        findings, asked = self._findings, self._asked
        answers = [one for one in asked if one.is_answer]
        findings.add("v1.exists", *behaviour_v1.judge_exists(answers, self._refusals))
        findings.add("v1.echo", *behaviour_v1.judge_allele_echo(answers))
        findings.add("v1.ids", *behaviour_v1.judge_data_set_ids(description, answers))
        known = description.content
        ids = [(one, one.content.get("beaconId")) for one in answers]
        findings.add("v1.beacon_id", *judging.said_alike(ids, known.get("id"), "the id", _anything))
        # answers need not state a version; those that do have to state the same
        stated = [(one, told) for one in answers if (told := one.content.get("apiVersion"))]
        versions = [(description, known.get("apiVersion")), *stated]
        findings.add(
            "v1.api_version",
            *judging.said_alike(versions, known.get("apiVersion"), "apiVersion", _is_version_1),
        )
        findings.add("v1.content_type", *judging.content_type((description, *asked)))
        findings.add("v1.cors", *judging.cors((description,)))

    async def _ask(self, request: Request, *, is_theirs: bool = False) -> Exchange:
        exchange = await self._asking.put(request, is_theirs=is_theirs)
        self._asked.append(exchange)
        return exchange


def judge_error_documents(
    answers: Iterable[Exchange], version: str | None
) -> tuple[Judgement, Exchange | None]:
    """Judge what comes beside the refusals of questions that cannot be answered."""

    def by_schema(one: Exchange) -> Judgement:
        # the prose wants null beside an error, where the schema has a boolean alone
        is_null = one.content.get("exists", True) is None
        judged = judging.schema(
            one,
            Kind.V1_ALLELE_RESPONSE,
            version=version,
            leave_out="/exists" if is_null else None,
        )
        if judged.deviations or one.content.get("error") is not None:
            return judged
        message = "It refuses without an error in its document"
        return judging.breaks(message, "error: {errorCode, errorMessage}", one.came)

    return judging.error_documents(answers, by_schema, _ERROR_DOCUMENT)


def _pairs(name: str, value: Any) -> list[tuple[str, Any]]:
    """Write a parameter of a sample into an address; lists are repeated."""
    if isinstance(value, list):
        return [(name, one) for one in value[:10] if isinstance(one, _SCALARS)]
    return [(name, value)] if isinstance(value, _SCALARS) else []


def _is_version_1(version: str) -> bool:
    return version.lower().removeprefix("v").startswith(("1.", "0.4"))


def _anything(_: str) -> bool:
    return True
