"""The sign beside a data set or a beacon inside: whose "no" is held back, and who was silent."""

from datetime import UTC, datetime

import pytest

from aggregator.api.heard import hear
from aggregator.api.rows import row_of
from aggregator.api.search_runs import Place
from aggregator.engine.believing import believed
from aggregator.model.answer import Exists, Leaf, LeafEnding, ResultSet
from aggregator.model.genome import Assembly
from registry.controls import Control, ControlKind, Controls, ControlSource, Failed
from tests.builders import answer, member, outcome, query

HELD_BACK = "No, not passed on"
SETS = (
    ResultSet(id="said-no", exists=Exists.NO, count=0),
    ResultSet(id="another-no", exists=Exists.NO, count=0),
    ResultSet(id="said-nothing", exists=Exists.UNKNOWN),
    ResultSet(id="failed", exists=Exists.UNKNOWN, info={"error": "no disk"}),
)


def failing(dataset: str | None) -> Controls:
    control = Control(
        ControlKind.KNOWN_YES, ControlSource.MEMBER, "7-140753336-A-T", Assembly.GRCH38, dataset
    )
    return Controls(known=(Failed(control, datetime(2026, 5, 3, tzinfo=UTC)),))


@pytest.mark.parametrize(("dataset", "other"), [("said-no", "Not found"), (None, HELD_BACK)])
@pytest.mark.parametrize("how", ["found", "not_found"])
def test_only_a_no_that_was_said_is_held_back(how: str, dataset: str | None, other: str) -> None:
    hit = (ResultSet(id="hit", exists=Exists.YES, count=1),) if how == "found" else ()
    told = answer(how == "found", result_sets=(*hit, *SETS))
    made = believed(outcome("one", how, told), query(), failing(dataset))
    row = row_of(Place(member("one"), hear(made), "one"), allele=True)
    shown = {one.name: one.word for one in row.sets}
    assert shown == {
        **({"hit": "Found"} if hit else {}),
        "said-no": HELD_BACK,
        "another-no": other,
        "said-nothing": "Did not answer",
        "failed": "Did not answer",
    }


def test_a_no_of_a_beacon_inside_is_held_back_as_well() -> None:
    leaves = (
        Leaf(beacon_id="a", ending=LeafEnding.NOT_FOUND),
        Leaf(beacon_id="b", ending=LeafEnding.NO_ANSWER, reason="asleep"),
    )
    made = believed(
        outcome("one", "not_found", answer(False, leaves=leaves)), query(), failing(None)
    )
    row = row_of(Place(member("one"), hear(made), "one"), allele=True)
    assert {one.name: one.word for one in row.leaves} == {"a": HELD_BACK, "b": "Did not answer"}
