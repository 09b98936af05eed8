"""Members, questions and replies for the tests of the translators."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aggregator.model.answer import Answer
from aggregator.model.fields import VariantFields
from aggregator.model.genome import Assembly
from aggregator.model.query import Query, VariantQuestion
from aggregator.model.question import ReferenceSequence, check
from aggregator.protocol.wire import Ask, Failure, NotAsked, Part, Reply, Request
from registry.capabilities import Capabilities, DataSet
from registry.models import Dialect, MemberEntry, Protocol
from registry.snapshot import RegisteredMember

ANSWERLESS_QUERY = Query()
"""Everything: for readers, which only look at the granularity asked for."""

BRCA1 = {
    "assembly": "GRCh38",
    "chromosome": "17",
    "start": (43045703,),
    "reference": "G",
    "alternate": "A",
}
"""BRCA1 Pro1856Ser, 17-43045704-G-A."""

CFTR = {
    "assembly": "GRCh38",
    "chromosome": "7",
    "start": (117559589,),
    "reference": "ATCT",
    "alternate": "A",
}
"""CFTR F508del in its VCF spelling, 7-117559590-ATCT-A."""


def member(
    protocol: str = "v2",
    *,
    assemblies: tuple[str, ...] = (),
    data_sets: Mapping[str, str | None] | None = None,
    learned: Dialect | None = None,
    capabilities: Mapping[str, Any] | None = None,
    **dialect: Any,
) -> RegisteredMember:
    if protocol == "v0":
        dialect.setdefault("coordinates", 0)
    sets = tuple(
        DataSet(id=name, assembly=assembly, name=f"{name} in full")
        for name, assembly in (data_sets or {}).items()
    )
    return RegisteredMember(
        MemberEntry(
            id="one",
            url="https://beacon.example.org/api/",
            protocol=Protocol(protocol),
            dialect=Dialect(**dialect),
            assemblies=tuple(Assembly(name) for name in assemblies),
        ),
        Capabilities(data_sets=sets, **(capabilities or {})),
        learned or Dialect(),
    )


def variant(reference: ReferenceSequence | None = None, /, **fields: Any) -> VariantQuestion:
    checked = check(VariantFields(**fields), reference)
    assert not checked.problems, checked.problems
    assert checked.question is not None
    return checked.question


def question(**fields: Any) -> Query:
    return Query(variant=variant(**fields))


def asked(decision: Ask | NotAsked) -> Ask:
    assert isinstance(decision, Ask), decision
    return decision


def one_request(decision: Ask | NotAsked) -> Request:
    (part,) = asked(decision).parts
    return part.request


def refused(decision: Ask | NotAsked) -> str:
    assert isinstance(decision, NotAsked), decision
    assert decision.message
    return decision.code.value


def url_parameters(request: Request) -> dict[str, str]:
    assert request.method == "GET"
    pairs = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs), "a parameter is repeated"
    return dict(pairs)


def body(request: Request) -> Any:
    assert request.method == "POST"
    assert request.body is not None
    return json.loads(request.body)


def reply(document: Any, status: int = 200, **headers: str) -> Reply:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Reply(status, raw, {name.replace("_", "-"): value for name, value in headers.items()})


def part(url: str = "https://beacon.example.org/api/query", method: str = "GET") -> Part:
    return Part(Request("POST", url, b"{}") if method == "POST" else Request("GET", url))


def answer(result: Answer | Failure) -> Answer:
    assert isinstance(result, Answer), result
    return result


def failure(result: Answer | Failure) -> str:
    assert isinstance(result, Failure), result
    assert result.message
    assert result.message.isprintable()
    return result.code.value
