"""Whose outage it is: the member's, or our own connection's."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.watch.witnesses import AWAY, Told, Witnesses
from registry.health import Check, Phase, Result

START = datetime(2026, 5, 3, 12, tzinfo=UTC)
EVERY_S = 60.0


class Network:
    """Members that answer or not, one minute apart, and what was found certain."""

    def __init__(self, *names):
        self.witnesses = Witnesses(every_s=EVERY_S)
        self.living = set(names)
        self.now_s = 0.0
        self.certain = []
        self.cuts = []
        self.backs = []

    def answers(self, name, *, is_online=None):
        told = self._told(name, Result.UP)
        self._take(self.witnesses.answered(told, self.living, is_online=is_online))

    def fails(self, name, *, is_online=None):
        told = self._told(name, Result.DOWN)
        self._take(self.witnesses.missed(told, self.now_s, self.living, is_online=is_online))

    def passes(self, name):
        self._take(self.witnesses.passed(self._told(name, Result.UNKNOWN)))

    def pass_s(self, seconds):
        self.now_s += seconds

    def _told(self, name, result):
        at = START + timedelta(seconds=self.now_s)
        phase = Phase.CONNECT if result is Result.DOWN else None
        return Told(name, "place", Check(at, result, phase, message="why"))

    def _take(self, ruling):
        self.certain += [(one.member_id, one.check.result.value) for one in ruling.told]
        self.cuts += [] if ruling.cut is None else [(ruling.cut - START).total_seconds()]
        self.backs += [] if ruling.back is None else [(ruling.back - START).total_seconds()]


def test_an_answer_is_certain_at_once():
    network = Network("one", "two")
    network.answers("one")
    assert network.certain == [("one", "up")]


def test_a_failure_waits_until_another_member_answers():
    network = Network("one", "two")
    network.answers("one")
    network.answers("two")
    network.fails("one")
    assert network.certain == [("one", "up"), ("two", "up")]
    network.pass_s(30)
    network.answers("two")
    assert network.certain[2:] == [("one", "down"), ("two", "up")]
    assert network.cuts == []


def test_when_all_fall_silent_for_two_intervals_it_is_our_connection():
    network = Network("one", "two", "three")
    for name in ("one", "two", "three"):
        network.answers(name)
    network.certain.clear()
    network.pass_s(10)
    for _ in range(2):
        for name in ("one", "two", "three"):
            network.fails(name)
            network.pass_s(20)
    assert (network.certain, network.cuts) == ([], [])
    network.fails("one")
    assert network.cuts == [10.0]
    assert {result for _, result in network.certain} == {"unknown"}
    assert len(network.certain) == 7
    network.fails("two")
    assert network.certain[7:] == [("two", "unknown")]
    network.answers("three")
    assert network.certain[8:] == [("three", "up")]
    assert network.backs == [130.0]
    assert network.cuts == [10.0]


def test_what_is_unknown_says_why_and_nothing_of_the_member():
    network = Network("one", "two")
    witnesses = network.witnesses
    witnesses.is_cut = True
    told = network._told("one", Result.DOWN)
    (found,) = witnesses.missed(told, 0.0, network.living, is_online=None).told
    assert (found.check.result, found.check.phase) == (Result.UNKNOWN, Phase.OURS)
    assert found.check.message == AWAY


def test_a_short_outage_of_ours_is_nobodys_either():
    network = Network("one", "two")
    network.answers("one")
    network.answers("two")
    for name in ("one", "two", "one", "two"):
        network.pass_s(25)
        network.fails(name)
    network.answers("one")
    assert network.certain[2:] == [(n, "unknown") for n in ("one", "two") * 2] + [("one", "up")]
    assert (network.cuts, network.backs) == ([], [])


def test_one_that_was_not_asked_in_the_silence_is_no_proof_of_an_outage_of_ours():
    network = Network("one", "two", "three")
    for name in ("one", "two", "three"):
        network.answers(name)
    network.fails("one")
    network.fails("two")
    network.answers("three")
    assert network.certain[3:] == [("one", "down"), ("two", "down"), ("three", "up")]


def test_with_a_single_member_nothing_can_be_told_apart():
    network = Network("one")
    network.answers("one")
    for _ in range(4):
        network.pass_s(60)
        network.fails("one")
    assert network.certain[1:] == [("one", "down")] * 4
    assert network.cuts == []


def test_one_that_fails_while_no_other_is_asked_counts_in_the_end():
    network = Network("one", "two")
    network.answers("one")
    network.answers("two")  # it asks to be left alone from now on
    for _ in range(3):
        network.fails("one")
        network.pass_s(60)
    assert network.certain[2:] == [("one", "down")] * 3
    assert network.cuts == []


def test_members_that_were_down_before_are_no_witnesses():
    network = Network("one", "two")
    network.answers("one")
    network.answers("two")
    network.living.discard("one")  # it is down by now
    for _ in range(5):
        network.pass_s(60)
        network.fails("one")
        network.fails("two")
    assert network.certain[2:] == [("one", "down"), ("two", "down")] * 5
    assert network.cuts == []


def test_an_outage_beside_a_member_that_comes_and_goes_is_found():
    network = Network("one", "two")
    for name in ("one", "two"):
        network.answers(name)
    for _ in range(6):
        network.pass_s(30)
        network.fails("one")
        network.pass_s(15)
        network.fails("two")
        network.pass_s(15)
        network.answers("two")
    counted = [result for name, result in network.certain if name == "one"]
    assert counted.count("down") >= 5
    assert network.cuts == []


def test_members_that_fail_from_the_first_check_on_may_be_cut_off_as_well():
    network = Network("one", "two")
    for _ in range(3):
        network.fails("one")
        network.fails("two")
        network.pass_s(60)
    assert network.cuts == [0.0]
    assert {result for _, result in network.certain} == {"unknown"}


def test_a_check_that_says_nothing_keeps_its_place_behind_one_that_waits():
    network = Network("one", "two")
    network.answers("one")
    network.answers("two")
    network.fails("one")
    network.passes("one")
    assert network.certain[2:] == []
    network.answers("two")
    assert network.certain[2:] == [("one", "down"), ("one", "unknown"), ("two", "up")]


@pytest.mark.parametrize("name", ["one", "two"])
def test_places_to_compare_with_decide_at_once(name):
    network = Network("one", "two")
    network.fails("one", is_online=True)
    assert network.certain == [("one", "down")]
    network.pass_s(10)
    network.fails("one", is_online=False)
    network.fails("two", is_online=False)
    assert network.certain[1:] == [("one", "unknown"), ("two", "unknown")]
    network.pass_s(10)
    network.fails(name, is_online=True)
    assert network.certain[3:] == [(name, "down")]
    assert (network.cuts, network.backs) == ([10.0], [20.0])


@pytest.mark.parametrize("is_online", [True, None])
def test_an_answer_ends_a_cut_unless_the_places_to_compare_with_are_away(is_online):
    network = Network("one", "two")
    network.fails("one", is_online=False)
    network.answers("two", is_online=False)
    assert (network.cuts, network.backs) == ([0.0], [])
    assert network.certain[-1] == ("two", "up")
    network.answers("two", is_online=is_online)
    assert (network.cuts, network.backs) == ([0.0], [0.0])
    assert not network.witnesses.is_cut


def test_forgetting_gives_back_what_waits_as_unknown():
    network = Network("one", "two")
    network.fails("one")
    held = network.witnesses.forget()
    assert [one.check.result for one in held] == [Result.UNKNOWN]
    assert network.witnesses.forget() == ()


EVENTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["answers", "fails"]), st.floats(1, 90)),
    max_size=60,
)


@given(EVENTS)
def test_no_check_is_lost_doubled_or_out_of_its_members_order(events):
    network = Network("a", "b", "c")
    told = {"a": [], "b": [], "c": []}
    found = {"a": [], "b": [], "c": []}
    for name, what, seconds in events:
        network.pass_s(seconds)
        told[name].append(what == "answers")
        getattr(network, what)(name)
    rest = network.witnesses.forget()
    for name, result in [*network.certain, *((r.member_id, r.check.result.value) for r in rest)]:
        found[name].append(result)
    for name, results in found.items():
        assert [result == "up" for result in results] == told[name]


@given(st.lists(st.permutations("abc"), min_size=1, max_size=12))
def test_while_nobody_answers_nobody_is_called_down(rounds):
    network = Network("a", "b", "c")
    for name in "abc":
        network.answers(name)
    network.certain.clear()
    for order in rounds:
        for name in order:
            network.pass_s(EVERY_S / 3)
            network.fails(name)
    network.answers("a")
    assert network.certain.pop() == ("a", "up")
    assert {result for _, result in network.certain} == {"unknown"}
    assert len(network.certain) == 3 * len(rounds)
    assert len(network.cuts) == (len(rounds) > 2)
