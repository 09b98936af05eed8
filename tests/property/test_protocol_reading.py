"""Whatever a member sends is read without raising, and planning knows one form for one question."""

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model.answer import Answer, Exists
from aggregator.model.fields import VariantFields
from aggregator.model.genome import Assembly
from aggregator.model.query import Filter, Granularity, Query
from aggregator.model.question import check
from aggregator.protocol.translators import translator_for
from aggregator.protocol.v1 import half_open_windows
from aggregator.protocol.wire import Ask, Failure, Part, Reply, Request
from registry.capabilities import Capabilities, DataSet
from registry.models import AnswerShape, Dialect, MemberEntry, Protocol
from registry.snapshot import RegisteredMember

FIELDS = st.sampled_from(
    [
        *("meta", "responseSummary", "response", "resultSets", "results", "exists", "id", "info"),
        *("resultsCount", "numTotalResults", "setType", "beaconId", "apiVersion", "error"),
        *("returnedSchemas", "receivedRequestSummary", "requestParameters", "g_variant", "start"),
        *("datasetAlleleResponses", "datasetId", "variantCount", "frequency", "datasetHandover"),
        *("handoverType", "url", "errorCode", "errorMessage", "message", "msg", "messages"),
        *("entityType", "schema", "returnedGranularity", "network", "verdict", "warnings"),
        *("response.exists", "key", "value", "beaconHandovers", "alternateBases", "assemblyId"),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["true", "no", "record", "count", "12", "<10", "https://e.org/", "individual", "GRCh37", ""]
    ),
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(FIELDS | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=40,
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("datasetId", "exists", "variantCount", "frequency", "info", "error"), DOCUMENTS
        ),
    ),
    max_size=4,
)
SETS = st.lists(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("id", "exists", "resultsCount", "results", "info", "resultsHandovers"), DOCUMENTS
        ),
    ),
    max_size=4,
)
LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "exists": SCALARS,
        "error": DOCUMENTS,
        "info": DOCUMENTS,
        "meta": DOCUMENTS,
        "responseSummary": st.fixed_dictionaries({"exists": SCALARS, "numTotalResults": SCALARS}),
        "response": st.fixed_dictionaries(
            {"resultSets": SETS | DOCUMENTS}, optional={"collections": DOCUMENTS}
        ),
        "datasetAlleleResponses": ROWS | DOCUMENTS,
    },
)
BODIES = st.one_of(
    st.binary(max_size=200),
    DOCUMENTS.map(lambda document: json.dumps(document).encode()),
    LIKELY.map(lambda document: json.dumps(document).encode()),
    LIKELY.map(
        lambda document: json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    ),
    st.tuples(LIKELY, st.integers(0, 500), st.binary(max_size=3)).map(
        lambda cut: (raw := json.dumps(cut[0]).encode())[: cut[1]] + cut[2] + raw[cut[1] :]
    ),
)
HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "retry-after", "location"]),
    st.text(max_size=30) | st.sampled_from(["text/html; charset=latin1", "5", "https://[::1"]),
    max_size=3,
)


def of(protocol: Protocol, **dialect: Any) -> RegisteredMember:
    if protocol is Protocol.V0:
        dialect.setdefault("coordinates", 1)
    return RegisteredMember(
        MemberEntry(id="one", url="https://e.org", protocol=protocol, dialect=Dialect(**dialect)),
        Capabilities(data_sets=(DataSet(id="a", name="A"),)),
    )


READERS = [
    of(Protocol.V0),
    of(Protocol.V0, answer=AnswerShape(text="yes/no")),
    of(Protocol.V0, answer=AnswerShape(exists="response.exists"), null_means="no"),
    of(Protocol.V1),
    of(Protocol.V2),
]


def variant_fields(**fields: Any) -> Query:
    checked = check(VariantFields(**fields))
    assert checked.question is not None, checked.problems
    return Query(variant=checked.question)


SENT = variant_fields(
    assembly="GRCh38", chromosome="17", start=(43045703,), reference="G", alternate="A"
)


@settings(max_examples=400, deadline=None)
@given(
    body=BODIES,
    status=st.sampled_from([200, 200, 200, 206, 302, 400, 401, 405, 429, 500, 508]),
    headers=HEADERS,
    reader=st.sampled_from(READERS),
    granularity=st.sampled_from(list(Granularity)),
)
def test_reading_never_raises(body, status, headers, reader, granularity):
    translator = translator_for(reader.protocol)
    plan = translator.plan(SENT, reader)
    assert isinstance(plan, Ask)
    query = Query(variant=SENT.variant, granularity=granularity)
    result = translator.read(Reply(status, body, headers), query, reader, plan.parts[0])
    if isinstance(result, Failure):
        assert 0 < len(result.message) < 450
        assert result.message.isprintable()
        return
    assert isinstance(result, Answer)
    assert status < 300
    assert result.exists is not Exists.UNKNOWN
    assert result.count is not None or result.unit is None
    if result.exists is Exists.NO:
        assert result.count in {None, 0}
        assert all(one.exists is not Exists.YES for one in result.result_sets)
    else:
        assert result.count != 0
    # What is kept can be written again, and the records in it are objects.
    stored = msgspec.json.encode(result)
    assert msgspec.json.decode(stored, type=Answer).exists is result.exists
    for one in result.result_sets:
        assert all(isinstance(json.loads(bytes(record)), dict) for record in one.results)


