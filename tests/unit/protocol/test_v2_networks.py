"""Members of version 2 that are networks: who is inside, and what is missing."""

from typing import Any

import pytest

from aggregator.model.answer import Answer, Exists, Leaf, LeafEnding
from aggregator.protocol import v1_reading, v2
from aggregator.protocol.failures import MAX_ERROR_BYTES
from aggregator.protocol.v2_networks import MAX_LEVELS, leaves_of
from aggregator.protocol.wire import Failure
from tests.unit.protocol.building import (
    ANSWERLESS_QUERY,
    answer,
    failure,
    member,
    part,
    reply,
)

OWN = "org.example.net"
ERROR = {"errorCode": 408, "errorMessage": "took too long"}


def listed(name: str, how: str, code: str | None = None, **more: Any) -> dict[str, Any]:
    reason = {"code": code, "message": f"had {code}"} if code else None
    told = {"id": name, "beaconId": f"org.example.{name}", "name": name.title()}
    return told | {"answer": how, "reason": reason} | more


def network(*members: Any, verdict: str = "found", complete: bool = True) -> dict[str, Any]:
    return {"network": {"verdict": verdict, "complete": complete, "members": list(members)}}


def document(exists: bool | None, *sets: Any, info: Any = None, **summary: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "meta": {"beaconId": OWN, "apiVersion": "v2.0.0"},
        "responseSummary": {"exists": exists, **summary},
    }
    if sets:
        told["response"] = {"resultSets": list(sets)}
    if info is not None:
        told["info"] = info
    return told


def leaf_set(name: str, exists: Any = True, **more: Any) -> dict[str, Any]:
    return {"id": "set", "setType": "dataset", "beaconId": name, "exists": exists, **more}


def failed(name: str) -> dict[str, Any]:
    return {"beaconId": name, "exists": False, "info": {"error": ERROR}}


def told(value: Any, status: int = 200) -> Answer | Failure:
    return v2.read(reply(value, status), ANSWERLESS_QUERY, member(), part(method="GET"))


def endings(result: Answer | Failure) -> dict[str, str]:
    return {
        one.beacon_id: one.ending.value + (f"/{one.code}" if one.code else "")
        for one in result.leaves
    }


class TestCounts:
    @pytest.mark.parametrize(("exact", "is_exact"), [(True, True), (False, False)])
    def test_a_sum_that_is_not_whole_inside_is_not_whole_outside(
        self, exact: bool, is_exact: bool
    ) -> None:
        info = network(listed("a", "found"))
        info["network"]["count"] = {"value": 3, "unit": "variants", "exact": exact}
        result = answer(told(document(True, info=info, numTotalResults=3)))
        assert (result.count, result.is_count_exact) == (3, is_exact)
        assert "it rounds its counts" not in result.warnings


class TestResultSetsOfManyBeacons:
    def test_each_beacon_is_named_with_how_it_ended(self) -> None:
        sets = [leaf_set("a"), leaf_set("b", False), leaf_set("a", False, id="other")]
        result = answer(told(document(True, *sets)))
        assert endings(result) == {"a": "found", "b": "not_found"}
        assert result.is_partial is False

    def test_a_beacon_that_is_no_network_has_nobody_inside(self) -> None:
        result = answer(told(document(True, leaf_set(OWN), {"id": "x", "exists": True})))
        assert result.leaves == ()

    def test_failed_beacons_are_no_no(self) -> None:
        yes = answer(told(document(True, leaf_set("a"), failed("b"))))
        assert yes.is_partial is True
        assert endings(yes) == {"a": "found", "b": "no_answer"}
        assert yes.leaves[1].reason == "took too long"

        no = told(document(False, leaf_set("a", False), failed("b"), failed("c")))
        assert failure(no) == "no_verdict"
        assert isinstance(no, Failure)
        assert no.message == (
            "it says no, but 2 beacons of this network did not answer: b (took too long), "
            "c (took too long)"
        )
        assert endings(no) == {"a": "not_found", "b": "no_answer", "c": "no_answer"}

    def test_our_own_code_of_a_failed_beacon_is_kept(self) -> None:
        one = failed("b")
        one["info"]["error"] = ERROR | {"reason": "timeout"}
        assert endings(answer(told(document(True, leaf_set("a"), one))))["b"] == "no_answer/timeout"

    def test_a_set_that_says_neither_yes_nor_no_is_silence(self) -> None:
        result = answer(told(document(True, leaf_set("a"), leaf_set("b", None))))
        assert endings(result)["b"] == "no_answer"
        assert result.is_partial is True

    def test_a_hit_that_told_no_count_is_not_lost_to_the_network_s_sum(self) -> None:
        result = answer(told(document(False, leaf_set("a"), numTotalResults=0)))
        assert result.exists is Exists.YES
        assert result.count is None

    def test_a_contradiction_within_one_beacon_stays_one(self) -> None:
        result = told(document(False, leaf_set(OWN), numTotalResults=0))
        assert failure(result) == "inconsistent"


