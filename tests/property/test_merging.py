"""Laws of the merged answer: unknown is never no, and one member never changes another."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aggregator.engine.merge import merge
from aggregator.model.merged import NetworkAnswer, Verdict
from aggregator.model.outcome import Ending, MemberOutcome, NoAnswerCode, NotAskedCode
from aggregator.model.query import Granularity
from aggregator.protocol.documents import answer_document
from aggregator.protocol.identity import Identity, OrganizationIdentity
from aggregator.protocol.network_info import member_info
from tests.builders import SNV, answer, outcome, query

US = Identity("us", "Us", "Us.", OrganizationIdentity("us", "Us"), "test", "0")

ENDINGS = st.sampled_from(
    ["found", "not_found", *(code.value for code in (*NoAnswerCode, *NotAskedCode))]
)
GRANULARITIES = st.sampled_from([granularity.value for granularity in Granularity])


@st.composite
def answers(draw, exists: bool):
    count = draw(st.none() | st.integers(0, 50))
    unit = draw(st.sampled_from(["variants", "alleles", "genomicVariant records"]))
    return answer(exists, count, unit, draw(GRANULARITIES))


@st.composite
def members(draw, how=ENDINGS, prefix: str = "m"):
    """Give one outcome, without its place in the registry yet."""
    ending = draw(how)
    told = draw(answers(ending == "found")) if ending in {"found", "not_found"} else None
    return outcome(prefix, ending, told)


def numbered(given: list[MemberOutcome]) -> list[MemberOutcome]:
    return [
        replace(one, member=replace(one.member, id=f"m{number}"))
        for number, one in enumerate(given)
    ]


NETWORKS = st.lists(members(), max_size=8).map(numbered)
NO_ANSWER = members(st.sampled_from([code.value for code in NoAnswerCode]), "silent")


def merged(given: list[MemberOutcome], granularity: str = "count") -> NetworkAnswer:
    return merge(query(SNV, granularity=granularity), given, elapsed_s=0.0)


def facts(given: NetworkAnswer) -> tuple:
    return given.verdict, given.is_complete, given.count, given.granularity, set(given.warnings)


def endings(given: NetworkAnswer) -> set[Ending]:
    return {one.ending for one in given.outcomes}


@given(NETWORKS, GRANULARITIES, st.randoms(use_true_random=False))
def test_the_facts_do_not_depend_on_the_order_of_the_members(given, granularity, random):
    shuffled = list(given)
    random.shuffle(shuffled)
    assert facts(merged(shuffled, granularity)) == facts(merged(given, granularity))


@given(NETWORKS, GRANULARITIES, st.randoms(use_true_random=False))
def test_the_answer_does_not_depend_on_the_order_of_arrival(given, granularity, random):
    arrived = {}
    for one in random.sample(given, len(given)):
        arrived[one.member.id] = one
    in_order = [arrived[one.member.id] for one in given]
    assert merged(in_order, granularity) == merged(given, granularity)


@given(NETWORKS)
def test_found_comes_from_found_and_not_found_from_not_found(given):
    answered = merged(given)
    if answered.verdict is Verdict.FOUND:
        assert Ending.FOUND in endings(answered)
    elif answered.verdict is Verdict.NOT_FOUND:
        assert Ending.NOT_FOUND in endings(answered)
        assert Ending.FOUND not in endings(answered)


@given(NETWORKS)
def test_whoever_found_it_is_heard(given):
    answered = merged(given)
    assert (answered.verdict is Verdict.FOUND) is (Ending.FOUND in endings(answered))


@given(NETWORKS)
def test_anybody_missing_leaves_it_incomplete_and_no_no_is_given(given):
    answered = merged(given)
    assert answered.is_complete is (not answered.missing)
    if answered.missing:
        assert answered.verdict is not Verdict.NOT_FOUND


@given(NETWORKS, NO_ANSWER, st.integers(0, 8), GRANULARITIES)
def test_a_silent_member_changes_no_count_and_makes_no_no(given, silent, place, granularity):
    before = merged(given, granularity)
    after = merged([*given[:place], silent, *given[place:]], granularity)
    assert after.count == before.count
    assert after.granularity == before.granularity
    assert after.ended(Ending.FOUND) == before.ended(Ending.FOUND)
    assert after.is_complete is False
    if before.verdict is not Verdict.FOUND:
        assert after.verdict is Verdict.UNKNOWN


@given(NETWORKS, NO_ANSWER, st.integers(0, 8))
def test_a_silent_member_changes_nothing_of_the_others_in_the_document(given, silent, place):
    def others(outcomes):
        document = answer_document(US, merged(outcomes, "record"))
        network = document["info"]["network"]
        listed = [one for one in network["members"] if one["id"] != "silent"]
        return listed, document["response"]["resultSets"]

    assert others([*given[:place], silent, *given[place:]]) == others(given)


@given(NETWORKS)
def test_everybody_is_in_the_document_in_registry_order(given):
    document = answer_document(US, merged(given))
    network = document["info"]["network"]
    assert network["members"] == [member_info(one) for one in given]
    summary = network["summary"]
    parts = ("found", "notFound", "noAnswer", "notAsked")
    assert summary["members"] == sum(summary[part] for part in parts) == len(given)


@given(NETWORKS, GRANULARITIES)
def test_never_more_is_told_than_was_asked_or_than_somebody_told(given, granularity):
    answered = merged(given, granularity)
    assert answered.granularity.rank <= Granularity(granularity).rank
    told = [one.answer.count for one in given if one.answer and one.answer.count is not None]
    if answered.count is not None:
        assert answered.count.value <= sum(told)
        assert 1 <= answered.count.members_counted <= len(told)
