"""The layers of words as one: what they refuse, what they let through, and what they leave to others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from likeness.made import made_pairs
from planted import by_meaning, serving

from funcdex.dedup.index import FloatArray
from funcdex.dedup.likeness import LikenessLayer
from funcdex.dedup.masked import masked_layer
from funcdex.dedup.meaning import MeaningFinder
from funcdex.dedup.protocol import Duplicate, Unsettled
from funcdex.dedup.rules import OFF, Thresholds
from funcdex.dedup.wording import WordingFinder

REFUND = "The night clerk refunds the late guests of the seaside hotel and writes an apology to each of them."
SWAPPED = (
    "On 3 May Ada, the night clerk of the seaside hotel, refunds 7 late guests and writes an apology to each."
)
CHARGE = "The night clerk charges the late guests of the seaside hotel and writes an apology to each of them."
OTHER = "A choir wants its rehearsal rooms moved to the cellar while the roof is mended."


def by_words(adjudicated: int = 0) -> LikenessLayer:
    return LikenessLayer([WordingFinder()], Thresholds(embedding=OFF), adjudicated)


class Alike:
    """An embedder for which all texts mean the same."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        return np.tile(np.array([[1, 0]], np.float32), (len(texts), 1))


def test_other_particulars_are_refused_and_opposites_are_not() -> None:
    layer = by_words()
    first, swapped, opposite, other = layer.admit(
        [("a", REFUND), ("a", SWAPPED), ("a", CHARGE), ("a", OTHER)]
    )
    assert first is None and opposite is None and other is None
    assert isinstance(swapped, Duplicate)
    assert (swapped.layer, swapped.of, swapped.near) == ("words", REFUND, (REFUND,))


def test_it_is_the_same_whether_scenarios_come_at_once_or_one_by_one() -> None:
    pairs = made_pairs(70)
    items = [("a", text) for pair in pairs for text in (pair.a, pair.b)]
    at_once, one_by_one = by_words(), by_words()
    together = at_once.admit(items)
    singly = [one_by_one.admit([item])[0] for item in items]
    same = [
        isinstance(one, Duplicate) == isinstance(other, Duplicate)
        for one, other in zip(together, singly, strict=True)
    ]
    assert np.mean(same) >= 0.98, "MinHash misses some that a call compares one by one"


def test_made_up_duplicates_are_refused_and_hardly_anything_else() -> None:
    layer = by_words()
    refused = {True: [0, 0], False: [0, 0]}
    for pair in made_pairs(210, seed=3):
        layer.admit([(pair.id, pair.a)])
        verdict = layer.admit([(pair.id, pair.b)])[0]
        refused[pair.is_duplicate][isinstance(verdict, Duplicate)] += 1
    assert refused[True][1] >= 0.95 * sum(refused[True])
    assert refused[False][1] <= 0.05 * sum(refused[False])


def test_scenarios_of_an_earlier_session_are_compared_with() -> None:
    layer = by_words()
    layer.insert("a", [OTHER, REFUND])
    assert [
        verdict and verdict.of for verdict in layer.admit([("a", SWAPPED)]) if isinstance(verdict, Duplicate)
    ] == [REFUND]
    assert layer.admit([("b", SWAPPED)]) == [None]


def test_texts_of_hardly_any_words_are_compared_by_none() -> None:
    assert (
        by_words().admit([("a", "Ada 1"), ("a", "Bea 2"), ("a", "Send it!"), ("a", "Send 3!")]) == [None] * 4
    )


def test_vectors_do_not_refuse_the_opposite() -> None:
    layer = by_meaning(Alike(), threshold=0.95)
    first, same, opposite = layer.admit([("a", REFUND), ("a", SWAPPED), ("a", CHARGE)])
    assert first is None and opposite is None
    assert isinstance(same, Duplicate) and (same.layer, same.of) == ("embedding", REFUND)


def test_what_words_leave_open_is_told_only_if_somebody_may_be_asked() -> None:
    close, open_ = Thresholds(embedding=OFF, unsettled=0.8), Thresholds(embedding=OFF, unsettled=OFF)
    for thresholds, adjudicated, unsettled in ((close, 3, True), (close, 0, False), (open_, 3, False)):
        layer = LikenessLayer([MeaningFinder(Alike())], thresholds, adjudicated)
        first, second = layer.admit([("a", REFUND), ("a", OTHER)])
        assert first is None
        assert isinstance(second, Unsettled) == unsettled
        if isinstance(second, Unsettled):
            assert [each.of for each in second.candidates] == [REFUND]


@pytest.mark.parametrize("name", ["masked"])
async def test_a_scenario_that_is_there_but_for_particulars_is_refused_without_a_search(name: str) -> None:
    async with serving(masked_layer()) as guard:
        assert (
            await guard.admit("a", "On Monday Ada of Lumo orders 30 spare keys for the seaside branch.")
            is None
        )
        duplicate = await guard.admit(
            "a", "On Friday Bea of Velora orders 7 spare keys for the seaside branch."
        )
        assert duplicate is not None and duplicate.layer == name
        assert (
            await guard.admit("b", "On Friday Bea of Velora orders 7 spare keys for the seaside branch.")
            is None
        )
        assert await guard.admit("a", "Ada, 30") is None
        assert await guard.admit("a", "Bea, 30") is None