OTHER_QUESTIONS = [
    Query(entry_type="individual"),
    Query(entry_type="individual", variant=SENT.variant),
    Query(entry_type="biosample", record_id="x", filters=(Filter("HP:1"),)),
    Query(within="individual", record_id="x", variant=SENT.variant),
    Query(entry_type="dataset"),
    Query(entry_type="dataset", dataset_ids=("a",)),
    Query(entry_type="cohort", record_id="x"),
]


@settings(max_examples=300, deadline=None)
@given(
    body=BODIES,
    status=st.sampled_from([200, 200, 200, 400, 404, 415]),
    question=st.sampled_from(OTHER_QUESTIONS),
    granularity=st.sampled_from(list(Granularity)),
    unknown_filters=st.sampled_from([None, "empty"]),
)
def test_answers_to_every_question_are_read_without_raising(
    body, status, question, granularity, unknown_filters
):
    reader = of(Protocol.V2, unknown_filters=unknown_filters)
    query = replace(question, granularity=granularity)
    plan = translator_for(Protocol.V2).plan(query, reader)
    assert isinstance(plan, Ask)
    result = translator_for(Protocol.V2).read(Reply(status, body), query, reader, plan.parts[0])
    if isinstance(result, Failure):
        assert 0 < len(result.message) < 450
        return
    assert result.exists is not Exists.UNKNOWN
    assert status == 200 or (query.record_id is not None and result.exists is Exists.NO)
    assert result.count is not None or result.unit is None
    assert not (result.collections and result.exists is Exists.NO)
    assert not (result.collections and result.result_sets)
    stored = msgspec.json.decode(msgspec.json.encode(result), type=Answer)
    assert [bytes(one.raw) for one in stored.collections] == [
        bytes(one.raw) for one in result.collections
    ]
    assert all(isinstance(json.loads(bytes(one.raw)), dict) for one in result.collections)


RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "variation": DOCUMENTS
        | st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                ("location", "referenceBases", "alternateBases", "variantType", "state"), DOCUMENTS
            ),
        ),
        "position": DOCUMENTS,
        "start": DOCUMENTS,
        "assemblyId": DOCUMENTS,
    },
)


@settings(max_examples=300, deadline=None)
@given(records=st.lists(RECORDS, min_size=1, max_size=3), alternate=st.sampled_from(["A", "N"]))
def test_records_of_any_shape_are_compared_without_raising(records, alternate):
    query = replace(
        variant_fields(
            assembly="GRCh38", chromosome="17", start=(5,), reference="G", alternate=alternate
        ),
        granularity=Granularity.RECORD,
    )
    reader = of(Protocol.V2, wildcards=True)
    plan = translator_for(Protocol.V2).plan(query, reader)
    assert isinstance(plan, Ask)
    document = {
        "responseSummary": {"exists": True},
        "response": {"resultSets": [{"id": "a", "exists": True, "results": records}]},
    }
    reply = Reply(200, json.dumps(document).encode())
    result = translator_for(Protocol.V2).read(reply, query, reader, plan.parts[0])
    assert isinstance(result, Failure) or result.exists is not Exists.UNKNOWN


BASES = st.text("ACGT", min_size=1, max_size=4)
DIALECTS = st.builds(
    Dialect,
    method=st.sampled_from([None, "GET", "POST"]),
    parameters=st.sampled_from([None, "nested", "flat"]),
    start=st.sampled_from([None, "list", "scalar"]),
    chromosome=st.sampled_from([None, "bare", "chr", "refseq", "numeric"]),
    assembly=st.sampled_from([None, "grc", "ucsc"]),
    coordinates=st.sampled_from([0, 1]),
    indels=st.sampled_from([None, "anchored", "trimmed", "both"]),
    windows=st.sampled_from([None, "half_open", "inclusive"]),
)
PROTOCOLS = st.sampled_from([Protocol.V0, Protocol.V1, Protocol.V2])


def with_dialect(protocol: Protocol, dialect: Dialect) -> RegisteredMember:
    entry = MemberEntry(id="one", url="https://e.org", protocol=protocol, dialect=dialect)
    return RegisteredMember(entry)


