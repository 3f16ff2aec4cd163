"""Which earlier scenarios the writer of a new one is shown."""

from __future__ import annotations

from collections import Counter

import pytest

from funcdex.dedup.examples import MOST, Examples
from funcdex.stages.scenario import _with_near


def test_few_are_all_shown_in_their_order() -> None:
    examples = Examples("gmail")
    examples.add(map(str, range(7)))
    assert examples.shown(10) == list(map(str, range(7)))
    assert examples.shown(3) == ["4", "5", "6"]
    assert examples.shown(0) == []


@pytest.mark.parametrize("most", [1, 2, 10, MOST])
def test_of_many_half_are_from_anywhere_and_half_are_the_latest(most: int) -> None:
    examples = Examples("gmail")
    examples.add(map(str, range(1000)))
    shown = examples.shown(most)
    assert len(set(shown)) == most
    assert shown[most // 2 :] == list(map(str, range(1000 - (most - most // 2), 1000)))
    assert all(int(text) < 1000 - MOST for text in shown[: most // 2])


def test_the_sample_is_fair_and_seldom_changes() -> None:
    counts = Counter[bool]()
    for seed in range(40):
        examples = Examples(str(seed))
        examples.add(map(str, range(1000 + MOST)))
        counts.update(int(text) < 500 for text in examples.shown(MOST)[: MOST // 2])
        before = examples.shown(10)[:5]
        examples.add(["one more"])
        assert examples.shown(10)[:5] == before or seed % 10, "as good as never all of them at once"
    assert counts[True] == pytest.approx(counts[False], rel=0.25)


def test_what_a_refused_sample_was_near_to_comes_last_behind_an_unchanged_beginning() -> None:
    shown = ["a", "b", "c", "d"]
    assert _with_near(shown, ("x", "b"), 4) == ["a", "b", "c", "x"]
    assert _with_near(shown, ("a", "b"), 4) == shown
    assert _with_near(shown, ("x",), 9) == [*shown, "x"]
    assert _with_near([], ("x", "y", "z"), 2) == ["x", "y"]
    assert _with_near([], ("x",), 0) == []
