"""A conversation's text, cut into its turns without changing a character."""

from __future__ import annotations

from itertools import pairwise

from funcdex.dml.lexer import tokens


def turn_texts(text: str) -> tuple[str, ...]:
    """The text of each turn of a conversation, from its `</user>` to the next one; together they are the
    text. What stands before the first turn belongs to it.

    Raises MarkupError for what is no sequence of tags, texts and JSON.
    """
    starts = [token.position for token in tokens(text) if token.kind == "</user>"]
    return tuple(text[start:end] for start, end in pairwise([0, *starts[1:], len(text)]))
