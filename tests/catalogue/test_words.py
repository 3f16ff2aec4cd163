"""Texts and identifiers become the same words, whoever wrote them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.catalogue.synonyms import ACTIONS, actions, synonyms
from funcdex.catalogue.words import stem, words_of


@pytest.mark.parametrize(
    ("text", "alike"),
    [
        ("chat_postMessage", "post a message in the chat"),
        ("HTTPServer", "http servers"),
        ("getV1Users", "get v1 user"),
        ("S3Buckets", "s3 bucket"),
        ("repos/list-branches", "repo: listing Branches"),
        ("customer's card", "customer card"),
        ("Café", "cafe"),
        ("createTranslation", "created translations"),
        ("translate", "translation"),
        ("shipped", "shipping"),
        ("cancelled", "canceling"),
        ("movies", "movie"),
        ("addresses", "address"),
        ("deliveries", "delivery"),
    ],
)
def test_forms_of_one_thing_are_the_same_words(text: str, alike: str) -> None:
    assert set(words_of(text)) == set(words_of(alike))


@pytest.mark.parametrize(
    ("one", "other"),
    [("status", "state"), ("string", "stir"), ("bus", "busy"), ("call", "cal"), ("ring", "r")],
)
def test_different_words_stay_apart(one: str, other: str) -> None:
    assert stem(one) != stem(other)


@given(st.text(max_size=300))
def test_any_text_has_words_of_letters_and_digits(text: str) -> None:
    for word in words_of(text):
        assert word and not set(word) & set(" \t\n\"'*:^()-+{}")
        word.encode()


@given(st.from_regex(r"[a-z]{1,45}", fullmatch=True))
def test_a_word_keeps_its_beginning(word: str) -> None:
    assert stem(word) and stem(word)[:2] in (word[:2], word[:1] + "y")


def test_every_action_stands_for_itself() -> None:
    assert all(actions()[stem(action)] == action for action in ACTIONS)


def test_a_word_is_no_synonym_of_itself() -> None:
    assert all(word not in others for word, others in synonyms().items())