@settings(deadline=None)
@given(
    sequence=st.text("ACGT", min_size=12, max_size=40),
    at=st.integers(4, 8),
    deleted=st.integers(0, 3),
    inserted=st.text("ACGT", max_size=3),
    left=st.integers(0, 4),
    right=st.integers(0, 4),
    protocol=PROTOCOLS,
    dialect=DIALECTS,
)
def test_every_spelling_of_an_allele_asks_the_same(
    sequence, at, deleted, inserted, left, right, protocol, dialect
):
    first0 = 1_000_000

    def reference(_assembly: Assembly, _chromosome: str, start0: int, end0: int) -> str | None:
        def base(position: int) -> str:
            inside = first0 <= position < first0 + len(sequence)
            return sequence[position - first0] if inside else "ACGT"[position % 4]

        return "".join(base(position) for position in range(start0, end0))

    def planned(pad_left: int, pad_right: int):
        low, high = at - pad_left, min(at + deleted + pad_right, len(sequence))
        bases = sequence[low:high]
        other = sequence[low:at] + inserted + sequence[at + deleted : high]
        if bases == other or (not bases and not other):
            return None
        checked = check(
            VariantFields(
                assembly="GRCh38",
                chromosome="17",
                start=(first0 + low,),
                reference=bases,
                alternate=other,
            ),
            reference,
        )
        assert checked.question is not None, checked.problems
        member = with_dialect(protocol, dialect)
        decision = translator_for(protocol).plan(Query(variant=checked.question), member)
        assert decision == translator_for(protocol).plan(Query(variant=checked.question), member)
        if isinstance(decision, Ask):
            return [part.request for part in decision.parts]
        return decision

    one, other = planned(1, 0), planned(left, right)
    if one is not None and other is not None:
        assert one == other


@given(
    start=st.integers(0, 200_000_000),
    start_width=st.integers(1, 10_000_000),
    distance=st.integers(0, 10_000_000),
    end_width=st.integers(1, 10_000_000),
    kind=st.sampled_from(["DEL", "DUP", "INV"]),
)
def test_a_bracket_comes_back_from_v1_as_it_went(start, start_width, distance, end_width, kind):
    windows = ((start, start + start_width), (start + distance, start + distance + end_width))
    query = variant_fields(
        assembly="GRCh38", chromosome="1", start=windows[0], end=windows[1], variant_type=kind
    )
    plan = translator_for(Protocol.V1).plan(query, of(Protocol.V1))
    assert isinstance(plan, Ask)
    body = plan.parts[0].request.body
    assert body is not None
    sent = json.loads(body)
    if "startMin" in sent:
        told = [sent[name] for name in ("startMin", "startMax", "endMin", "endMax")]
    else:
        told = [sent["start"], sent["start"], sent["end"], sent["end"]]
    assert half_open_windows(*told) == windows


@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            "assembly": st.sampled_from(["GRCh37", "hg38"]),
            "chromosome": st.sampled_from(["1", "chrX", "MT", "NC_000017.11"]),
            "start": st.sampled_from([(5,), (5, 9), (0,)]),
            "end": st.sampled_from([(), (9,), (9, 12)]),
            "reference": st.sampled_from(["", "A", "ACG", "N", "R"]),
            "alternate": st.sampled_from(["", "T", "ACGT", "N"]),
            "variant_type": st.sampled_from(["DEL", "CNV", "EFO:0030069", "odd"]),
            "gene": st.just("BRCA1"),
            "amino_acid_change": st.just("V600E"),
            "short_form": st.just("NM_1.1:c.1A>T"),
            "min_length": st.just(3),
            "mate": st.just("13"),
        },
    ),
    protocol=PROTOCOLS,
    dialect=DIALECTS,
    granularity=st.sampled_from(list(Granularity)),
)
def test_every_question_is_planned_the_same_twice_and_never_raises(
    fields, protocol, dialect, granularity
):
    checked = check(VariantFields(**fields))
    if checked.problems:
        return
    query = Query(variant=checked.question, granularity=granularity)
    member = with_dialect(protocol, dialect)
    first = translator_for(protocol).plan(query, member)
    assert first == translator_for(protocol).plan(query, member)
    if isinstance(first, Ask):
        assert first.parts
        assert all(part.request.url.startswith("https://e.org/") for part in first.parts)
        assert all(part.request.url.isascii() for part in first.parts)
    else:
        assert first.message


@pytest.mark.parametrize("reader", READERS)
def test_a_hundred_thousand_levels_are_refused(reader):
    deep = b'{"exists": true, "info": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}"
    sent = Part(Request("GET", "https://e.org/query"))
    result = translator_for(reader.protocol).read(Reply(200, deep), SENT, reader, sent)
    assert isinstance(result, Failure)
