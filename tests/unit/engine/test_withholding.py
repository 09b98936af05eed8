"""What a member repeats of our credential is nowhere in what was read of it."""

from typing import Any

import msgspec

from aggregator.engine.withholding import without_credential
from aggregator.model.answer import Answer, Exists, Leaf, LeafEnding, ResultSet
from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure

SECRET = "s3cr3t-token"
OURS = f"Bearer {SECRET}"
INFO: dict[str, Any] = {"error": f"no {SECRET}", "by": [{"who": SECRET, "n": 3}], "ok": True}


def leaf(reason: str | None) -> Leaf:
    return Leaf(beacon_id="b", ending=LeafEnding.NO_ANSWER, reason=reason)


def test_an_answer_holds_none_of_it_and_else_the_same() -> None:
    sets = (ResultSet(id="wgs", exists=Exists.YES, count=2, info=INFO),)
    told = Answer(
        exists=Exists.YES,
        count=2,
        warnings=(f"you are {OURS}", "slow"),
        leaves=(leaf(f"refused {SECRET}"), leaf(None)),
        result_sets=sets,
    )
    made = without_credential(told, OURS)
    assert isinstance(made, Answer)
    assert SECRET not in repr(made)
    info = {"error": "no (a credential)", "by": [{"who": "(a credential)", "n": 3}], "ok": True}
    assert made == msgspec.structs.replace(
        told,
        warnings=("you are Bearer (a credential)", "slow"),
        leaves=(leaf("refused (a credential)"), leaf(None)),
        result_sets=(msgspec.structs.replace(sets[0], info=info),),
    )


def test_a_failure_holds_none_of_it_either() -> None:
    told = Failure(NoAnswerCode.REJECTED, f"no: {OURS}", status=400, leaves=(leaf(SECRET),))
    made = without_credential(told, OURS)
    assert isinstance(made, Failure)
    assert SECRET not in repr(made)
    assert (made.code, made.status) == (NoAnswerCode.REJECTED, 400)


def test_without_a_credential_it_is_what_it_was() -> None:
    told = Answer(exists=Exists.NO, warnings=("slow",))
    assert without_credential(told, None) is told
