"""Intervals are drawn over conversations, always the same ones, and hold the figure."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funcdex.evaluate.bootstrap import intervals
from funcdex.evaluate.measures import MEASURES, added, values_of

SUMS = st.lists(st.tuples(st.integers(0, 5), st.integers(5, 9)), min_size=1, max_size=30)


@given(SUMS, st.integers(0, 5))
@settings(max_examples=15)
def test_an_interval_lies_between_the_extremes_of_the_conversations(
    sums: list[tuple[int, int]], seed: int
) -> None:
    groups = [(range(len(sums)), sums)]
    ((bounds,),) = intervals(groups, len(sums), seed)
    assert bounds is not None
    shares = [one / of for one, of in sums]
    assert min(shares) - 1e-12 <= bounds[0] <= bounds[1] <= max(shares) + 1e-12
    assert intervals(groups, len(sums), seed) == [[bounds]]


def test_more_conversations_say_more() -> None:
    def width(count: int) -> float:
        ((bounds,),) = intervals([(range(count), [(n % 2, 1) for n in range(count)])], count, 0)
        assert bounds is not None
        return bounds[1] - bounds[0]

    assert width(20) > 2 * width(400) > 0


def test_a_group_of_few_may_have_no_interval() -> None:
    sums = [(1.0, 1.0)]
    whole, part = intervals([(range(50), [(1.0, 1.0)] * 50), ([3], sums)], 50, 0)
    assert whole == [(1.0, 1.0)], "all are right"
    assert part == [None], "of the one conversation a third of the resamples have nothing"
    assert intervals([([], [])], 0, 0) == [[]]


def test_measures_that_apply_to_nothing_have_no_value() -> None:
    assert set(values_of(()).values()) == {None}
    terms = tuple(float(number % 2) for number in range(2 * len(MEASURES)))
    assert values_of(added([terms, terms])) == dict.fromkeys(MEASURES, 0.0)


@pytest.mark.parametrize("place", range(len(MEASURES)))
def test_a_measure_is_a_sum_divided_by_a_sum(place: int) -> None:
    sums = [0.0] * (2 * len(MEASURES))
    sums[2 * place], sums[2 * place + 1] = 3.0, 4.0
    found = values_of(sums)
    assert found.pop(list(MEASURES)[place]) == 0.75 and set(found.values()) == {None}
