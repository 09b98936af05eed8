"""Members that are asked alike are planned once, and none is asked what another would be."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aggregator.engine import planner
from aggregator.engine.planner import Selection, plan_all
from aggregator.model.query import Filter
from registry.capabilities import Capabilities, DataSet, FilteringTerm
from registry.models import Dialect, Protocol
from registry.snapshot import RegisteredMember, Snapshot
from tests.builders import member, query

NOW = datetime(2026, 1, 1, tzinfo=UTC)
V2 = Capabilities(protocol=Protocol.V2, api_version="v2.1.1")
V1 = Capabilities(protocol=Protocol.V1, api_version="v1.1.0")


def told(number, base=V2, *, dialect=None, **facts):
    """A member with an address of its own and data sets or filters no other has."""
    entry = member(f"member-{number}", protocol=base.protocol.value).entry
    capabilities = base.model_copy(update=facts)
    return RegisteredMember(entry, capabilities=capabilities, learned=dialect or Dialect())


def sets(*ids, assembly=None):
    return tuple(DataSet(id=each, assembly=assembly) for each in ids)


MANY = [
    *(told(n, data_sets=sets(f"set-{n}", f"more-{n}")) for n in range(4)),
    *(told(n, filtering_terms=(FilteringTerm(id=f"HP:{n}"),)) for n in range(4, 8)),
    told(8, filtering_terms=()),
    told(9, dialect=Dialect(method="POST"), data_sets=sets("set-9")),
    told(10, V1, data_sets=sets("set-10", assembly="GRCh37")),
    told(11, V1, data_sets=sets("set-11", assembly="hg19")),
    told(12, V1, data_sets=sets("set-12", assembly="GRCh38")),
    told(13, V1, data_sets=(*sets("set-13", assembly="GRCh38"), DataSet(id="untold"))),
    told(14, V1),
    told(15, entry_types=("individual",)),
]
QUESTIONS = {
    "plain": query(),
    "by filter": replace(query(), filters=(Filter(id="HP:5"),)),
    "of data sets": replace(query(), dataset_ids=("set-1", "set-10", "set-9")),
    "of one member's": replace(query(), dataset_ids=("member-12:set-12",)),
    "both": replace(query(), filters=(Filter(id="HP:1"),), dataset_ids=("set-2",)),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_planning_together_gives_what_planning_one_by_one_does(question):
    members = tuple(MANY)
    together = plan_all(question, Snapshot(1, members), selection=Selection(), now=lambda: NOW)
    by_id = {each.id: each for each in members}
    for plan in together:
        alone = planner.plan_member(
            question, plan.member, selection=Selection(), now=NOW, member_ids=by_id
        )
        assert (plan.query, plan.decision) == (alone.query, alone.decision), plan.member.id


def test_what_members_tell_of_data_sets_and_filters_costs_a_plain_question_nothing(monkeypatch):
    planned = []
    decide = planner._decide
    monkeypatch.setattr(planner, "_decide", lambda q, m: planned.append(m.id) or decide(q, m))
    plan_all(query(), Snapshot(1, tuple(MANY[:8])), selection=Selection(), now=lambda: NOW)
    assert planned == ["member-0", "member-4"]  # one that lists data sets, and one that does not
