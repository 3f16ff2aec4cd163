"""Which earlier scenarios the writer of a new one is shown."""

from __future__ import annotations

from collections import Counter

import pytest

from funcdex.dedup.examples import LATEST_KEPT, MOST, SAMPLE_KEPT, Examples
from funcdex.stages.scenario import _with_near

ABOUT_INVOICES = [f"Clerk {number} sends unpaid invoices to a customer." for number in range(5)]
OTHERS = [f"Coach {number} books the rowing hall." for number in range(150)]


def test_few_are_all_shown_in_their_order() -> None:
    examples = Examples("gmail")
    examples.add(map(str, range(7)))
    assert examples.shown(10) == examples.shown(10, "seven") == list(map(str, range(7)))
    assert examples.shown(3) == ["4", "5", "6"]
    assert examples.shown(0) == []


def test_the_nearest_to_what_a_new_one_is_about_are_shown() -> None:
    examples = Examples("gmail")
    examples.add([*OTHERS[:80], *ABOUT_INVOICES, *OTHERS[80:]])
    about = "SEND_INVOICE Sends one invoice."
    assert examples.shown(5, about) == ABOUT_INVOICES
    assert examples.shown(7, about) == [*ABOUT_INVOICES, *OTHERS[-2:]], "the latest, where there are no more"
    before = examples.shown(5, about)
    examples.add(["A zoo orders hay."])
    assert examples.shown(5, about) == before, "prompts about one thing go on beginning alike"


def test_near_ones_of_long_ago_are_in_the_sample() -> None:
    found = 0
    for seed in range(20):
        examples = Examples(str(seed))
        examples.add([*ABOUT_INVOICES * 20, *OTHERS, *OTHERS])
        found += bool(set(examples.shown(10, "invoices")) & set(ABOUT_INVOICES))
    assert found == 20


@pytest.mark.parametrize("most", [1, 2, 10, MOST])
def test_where_nothing_is_near_the_latest_are_shown(most: int) -> None:
    examples = Examples("gmail")
    examples.add(map(str, range(1000)))
    assert examples.shown(most) == list(map(str, range(1000 - most, 1000)))


def test_the_sample_is_fair() -> None:
    counts = Counter[bool]()
    for seed in range(40):
        examples = Examples(str(seed))
        examples.add(map(str, range(1000 + LATEST_KEPT)))
        counts.update(int(text) < 500 for text in examples.shown(10_000)[:SAMPLE_KEPT])
    assert counts[True] == pytest.approx(counts[False], rel=0.25)


def test_what_a_refused_sample_was_near_to_comes_last_behind_an_unchanged_beginning() -> None:
    shown = ["a", "b", "c", "d"]
    assert _with_near(shown, ("x", "b"), 4) == ["a", "b", "c", "x"]
    assert _with_near(shown, ("a", "b"), 4) == shown
    assert _with_near(shown, ("x",), 9) == [*shown, "x"]
    assert _with_near([], ("x", "y", "z"), 2) == ["x", "y"]
    assert _with_near([], ("x",), 0) == []
