"""Who answers checks but leaves questions unanswered, and which questions say nothing of that."""

from datetime import timedelta

import pytest

from registry.health import Happening, QuestionFacts, Trait
from registry.history import Kind, Tier
from registry.incidents import Topic
from tests.unit.registry.book_life import PLACE, Life


def test_a_member_that_answers_checks_and_not_questions_is_called_silent():
    life = Life().live("UUU").ask("ATTTA").live("U")
    (change,) = life.book.judge_questions(life.at)
    assert change.trait is Trait.SILENT
    assert life.book.judge_questions(life.at) == ()
    assert life.told()[-1] == (
        "silent",
        "began",
        "answers checks but leaves questions unanswered: 3 of 5 in the last hour had no answer in "
        "time",
    )
    life.ask("A" * 20).live("U")
    life.book.judge_questions(life.at)
    assert life.told()[-1] == ("silent", "ended", "answers questions in time again")


@pytest.mark.parametrize("away", ["D", "DDD", "?", "P"])
def test_questions_that_fail_with_the_checks_around_them_call_nobody_silent(away):
    life = Life().live("UUU")
    for letter in (*away, "U"):
        life.ask("TTTTT").live(letter)
        assert life.book.judge_questions(life.at) == ()
    life.live("UU")
    assert life.book.judge_questions(life.at) == ()
    life.ask("AATTT").live("U")
    (change,) = life.book.judge_questions(life.at)
    assert change.trait is Trait.SILENT
    assert life.book.question_facts("a", life.at).timed_out > 10
    assert "3 of 5" in life.told()[-1][2]


def test_questions_wait_for_the_check_after_them():
    life = Life().live("UUU")
    life.at += timedelta(minutes=1)
    life.ask("TTTTT")
    assert life.book.judge_questions(life.at) == ()
    assert life.live("U").book.judge_questions(life.at)


def test_while_our_own_connection_is_away_nobody_is_called_silent():
    life = Life().live("UUU").ask("TTTTT")
    life.book.cut(life.at)
    life.live("U")
    assert life.book.judge_questions(life.at) == ()
    life.book.back(life.at)
    life.live("UUUUU")
    assert life.book.judge_questions(life.at) == ()
    assert [one[0] for one in life.told()] == ["network", "network"]


def test_who_is_silent_stays_so_until_something_shows_the_contrary():
    life = Life().live("UUU").ask("TTTTT").live("U")
    assert life.book.judge_questions(life.at)
    life.live("DUU")
    assert life.book.judge_questions(life.at) == ()
    assert life.is_open(Topic.SILENT)
    life.ask("AAAAA").live("U")
    (change,) = life.book.judge_questions(life.at)
    assert (change.happening, change.trait) == (Happening.TRAIT_ENDED, Trait.SILENT)
    assert not life.is_open(Topic.SILENT)


def test_another_process_knows_which_questions_fell_into_an_outage():
    before = Life().live("UUUDDD").ask("T" * 9).live("DUUU").written()
    life = Life()
    life.at = before.at
    life.book.take_up({"a": before.book.standing("a")}, {"a": PLACE}, [])
    minutes = [
        one for one in before.buckets if one.kind is Kind.QUESTION and one.tier is Tier.MINUTE
    ]
    life.book.take_questions({"a": minutes})
    assert life.book.question_facts("a", life.at).timed_out == 9
    assert life.live("U").book.judge_questions(life.at) == ()


def test_a_member_that_is_down_is_not_called_silent():
    life = Life().live("UUU").ask("TTTTT").live("U")
    life.book.judge_questions(life.at)
    assert life.is_open(Topic.SILENT)
    life.live("DDD")
    assert not life.is_open(Topic.SILENT)
    assert life.book.judge_questions(life.at) == ()
    assert [one[:2] for one in life.told()] == [("silent", "began"), ("outage", "began")]


def test_questions_of_an_hour_ago_say_nothing_any_more():
    life = Life().live("UUU").ask("TTTTT").live("U")
    life.book.judge_questions(life.at)
    life.at += timedelta(minutes=61)
    assert life.book.question_facts("a", life.at) == QuestionFacts()
    (change,) = life.book.judge_questions(life.at)
    assert change.trait is Trait.SILENT
    assert not life.is_open(Topic.SILENT)


def test_an_hour_of_answers_ends_it_though_a_check_fails_now_and_then():
    life = Life().live("UUU").ask("TTTTT").live("U")
    assert life.book.judge_questions(life.at)
    for _ in range(2):
        life.live("U" * 14 + "D").ask("A")
    life.live("U" * 28)
    assert life.book.judge_questions(life.at) == ()
    assert life.is_open(Topic.SILENT), "that is no hour yet"
    life.live("UD")
    (change,) = life.book.judge_questions(life.at)
    assert (change.happening, change.trait) == (Happening.TRAIT_ENDED, Trait.SILENT)
    assert not life.is_open(Topic.SILENT)
    assert life.told()[-1] == ("silent", "ended", "answers questions in time again")


@pytest.mark.parametrize("ended", ["", "F", "T", "AT"])
def test_an_hour_without_answers_or_with_one_that_came_too_late_ends_nothing(ended):
    life = Life().live("UUU").ask("TTTTT").live("U")
    assert life.book.judge_questions(life.at)
    for _ in range(3):
        life.live("U" * 29 + "D").ask(ended)
        assert life.book.judge_questions(life.at) == ()
    assert life.is_open(Topic.SILENT)
