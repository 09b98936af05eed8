"""Members of one dialect are planned once; what each is sent must be what it alone would be."""

from datetime import UTC, datetime

import pytest

from aggregator.engine.planner import Selection, plan_all
from aggregator.model.genome import Assembly
from aggregator.protocol.requests import read_v2
from aggregator.protocol.translators import translator_for
from registry.models import Capabilities, DataSet, Dialect, MemberEntry, Protocol
from registry.snapshot import RegisteredMember, Snapshot

QUESTIONS = [
    {"referenceName": "7", "start": 140753335, "referenceBases": "A", "alternateBases": "T"},
    {"referenceName": "7", "start": 117559589, "referenceBases": "ATCT", "alternateBases": "A"},
    {"referenceName": "17", "start": 43044294, "end": 43125483},
    {"geneId": "BRCA1"},
]


def members() -> tuple[RegisteredMember, ...]:
    def one(
        number: int, capabilities: Capabilities | None = None, **entry: object
    ) -> RegisteredMember:
        url = f"https://m{number}.example.org/base{number}"
        return RegisteredMember(
            MemberEntry.model_validate({"id": f"m{number}", "url": url, **entry}),
            capabilities or Capabilities(),
        )

    nested = Dialect(method="POST", parameters="nested", start="list")
    grch37 = Capabilities(protocol=Protocol.V1, data_sets=(DataSet(id="a", assembly="GRCh37"),))
    return (
        one(1, protocol="v2"),
        one(2, protocol="v2"),
        one(3, protocol="v2", dialect=nested),
        one(4, protocol="v2", dialect=nested),
        one(5, protocol="v1"),
        one(6, protocol="v1", assemblies=[Assembly.GRCH37]),
        one(7, grch37),
        one(8, grch37),
        one(9, protocol="v2", dialect=Dialect(paths={"query": "https://other.example.org/q"})),
        one(10, protocol="v2", dialect=Dialect(paths={"query": "own/path"})),
        one(11, Capabilities(query_url="https://elsewhere.example.org/g"), protocol="v2"),
        one(12, protocol="v2"),
    )


@pytest.mark.parametrize("parameters", QUESTIONS)
def test_each_member_is_sent_what_it_alone_would_be_sent(parameters: dict[str, object]) -> None:
    query = read_v2({"assemblyId": "GRCh38", **parameters}).query
    snapshot = Snapshot(members=members())

    plans = plan_all(query, snapshot, selection=Selection(), now=lambda: datetime.now(UTC))

    for plan in plans:
        member = plan.member
        assert plan.decision == translator_for(member.protocol).plan(query, member), member.id
