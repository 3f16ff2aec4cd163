"""Invented prose: on a topic, readable, and without any sign that markup or JSON gives a meaning."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations
from random import Random

import pytest

from funcdex.sim.generation import Generation
from funcdex.sim.lexicon import COMPANIES
from funcdex.sim.prose import Author, topic_of
from funcdex.sim.templates import SENTENCES, Mood
from funcdex.sim.tokens import count_tokens, pieces
from funcdex.sim.values import facts_of

Answer = Callable[..., Generation]


def _author(seed: int, prompt: str = "") -> Author:
    rng = Random(seed)
    return Author(topic_of(prompt, rng), rng)


@pytest.mark.parametrize("mood", SENTENCES)
def test_a_sentence_is_a_sentence(mood: Mood) -> None:
    for seed in range(40):
        author = _author(seed)
        given = facts_of(author, Random(seed)).mentioned if mood in ("facts", "figures") else {}
        sentence = author.sentence(mood, **given)
        assert sentence[0].isupper() and sentence[-1] in ".?"
        assert 8 <= len(sentence.split()) <= 30
        assert not re.search(r"[<>{}\[\]\"\\&\n]", sentence)


def test_prose_has_two_to_six_sentences(answer: Answer) -> None:
    lengths = {answer(seed=seed).text.count(".") for seed in range(60)}
    assert lengths == {2, 3, 4, 5, 6}


def test_different_seeds_tell_of_different_cases(answer: Answer) -> None:
    words = [set(re.findall(r"\w{4,}", answer(seed=seed).text)) for seed in range(30)]
    alike = [len(a & b) / len(a | b) for a, b in combinations(words, 2)]
    assert max(alike) < 0.6
    assert sum(alike) / len(alike) < 0.2


def test_a_prompt_with_one_case_is_taken_up() -> None:
    case = "Shirin Novotny is site engineer at Inkwell in Ghent; the case is about project Monsoon."
    topic = topic_of(case, Random(5))
    assert (topic.company, topic.city, topic.project, topic.job) == (
        "Inkwell",
        "Ghent",
        "Monsoon",
        "site engineer",
    )
    assert topic.person == "Shirin Novotny"


def test_a_prompt_with_examples_is_not_taken_up() -> None:
    prompt = " ".join(COMPANIES[:10])
    companies = {topic_of(prompt, Random(seed)).company for seed in range(100)}
    assert len(companies) > 30


def test_what_a_prompt_is_about_comes_up() -> None:
    nouns = [topic_of("Find the invoice of a customer.", Random(seed)).nouns for seed in range(20)]
    assert all({"invoice", "customer"} <= set(some) for some in nouns)


def test_a_turn_stays_with_its_subject() -> None:
    author = _author(1)
    author.turn_to_something_else()
    words = [author.fill("noun") for _ in range(200)]
    assert sum(words.count(word) for word in sorted(set(words), key=words.count)[-2:]) > 120


@pytest.mark.parametrize(
    "text", ["", "Hello there, 12345 <tool>!", "naïve Ünïcode_snake\n\n  x", "日本語 text"]
)
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


def test_a_token_is_about_four_characters(answer: Answer) -> None:
    text = answer().text
    assert 3 <= len(text) / count_tokens(text) <= 6
