"""The figures of a load test, on rounds one can work out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.bench.knee import knee, next_concurrency
from funcdex.bench.metrics import Limits, Sample, Spread, figures, in_flight_over_time


def sample(sent_s: float, *, tokens: int = 11, ttft_s: float = 1.0, itl_s: float = 0.1) -> Sample:
    first_s = sent_s + ttft_s
    last_s = first_s + itl_s * max(0, tokens - 1)
    return Sample("e", sent_s, last_s, first_s, last_s, 5, tokens)


def closed_loop(places: int, rounds: int) -> list[Sample]:
    """Every place sends its next request as the last one ends, 2 s each, 11 tokens."""
    return [sample(2.0 * turn + place / places) for turn in range(rounds) for place in range(places)]


def test_times_of_one_request() -> None:
    one = sample(10.0)
    assert one.ttft_s == 1.0
    assert one.itl_s == pytest.approx(0.1)
    assert one.latency_s == pytest.approx(2.0)
    assert Sample("e", 0.0, 1.0).ttft_s is None
    assert sample(0.0, tokens=1).itl_s is None


def test_a_closed_loop_gives_its_rate_and_its_concurrency() -> None:
    found = figures(closed_loop(4, 10), warm_up=4)
    assert found.requests == 36 and found.failed == 0
    assert found.mean_in_flight == pytest.approx(4, rel=0.02)
    assert found.output_tokens_per_s == pytest.approx(4 * 11 / 2, rel=0.05)
    assert found.requests_per_s == pytest.approx(2, rel=0.06)
    assert found.ttft_s == Spread(1.0, 1.0, 1.0)


def test_only_what_met_every_limit_is_good() -> None:
    samples = closed_loop(4, 10)
    assert figures(samples, warm_up=4, limits=Limits(ttft_s=1.5, itl_s=0.2)).goodput_per_s > 0
    assert figures(samples, warm_up=4, limits=Limits(ttft_s=0.5)).goodput_per_s == 0
    assert not Limits(ttft_s=9.0).met_by(Sample("e", 0.0, 1.0))


def test_faults_and_answers_outside_the_grammar_are_counted() -> None:
    samples = [
        Sample("e", 0.0, 1.0, fault="timed_out"),
        Sample("e", 1.0, 2.0, valid=True),
        Sample("e", 2.0, 3.0, valid=False),
    ]
    found = figures(samples, warm_up=0)
    assert (found.failed, found.valid_share) == (1, 0.5)


def test_percentiles_are_values_that_occurred() -> None:
    spread = Spread.of([None, *map(float, range(1, 101))])
    assert (spread.p50, spread.p90, spread.p99) == (50.0, 90.0, 99.0)
    assert Spread.of([None]).p50 is None


samples = st.builds(
    lambda sent, ttft, itl, tokens: sample(sent, tokens=tokens, ttft_s=ttft, itl_s=itl),
    st.floats(0, 100),
    st.floats(0, 10),
    st.floats(0, 1),
    st.integers(0, 100),
)


@given(some=st.lists(samples, max_size=30), warm_up=st.integers(0, 10))
def test_no_more_tokens_are_counted_than_were_written(some: list[Sample], warm_up: int) -> None:
    found = figures(some, warm_up=warm_up)
    written = sum(one.completion_tokens for one in some)
    assert 0 <= found.output_tokens_per_s * found.steady_s <= written + 1e-6
    assert found.mean_in_flight <= len(some) + 1e-6


@given(some=st.lists(samples, max_size=30))
def test_what_begins_also_ends(some: list[Sample]) -> None:
    course = in_flight_over_time(some)
    assert all(count >= 0 for _, count in course)
    assert not course or course[-1][1] == 0


def test_the_knee_is_the_lowest_with_nearly_all_of_the_throughput() -> None:
    assert knee({1: 10, 32: 200, 128: 391, 256: 400, 512: 390}) == 128
    assert knee({1: 10}) == 1


def test_a_sweep_goes_on_while_doubling_pays_and_looks_at_both_sides_of_128() -> None:
    measured: dict[int, float] = {}
    while (place := next_concurrency(measured, 1024)) is not None:
        measured[place] = min(place, 100) * 10.0
    assert list(measured) == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert next_concurrency({1: 10.0, 2: 10.0}, 1024) is None
    assert next_concurrency({1: 10.0, 2: 20.0}, 2) is None