class TestNetworksOfThisSoftware:
    def test_every_member_is_a_leaf(self) -> None:
        members = [
            listed("a", "found"),
            listed("b", "no_answer", "timeout"),
            listed("c", "not_asked", "assembly"),
        ]
        result = answer(told(document(True, info=network(*members, complete=False))))
        assert endings(result) == {
            "org.example.a": "found",
            "org.example.b": "no_answer/timeout",
            "org.example.c": "not_asked/assembly",
        }
        assert result.leaves[1] == Leaf(
            beacon_id="org.example.b",
            ending=LeafEnding.NO_ANSWER,
            name="B",
            reason="had timeout",
            code="timeout",
        )
        assert result.is_partial is True

    def test_what_it_says_of_its_own_completeness_stands(self) -> None:
        complete = network(listed("a", "found"), listed("b", "not_asked", "assembly"))
        assert answer(told(document(True, info=complete))).is_partial is False
        looping = network(listed("a", "found"), listed("b", "not_asked", "loop"), complete=False)
        assert answer(told(document(True, info=looping))).is_partial is True

    @pytest.mark.parametrize("complete", [True, False])
    def test_and_does_not_need_to_name_anybody(self, complete: bool) -> None:
        one = told(document(True, info={"network": {"verdict": "found", "complete": complete}}))
        assert answer(one).is_partial is not complete

    def test_its_total_is_in_the_unit_it_tells(self) -> None:
        info = network(listed("a", "found"))
        info["network"]["count"] = {"value": 3, "unit": "alleles"}
        counted = answer(told(document(True, info=info, numTotalResults=3)))
        assert (counted.count, counted.unit) == (3, "alleles")

    def test_a_number_it_had_to_write_is_no_count(self) -> None:
        one = leaf_set("a", resultsCount=1, info={"countKnown": False})
        other = leaf_set("b", resultsCount=1)
        sets = answer(told(document(True, one, other))).result_sets
        assert [one.count for one in sets] == [None, 1]

    def test_networks_inside_it_are_told_by_their_beacons(self) -> None:
        inner = [
            {"id": "x", "name": "X", "answer": "found", "reason": None},
            {"id": "y", "name": "Y", "answer": "no_answer", "reason": {"message": "was slow"}},
        ]
        members = [listed("net", "found", beacons=inner), listed("b", "not_found")]
        result = answer(told(document(True, info=network(*members, complete=False))))
        assert endings(result) == {"x": "found", "y": "no_answer", "org.example.b": "not_found"}

    def test_a_network_inside_it_that_failed_stays_named_itself(self) -> None:
        inner = [{"id": "x", "answer": "not_found"}, {"id": "y", "answer": "no_answer"}]
        members = [listed("net", "no_answer", "no_verdict", beacons=inner)]
        result = answer(told(document(True, info=network(*members, complete=False))))
        assert list(endings(result)) == ["org.example.net", "x", "y"]

    def test_members_and_result_sets_name_a_beacon_once(self) -> None:
        info = network(listed("a", "found"))
        result = answer(told(document(True, leaf_set("org.example.a"), info=info)))
        assert list(endings(result)) == ["org.example.a"]

    def test_a_complete_no_is_a_no(self) -> None:
        info = network(
            listed("a", "not_found"), listed("b", "not_asked", "assembly"), verdict="not_found"
        )
        result = answer(told(document(False, info=info)))
        assert result.exists is Exists.NO
        assert endings(result)["org.example.b"] == "not_asked/assembly"

    def test_an_incomplete_no_is_none(self) -> None:
        info = network(
            listed("a", "not_found"),
            listed("b", "no_answer", "timeout"),
            listed("c", "not_asked", "paused"),
            verdict="unknown",
            complete=False,
        )
        result = told(document(False, info=info))
        assert failure(result) == "no_verdict"
        assert isinstance(result, Failure)
        assert result.message == (
            "it says no, but 2 beacons of this network did not answer: B (had timeout), "
            "C (had paused)"
        )

    @pytest.mark.parametrize("status", [502, 503, 504])
    def test_its_refusal_names_who_is_missing(self, status: int) -> None:
        info = network(listed("a", "not_found"), listed("b", "no_answer", "tls"), verdict="unknown")
        error = {"errorCode": status, "errorMessage": "No complete answer: 1 said no"}
        result = told({"meta": {}, "error": error, "info": info}, status)
        assert isinstance(result, Failure)
        assert result.code.value == "server_error"
        assert "No complete answer: 1 said no" in result.message
        assert endings(result) == {"org.example.a": "not_found", "org.example.b": "no_answer/tls"}

    def test_an_error_of_another_server_names_nobody(self) -> None:
        result = told({"error": ERROR, "info": {"members": [listed("a", "found")]}}, 500)
        assert isinstance(result, Failure)
        assert result.leaves == ()

    def test_a_huge_error_is_not_looked_into(self) -> None:
        info = network(listed("a", "no_answer", "x" * MAX_ERROR_BYTES))
        result = told({"error": ERROR, "info": info}, 502)
        assert isinstance(result, Failure)
        assert result.leaves == ()

    def test_its_version_1_face_is_read_alike(self) -> None:
        info = network(listed("a", "found"), listed("b", "no_answer", "tls"), complete=False)
        yes = v1_reading.read(
            reply({"exists": True, "info": info}), ANSWERLESS_QUERY, member("v1"), part()
        )
        assert answer(yes).is_partial is True
        assert list(endings(yes)) == ["org.example.a", "org.example.b"]
        info = network(listed("a", "not_found"), listed("b", "no_answer", "tls"), verdict="unknown")
        no = v1_reading.read(
            reply({"exists": False, "info": info}), ANSWERLESS_QUERY, member("v1"), part()
        )
        assert failure(no) == "no_verdict"
        assert list(endings(no)) == ["org.example.a", "org.example.b"]


