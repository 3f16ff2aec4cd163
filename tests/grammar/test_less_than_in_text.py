"""Which `<` a model may write in a text, and that whatever is written in markup stays within that."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funcdex.dml.text import escape
from grammar.grammar_matchers import all_accept, all_refuse, assume_within_bounds, grammar_of

THOUGHTFUL = grammar_of(thoughts=True, turns=(1, 1))


def conversation(text: str) -> str:
    """The text as a user message, a thought and an answer, not escaped."""
    return f"</user>\n{text}\n<assistant_thought>{text}</assistant_thought>\n</assistant>\n{text}"


@pytest.mark.parametrize(
    "text",
    [
        "a < 5",
        "a <b> c",
        "a <\n b",
        "x<é",
        "one\n<b>",
        "one\n\n<https://x>",
        "a\n\nb\n\nc",
        "é\n- 1 <= 2",
        "a&lt;/b>",
    ],
)
def test_a_less_than_that_begins_no_tag_may_be_written(text: str) -> None:
    assert all_accept(THOUGHTFUL, conversation(text))


@pytest.mark.parametrize(
    "text",
    [
        "<b>",
        "< 5",
        "a </b>",
        "a <table>",
        "a << b",
        "a\n< 5",
        "a\n\n<é",
        "a\n\n\nb",
        "a <",
        "\na",
        " a",
        "a\n<a>",
    ],
)
def test_one_that_might_begin_a_tag_may_not(text: str) -> None:
    assert all_refuse(THOUGHTFUL, conversation(text))


@settings(max_examples=80, deadline=None)
@given(st.text(st.sampled_from("<</ab \n&é5"), min_size=1, max_size=12).map(str.strip).filter(bool))
def test_what_is_written_can_be_generated(text: str) -> None:
    written = escape(text)
    assume_within_bounds(written)
    assert all_accept(THOUGHTFUL, conversation(written))
