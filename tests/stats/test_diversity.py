"""Distinct n-grams, self-BLEU and spread: of texts whose figures can be worked out by hand."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funcdex.stats.diversity import (
    SAMPLE,
    WORDS,
    Sampler,
    distinct,
    diversity_of,
    self_bleu,
    spread,
    words_of,
)


def test_distinct_counts_each_run_of_words_once() -> None:
    texts = [words_of("send the mail"), words_of("Send THE letter!")]
    assert distinct(texts, 1) == 4 / 6
    assert distinct(texts, 2) == 3 / 4
    assert distinct(texts, 3) == 1.0 and distinct(texts, 4) is None


def test_a_copy_has_a_self_bleu_of_one_and_strangers_next_to_none() -> None:
    copies = [words_of("please find the report of last week")] * 3
    assert self_bleu(copies) == pytest.approx(1.0)
    strangers = [words_of("alpha beta gamma delta epsilon"), words_of("one two three four five")]
    assert 0 < (self_bleu(strangers) or 0) < 0.06


def test_self_bleu_is_that_of_bleu_with_all_others_as_references() -> None:
    first, second = words_of("a b c d e"), words_of("a b c d x y")
    # Of the first: 4/5 of its words, 3/4 pairs, 2/3 triples, 1/2 fours; the other is longer by one.
    of_first = math.exp(1 - 6 / 5) * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    of_second = (4 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    assert self_bleu([first, second]) == pytest.approx((of_first + of_second) / 2)


def test_a_word_counts_as_often_as_another_text_has_it() -> None:
    # `no no no no` against one `no`: one of four words; no pair, triple or four of it, which are smoothed.
    one, other = words_of("no no no no"), words_of("no is an answer")
    expected = (1 / 4 * 0.1 / 3 * 0.1 / 2 * 0.1 / 1) ** 0.25
    assert self_bleu([one, other]) == pytest.approx(expected)


def test_what_is_too_short_or_alone_has_no_self_bleu() -> None:
    assert self_bleu([]) is None
    assert self_bleu([words_of("only one text is here")]) is None
    assert self_bleu([words_of("two words"), words_of("and three more")]) is None


def test_spread_is_the_mean_distance_and_that_to_the_nearest() -> None:
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert spread(vectors) == {"mean_distance": round(2 / 3, 4), "nearest_distance": round(1 / 3, 4)}
    assert spread(vectors[:1]) is None


def test_the_sample_is_bounded_and_follows_from_the_seed() -> None:
    def sampled(seed: int) -> list[str]:
        sampler = Sampler(seed)
        for number in range(2 * SAMPLE):
            sampler.take([f"text {number}", "x" * 10**6])
        return sampler.texts

    assert sampled(1) == sampled(1) != sampled(2)
    assert len(sampled(1)) == SAMPLE and max(map(len, sampled(1))) <= 20 * WORDS


@settings(max_examples=50, deadline=None)
@given(texts=st.lists(st.text(max_size=60), max_size=12))
def test_whatever_texts_there_are_the_figures_are_shares(texts: list[str]) -> None:
    told = diversity_of(texts)
    for name in ("distinct_1", "distinct_2", "distinct_3", "self_bleu"):
        assert told[name] is None or 0 <= told[name] <= 1


def test_order_and_labels_of_texts_do_not_matter() -> None:
    dice = random.Random(3)
    texts = [words_of(" ".join(dice.choices("abcdefg", k=12))) for _ in range(30)]
    turned = texts[::-1]
    assert self_bleu(texts) == pytest.approx(self_bleu(turned) or 0)
