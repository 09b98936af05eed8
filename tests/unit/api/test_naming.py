"""Members of the same name are told apart by their ids, and nobody else is."""

from aggregator.api.naming import told_apart
from aggregator.api.texts import MAX_NAME, clean


def test_only_a_name_that_several_have_is_followed_by_the_id():
    named = [("a", "Cohort"), ("b", "Registry"), ("c", "cohort")]
    assert told_apart(named) == {"a": "Cohort (a)", "b": "Registry", "c": "cohort (c)"}


def test_a_name_that_is_what_another_is_called_is_followed_by_the_id():
    named = [("a", "Cohort"), ("b", "COHORT (a)"), ("c", "Cohort"), ("d", "Cohort (a) (b)")]
    assert told_apart(named) == {
        "a": "Cohort (a)",
        "b": "COHORT (a) (b)",
        "c": "Cohort (c)",
        "d": "Cohort (a) (b) (d)",
    }
    alone = [("a", "Cohort"), ("b", "Cohort (a)")]
    assert told_apart(alone) == dict(alone)


def test_names_that_look_alike_are_the_same():
    assert told_apart([("a", "Our  beacon"), ("b", "Our\u200bbeacon"), ("c", "Our beacon\n")]) == {
        "a": "Our beacon (a)",
        "b": clean("Our\u200bbeacon"),
        "c": "Our beacon (c)",
    }


def test_what_is_cut_may_not_hide_the_difference():
    long = "A very long name of an institute in "
    named = [("one", long + "the north of a country"), ("two", long + "the south of a country")]
    assert told_apart(named, 40) == {
        "one": "A very long name of an institute… (one)",
        "two": "A very long name of an institute… (two)",
    }
    assert told_apart(named) == {one: clean(name) for one, name in named}
    assert all(len(name) <= 40 for name in told_apart(named, 40).values())


def test_a_long_id_leaves_room_for_some_of_the_name():
    ids = ["x" * 62 + "a", "x" * 62 + "b"]
    found = told_apart([(one, "Institute of everything") for one in ids], 40)
    assert found == {one: f"Institute o… ({one})" for one in ids}
    pairs = [(one, "n" * 300) for one in ids]
    assert all(clean(name) == name for name in told_apart(pairs).values())
    assert all(len(name) == MAX_NAME for name in told_apart(pairs).values())
