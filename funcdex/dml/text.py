"""Texts in the markup: which `<` is escaped, and how the escape is undone.

A `<` is plain text unless it opens a tag. In the written form a `<` that could be taken for the start of
one, judged by the letter that follows, stands as `&lt;`; an `&` that would look like such an escape stands
as `&amp;`. Why so, and what it costs a trainer: docs/decisions/0002-less-than-in-text.md.
"""

from __future__ import annotations

import re

# Also what the grammar keeps out of texts (grammar/text_patterns.py), so that what is written can be
# generated: a `<` that begins a text, or a line unless a visible character follows.
_LIKE_A_TAG = re.compile(r"<(?=[/<at]|\Z)|\A<|(?<=\n)<(?![!-~])")
_LIKE_AN_ESCAPE = re.compile(r"&(?=(?:lt|amp);)")
_ESCAPE = re.compile(r"&(?:lt|amp);")


def escape(text: str) -> str:
    """The text as it is written: `a</b` becomes `a&lt;/b`, `x < 5` and `R&D` stay as they are."""
    escaped = _LIKE_AN_ESCAPE.sub("&amp;", text)
    return _LIKE_A_TAG.sub("&lt;", escaped)


def unescape(written: str) -> str:
    """The inverse of `escape`, in one pass: `&amp;lt;` becomes `&lt;` and stays so."""
    return _ESCAPE.sub(lambda found: "<" if found.group() == "&lt;" else "&", written)
