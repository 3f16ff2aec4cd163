"""When a request counts as stopped, as arithmetic: never while its endpoint is merely busy."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.pool.flight import most_tokens
from funcdex.pool.progress import FEWEST, PATIENCE, WINDOW, Progress
from pool.pool_tools import request

MOST_TOKENS = 4000


def progress(*samples: tuple[float, int], load: int = 1, floor_s: float = 1.0) -> Progress:
    """After answers of so many seconds and tokens each."""
    known = Progress(floor_s)
    for latency_s, tokens in samples:
        known.answered(latency_s=latency_s, tokens=tokens, longest_silence_s=None, load=load)
    return known


def test_nothing_is_expected_of_an_endpoint_that_has_not_shown_anything() -> None:
    assert progress().deadline_s(MOST_TOKENS, load=1) == inf
    assert progress(*[(1.0, 10)] * (FEWEST - 1)).deadline_s(MOST_TOKENS, load=1) == inf
    assert progress(*[(1.0, 10)] * FEWEST).deadline_s(MOST_TOKENS, load=1) < inf


def test_a_server_that_counts_no_tokens_is_left_to_the_deadline_of_the_request() -> None:
    assert progress(*[(1.0, 0)] * WINDOW).deadline_s(MOST_TOKENS, load=1) == inf


def test_the_limit_is_the_longest_answer_at_the_usual_pace_and_patience() -> None:
    known = progress(*[(2.0, 100)] * FEWEST)
    assert known.deadline_s(1000, load=1) == pytest.approx(PATIENCE * 1000 * 0.02)


def test_no_limit_is_below_the_floor() -> None:
    known = progress(*[(0.001, 100)] * FEWEST, floor_s=60.0)
    known.answered(latency_s=1.0, tokens=1, longest_silence_s=0.1, load=1)
    assert known.deadline_s(1000, load=1) == 60.0


@given(
    lengths=st.lists(st.integers(MOST_TOKENS // 20, MOST_TOKENS), min_size=FEWEST, max_size=2 * WINDOW),
    wait_s=st.floats(0, 300),
    token_s=st.floats(0.001, 1),
)
def test_the_longest_answer_is_not_broken_off_after_however_short_ones(
    lengths: list[int], wait_s: float, token_s: float
) -> None:
    known = progress(*[(wait_s + tokens * token_s, tokens) for tokens in lengths])
    assert known.deadline_s(MOST_TOKENS, load=1) >= wait_s + MOST_TOKENS * token_s


@given(
    slots=st.integers(1, 500),
    before=st.integers(1, 2000),
    grown=st.integers(1, 2000),
    lengths=st.lists(st.integers(200, MOST_TOKENS), min_size=FEWEST, max_size=WINDOW),
)
def test_a_queue_that_grows_at_the_server_breaks_nothing_off(
    slots: int, before: int, grown: int, lengths: list[int]
) -> None:
    """It takes any number, works on `slots` at once, and the rest wait in order."""

    def took_s(tokens: int, in_flight: int) -> float:
        return tokens * 0.02 * max(1.0, in_flight / slots)

    known = progress(*[(took_s(tokens, before), tokens) for tokens in lengths], load=before)
    assert known.deadline_s(MOST_TOKENS, load=grown) >= took_s(MOST_TOKENS, grown)


@given(odd=st.lists(st.floats(0, 1e9), max_size=WINDOW // 2 - 1))
def test_half_of_the_answers_may_be_odd(odd: list[float]) -> None:
    usual = [(2.0, 100)] * (WINDOW - len(odd))
    known = progress(*usual, *[(latency_s, 1) for latency_s in odd])
    assert known.deadline_s(1000, load=1) == pytest.approx(PATIENCE * 1000 * 0.02)


def test_a_streamed_answer_is_held_against_the_silences_of_others() -> None:
    known = Progress(1.0)
    assert known.silence_s(load=4) == inf
    for _ in range(FEWEST):
        known.answered(latency_s=90.0, tokens=900, longest_silence_s=2.0, load=4)
    assert known.silence_s(load=4) == PATIENCE * 2.0
    assert known.silence_s(load=8) == PATIENCE * 4.0
    assert known.silence_s(load=1) == PATIENCE * 2.0


def test_an_answer_without_max_tokens_may_fill_the_context() -> None:
    wanted = request(max_tokens=4000)
    assert most_tokens(wanted, None) == 4000
    assert most_tokens(wanted, 32_768) == 4000
    assert most_tokens(wanted, 4001) == 4000
    assert most_tokens(wanted, 3999) == 3999
