"""What an answer of some age is good for."""

import pytest

from aggregator.cache.freshness import Freshness, FreshnessRules

RULES = FreshnessRules(ttl_s=300, stale_while_revalidate_s=3600, stale_if_error_s=86400)


@pytest.mark.parametrize(
    ("age_s", "freshness"),
    [
        (0, Freshness.FRESH),
        (299.9, Freshness.FRESH),
        (300, Freshness.REVALIDATE),
        (3899.9, Freshness.REVALIDATE),
        (3900, Freshness.IF_ERROR),
        (86699.9, Freshness.IF_ERROR),
        (86700, Freshness.EXPIRED),
        (10**9, Freshness.EXPIRED),
    ],
)
def test_an_answer_ages_step_by_step(age_s, freshness):
    assert RULES.of(age_s) is freshness


def test_a_clock_set_back_makes_an_answer_fresh():
    assert RULES.of(-5) is Freshness.FRESH


def test_without_time_to_live_nothing_is_fresh():
    assert FreshnessRules(0, 0, 0).of(0) is Freshness.EXPIRED


def test_revalidation_may_outlast_standing_in():
    assert FreshnessRules(10, 100, 50).of(80) is Freshness.REVALIDATE


@pytest.mark.parametrize(("while_s", "error_s", "keep_s"), [(5, 50, 60), (50, 5, 60), (0, 0, 10)])
def test_an_answer_is_kept_as_long_as_it_is_good_for_anything(while_s, error_s, keep_s):
    assert FreshnessRules(10, while_s, error_s).keep_s == keep_s
