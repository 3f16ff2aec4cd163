"""What comes first of the tools that share words with a query."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from searched.queries import HELD_OUT, read_queries

from funcdex.catalogue.ranking import does, first_sentence
from funcdex.catalogue.reader import catalogue_of
from funcdex.catalogue.synonyms import ACTIONS, KINDS, PHRASES, without_phrases
from funcdex.catalogue.words import words_of
from funcdex.types.tools import Tool, Toolkit


def order(query: str, *tools: tuple[str, str]) -> list[str]:
    """The names of the tools that are found, the best first."""
    kit = Toolkit("kit", "", tuple(Tool("kit", name, text) for name, text in tools))
    with catalogue_of([kit]) as opened:
        return [hit.tool for hit in opened.search(query)]


def test_a_first_sentence_that_says_what_was_asked_stands_for_a_name() -> None:
    tools = (
        ("usr_lst", "List the pets. A pet may have been given a collar, a licence and an owner."),
        ("op17", "Give a collar to a pet."),
    )
    assert order("give a pet a collar", *tools)[0] == "op17"


def test_what_does_the_opposite_comes_after_what_does_what_was_asked() -> None:
    tools = (("order_a", "Cancel an order."), ("order_b", "Create an order."), ("order_c", "Get an order."))
    assert order("create an order", *tools)[0] == "order_b"
    assert order("cancel an order", *tools)[0] == "order_a"
    assert order("show an order", *tools)[0] == "order_c"


def test_what_does_a_thing_of_the_same_kind_comes_before_what_does_another() -> None:
    tools = (("DeleteFlight", "Delete a flight."), ("AddFlight", "Add a flight."))
    assert order("book a flight", *tools)[0] == "AddFlight"


@pytest.mark.parametrize(
    ("name", "description", "action"),
    [
        ("POST_SendMail", "", "send"),
        ("users_messages_send", "Sends the given message.", "send"),
        ("issues", "Creates an issue.", "create"),
        ("DELETE_pets", "", "delete"),
        ("xyz", "The pet.", None),
    ],
)
def test_what_a_tool_does_is_told_by_its_description_and_its_name(
    name: str, description: str, action: str | None
) -> None:
    found = does(list(words_of(name)), list(words_of(first_sentence(description))))
    assert action in found if action else not found


def test_phrases_are_found_by_the_words_of_apis() -> None:
    tools = (("REFUND", "Refund a charge."), ("LIST_BACKS", "List money and backs."))
    assert order("give somebody their money  back", *tools)[0] == "REFUND"
    assert without_phrases("Turn OFF the light") == "disable the light"
    assert without_phrases("return offer") == "return offer"


def test_every_action_is_of_one_kind() -> None:
    assert sorted(" ".join(KINDS).split()) == sorted(ACTIONS)


def test_no_phrase_stands_for_a_phrase() -> None:
    assert all(without_phrases(word) == word for word in PHRASES.values())


@given(st.text(st.characters(codec=None), max_size=300))
def test_any_description_has_a_first_sentence(text: str) -> None:
    sentence = first_sentence(text)
    assert text.startswith(sentence) and len(sentence) <= 120


def test_a_first_sentence_ends_where_it_ends() -> None:
    assert first_sentence("Sends a mail. It is sent at once.") == "Sends a mail"
    assert first_sentence("No. 1 of all.\nMore") == "No. 1 of all"
    assert first_sentence("") == ""


def test_held_out_queries_are_none_of_the_others() -> None:
    held_out = [query.text for query in read_queries(HELD_OUT)]
    assert len(set(held_out)) == len(held_out) >= 60
    assert not {*held_out} & {query.text for query in read_queries()}
