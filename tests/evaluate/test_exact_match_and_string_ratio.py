"""Exact Match and String Ratio, against figures worked out by hand, and what always holds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.evaluate.answers import Called
from funcdex.evaluate.similarity import LONGEST_COMPARED, answered_text, call_text, expected_text, likeness
from funcdex.export.sample import Call

TEXTS = st.lists(st.text("ab{}:, ", max_size=12), min_size=1, max_size=5)


def test_a_call_is_its_name_and_its_arguments_with_sorted_keys() -> None:
    expected = expected_text(Call("c", "SEND", '{"to":"Ada",   "pages":2}'))
    assert expected == '{"arguments": {"pages": 2, "to": "Ada"}, "name": "SEND"}'
    assert answered_text(Called("SEND", "", {"to": "Ada", "pages": 2})) == expected
    assert answered_text(Called("SEND", "{oops", None)) == '{"arguments": "{oops", "name": "SEND"}'
    assert call_text("SEND", {"a": 1}) != call_text("SEND", {"a": 1.0}), "exact is exact"


@pytest.mark.parametrize(
    ("expected", "came", "exact", "ratio"),
    [
        (["abcd"], ["abcd"], 1.0, 1.0),
        (["abcd"], [], 0.0, 0.0),
        # Blocks bcd: 2 * 3 / 8.
        (["abcd"], ["bcde"], 0.0, 0.75),
        # What is more than expected does not count.
        (["abcd"], ["zzzz", "abcd"], 1.0, 1.0),
        # One of two; the other has nothing in common with what is left.
        (["abcd", "xxxx"], ["abcd", "zzzz"], 0.5, 0.5),
        # A text that came answers one call only.
        (["abcd", "abcd"], ["abcd"], 0.5, 0.5),
        # The likest pair first: abcd takes abcd although abce, which comes first, is like it too.
        (["abce", "abcd"], ["abcd", "wxyz"], 0.5, 0.5),
        # Mean of 0.75 and 0.5.
        (["abcd", "wxyz"], ["bcde", "wxab"], 0.0, 0.625),
    ],
)
def test_figures_worked_out_by_hand(
    expected: Sequence[str], came: Sequence[str], exact: float, ratio: float
) -> None:
    found = likeness(expected, came)
    assert (found.exact_match, found.string_ratio) == (exact, ratio)


@given(TEXTS, st.lists(st.text("ab{}:, ", max_size=12), max_size=5))
def test_exact_match_never_exceeds_string_ratio(expected: list[str], came: list[str]) -> None:
    found = likeness(expected, came)
    assert 0 <= found.exact_match <= found.string_ratio <= 1


@given(TEXTS, st.randoms())
def test_the_order_of_calls_does_not_matter(texts: list[str], rng: object) -> None:
    shuffled = list(reversed(texts))
    assert likeness(texts, shuffled).exact_match == likeness(texts, shuffled).string_ratio == 1.0


@given(TEXTS, st.lists(st.text("abc", max_size=6), max_size=3))
def test_calls_that_are_too_many_take_nothing_away(expected: list[str], more: list[str]) -> None:
    assert likeness(expected, [*more, *expected]).string_ratio == 1.0


def test_texts_of_any_length_are_compared_in_bounded_time() -> None:
    long = "ab" * LONGEST_COMPARED
    found = likeness([long], [long[1:]])
    assert found.exact_match == 0.0 and found.string_ratio > 0.99