class TestStrangeLists:
    @pytest.mark.parametrize(
        "members", [None, 1, "x", {}, [None, 1, "x"], [{}], [{"id": ""}], [{"id": None}]]
    )
    def test_what_names_nobody_is_nobody(self, members: Any) -> None:
        assert leaves_of((), {"network": {"members": members}}, OWN) == ()

    @pytest.mark.parametrize("info", [None, "x", [], {"network": None}, {"network": [1]}])
    def test_info_may_be_anything(self, info: Any) -> None:
        assert leaves_of((), info, OWN) == ()

    def test_an_ending_nobody_knows_is_silence(self) -> None:
        (leaf,) = leaves_of((), network({"id": "a", "answer": "perhaps"}), OWN)
        assert leaf.ending is LeafEnding.NO_ANSWER

    def test_a_reason_in_bare_words_is_one(self) -> None:
        told = {"id": "a", "answer": "no_answer", "reason": "slow"}
        (leaf,) = leaves_of((), network(told), OWN)
        assert leaf.reason == "slow"

    def test_only_so_many_levels_are_followed(self) -> None:
        inner: dict[str, Any] = {"id": "innermost", "answer": "no_answer"}
        for level in range(MAX_LEVELS + 3):
            inner = {"id": f"net-{level}", "answer": "found", "beacons": [inner]}
        (leaf,) = leaves_of((), network(inner), OWN)
        assert leaf.beacon_id != "innermost"
