"""Sets of words that are alike are found among many, and few others are looked at."""

from __future__ import annotations

import random

import numpy as np
import pytest

from funcdex.dedup.minhash import BANDS, BandedSets, signature


def sets(count: int, seed: int = 0, words: int = 20) -> list[frozenset[int]]:
    dice = random.Random(seed)
    known = [dice.getrandbits(32) for _ in range(4000)]
    return [frozenset(dice.sample(known, words)) for _ in range(count)]


def changed(words: frozenset[int], kept: int, seed: int) -> frozenset[int]:
    dice = random.Random(seed)
    return frozenset(dice.sample(sorted(words), kept)) | {
        dice.getrandbits(32) for _ in range(len(words) - kept)
    }


def filled(known: list[frozenset[int]]) -> BandedSets:
    banded = BandedSets()
    for words in known:
        banded.add(signature(words))
    assert len(banded) == len(known)
    return banded


@pytest.mark.parametrize(("kept", "recall"), [(20, 1.0), (17, 0.99), (14, 0.95), (12, 0.8)])
def test_what_shares_most_words_is_found_whenever_it_was_added(kept: int, recall: float) -> None:
    known = sets(3000)
    banded = filled(known)
    asked = range(0, 3000, 10)
    found = [
        row in [one for one, _ in banded.like(signature(changed(known[row], kept, row)), 16)] for row in asked
    ]
    assert np.mean(found) >= recall


def test_strangers_are_hardly_looked_at() -> None:
    banded = filled(sets(3000))
    looked_at = [len(banded.like(signature(words), 10_000)) for words in sets(100, seed=1)]
    assert np.mean(looked_at) < 3


def test_the_most_alike_comes_first_with_an_estimate() -> None:
    (words,) = sets(1)
    banded = filled([changed(words, 13, 1), changed(words, 19, 2), words])
    found = banded.like(signature(words), 3)
    assert [row for row, _ in found] == [2, 1, 0]
    assert found[0][1] == 1.0
    assert found[1][1] == pytest.approx(19 / 21, abs=0.1)
    assert banded.like(signature(words), 1) == found[:1]


def test_a_phrase_that_all_share_does_not_make_a_search_linear() -> None:
    (words,) = sets(1)
    banded = filled([words] * 5000)
    assert len(banded.like(signature(words), 10_000)) <= 32 * BANDS


def test_sets_without_words_are_like_each_other_only() -> None:
    banded = filled([frozenset(), *sets(50)])
    assert [row for row, _ in banded.like(signature(frozenset()), 5)] == [0]
