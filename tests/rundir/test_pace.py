from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from funcdex.rundir.pace import FEWEST, MOST, WINDOW_S, Pace


def test_no_rate_before_anything_has_settled() -> None:
    pace = Pace(0.0)
    assert pace.per_s(1000.0) is None
    pace.settled(1000.0)
    assert pace.per_s(1000.0) == 0.001


def test_the_rate_is_that_of_late_not_of_the_whole_session() -> None:
    pace = Pace(0.0)
    for second in range(1, 101):
        pace.settled(float(second))
    for second in range(100, 5000, 10):
        pace.settled(float(second))
    rate = pace.per_s(5000.0)
    assert rate is not None and abs(rate - 0.1) < 0.01


def test_a_slow_run_is_judged_by_its_last_conversations_however_old() -> None:
    pace = Pace(0.0)
    for hour in range(1, 101):
        pace.settled(3600.0 * hour)
    assert FEWEST * 3600 > WINDOW_S
    assert pace.per_s(3600.0 * 100) == 1 / 3600


def test_a_run_that_stands_still_is_ever_slower() -> None:
    pace = Pace(0.0)
    for second in range(1, 1001):
        pace.settled(float(second))
    rates = [pace.per_s(1000.0 + waited) for waited in (0, 100, 1000, 10_000)]
    assert None not in rates and sorted(rates, reverse=True) == rates  # type: ignore[type-var]
    assert rates[-1] is not None and rates[-1] < 0.01


@settings(deadline=None)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=3 * MOST), st.floats(0.01, 1000))
def test_a_steady_rate_is_told_within_the_window(gaps: list[float], later: float) -> None:
    pace, now_s = Pace(0.0), 0.0
    for gap in gaps:
        now_s += gap
        pace.settled(now_s)
    rate = pace.per_s(now_s + later)
    looked_at = min(len(gaps), MOST)
    assert rate is not None and 0 < rate <= looked_at / later * 1.000001
