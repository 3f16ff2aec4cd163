"""Text -> tokens: tags, the texts between them, and the JSON inside tool tags.

JSON is decoded where it begins and ends where the decoder says: its strings may hold `</tool>` or
anything else. Every other text runs up to the next tag. Each character is looked at a bounded number
of times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from funcdex.dml.jsontext import decode, lone_surrogate
from funcdex.dml.text import unescape
from funcdex.errors import MarkupError
from funcdex.types.conversation import JsonValue

Kind = Literal[
    "</user>",
    "</assistant>",
    "<assistant_thought>",
    "</assistant_thought>",
    "<tool>",
    "</tool>",
    "<tool_response>",
    "</tool_response>",
    "text",
    "end",
]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of markup that begins `position` characters into the text.

    `value` is the text without white space around it and with escapes undone, or the JSON value of a
    `<tool>` or `<tool_response>`, whose closing tag belongs to the token.
    """

    kind: Kind
    position: int
    value: JsonValue = None


_TAGS: dict[str, Kind] = {tag: tag for tag in get_args(Kind) if tag.startswith("<")}
_TAG = re.compile("|".join(_TAGS))
_CLOSING = {"<tool>": "</tool>", "<tool_response>": "</tool_response>"}
_JSON_SPACE = (" ", "\t", "\r", "\n")


def tokens(text: str) -> Iterator[Token]:
    """The tokens of the text in order, `end` last. Texts of white space alone are left out.

    Raises MarkupError where JSON is broken or not closed, once the tokens before it have been taken.
    """
    _refuse_surrogates(text)
    position = 0
    while (tag := _TAG.search(text, position)) is not None:
        yield from _text_between(text, position, tag.start())
        kind, position = _TAGS[tag.group()], tag.end()
        value = None
        if kind in _CLOSING:
            value, position = _json_between(text, position, _CLOSING[kind])
        yield Token(kind, tag.start(), value)
    yield from _text_between(text, position, len(text))
    yield Token("end", len(text))


def _refuse_surrogates(text: str) -> None:
    position = lone_surrogate(text)
    if position is not None:
        raise MarkupError("half of a surrogate pair is not a character", position=position)


def _text_between(text: str, start: int, end: int) -> Iterator[Token]:
    raw = text[start:end]
    stripped = raw.strip()
    if stripped:
        yield Token("text", start + len(raw) - len(raw.lstrip()), unescape(stripped))


def _json_between(text: str, start: int, closing: str) -> tuple[JsonValue, int]:
    value, end = decode(text, _after_space(text, start))
    end = _after_space(text, end)
    if not text.startswith(closing, end):
        raise MarkupError(f"expected {closing} after the JSON", position=end)
    return value, end + len(closing)


def _after_space(text: str, start: int) -> int:
    while text.startswith(_JSON_SPACE, start):
        start += 1
    return start
