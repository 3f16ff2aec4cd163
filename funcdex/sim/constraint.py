"""What a request demands of its answer, as a matcher that enforces it byte by byte."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, cast

from llguidance import LLMatcher, grammar_from

from funcdex.sim.tokens import byte_tokenizer

_FORMATS = {"json": "json", "regex": "regex", "choice": "choice", "grammar": "grammar"}
_ANY_OBJECT = {"type": "object"}

# Literals and classes are stepped over, so that a `(=` in them stays.
_PLAIN = r'"(?:[^"\\\n]|\\.)*"|\[(?:[^\]\\\n]|\\.)*\]'
_LOOKAHEAD = re.compile(rf"({_PLAIN})|\(=(?:{_PLAIN}|[^()\"\[])*\)")


class BadRequest(Exception):
    """A request that is answered with 400. `param` names the field at fault, if one does."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class Matcher(Protocol):
    """The part of llguidance's LLMatcher that is used here. Tokens are bytes, and 256 is the end."""

    def compute_ff_bytes(self) -> bytes: ...
    def compute_bitmask(self) -> bytes: ...
    def validate_tokens(self, tokens: Sequence[int]) -> int: ...
    def try_consume_tokens(self, tokens: Sequence[int]) -> int: ...
    def is_stopped(self) -> bool: ...
    def is_accepting(self) -> bool: ...
    def is_error(self) -> bool: ...
    def get_error(self) -> str: ...
    def deep_copy(self) -> Matcher: ...


def grammar_of(body: Mapping[str, Any]) -> str | None:
    """The grammar a request asks for, in llguidance's notation; None if it may be answered in free text.

    Takes vLLM's `structured_outputs` and `response_format`, and llama.cpp's `grammar`; grammars in Lark and
    in GBNF or EBNF, structural tags that are one piece of EBNF. Fields that vLLM dropped (`guided_json`,
    `guided_grammar`) are ignored, as vLLM does. Raises BadRequest.
    """
    structured = body.get("structured_outputs")
    if structured is not None:
        return _structured(structured)
    response_format = body.get("response_format")
    if isinstance(response_format, dict) and response_format.get("type") != "text":
        return _response_format(response_format)
    grammar = body.get("grammar")
    return _converted("grammar", grammar, "grammar") if isinstance(grammar, str) and grammar else None


def matcher_for(grammar: str) -> Matcher:
    """A matcher at the start of the grammar. Raises BadRequest if the grammar does not compile."""
    prototype = _compiled(grammar)
    if prototype.is_error():
        raise BadRequest(f"Grammar error: {prototype.get_error()}", "structured_outputs")
    return prototype.deep_copy()


@lru_cache(maxsize=64)
def _compiled(grammar: str) -> Matcher:
    return cast(Matcher, LLMatcher(byte_tokenizer(), grammar, log_level=0))


def _structured(structured: object) -> str | None:
    if not isinstance(structured, dict):
        raise BadRequest("structured_outputs is not an object", "structured_outputs")
    given = {key: value for key, value in structured.items() if value is not None}
    if given.pop("json_object", False):
        return _converted("json", _ANY_OBJECT, "structured_outputs")
    kinds = [key for key in given if key in _FORMATS or key == "structural_tag"]
    if len(kinds) > 1:
        raise BadRequest(
            f"You can only use one kind of structured outputs constraint, got {kinds}", "structured_outputs"
        )
    if kinds == ["structural_tag"]:
        return _converted("grammar", _grammar_of_tag(given["structural_tag"]), "structured_outputs")
    return _converted(kinds[0], given[kinds[0]], "structured_outputs") if kinds else None


def _response_format(response_format: Mapping[str, Any]) -> str:
    match response_format.get("type"):
        case "json_object":
            return _converted("json", _ANY_OBJECT, "response_format")
        case "json_schema":
            schema = (response_format.get("json_schema") or {}).get("schema")
            if not isinstance(schema, dict):
                raise BadRequest("response_format.json_schema.schema is not an object", "response_format")
            return _converted("json", schema, "response_format")
        case other:
            raise BadRequest(f"unknown response_format type {other!r}", "response_format")


def _grammar_of_tag(tag: object) -> str:
    try:
        read = json.loads(tag) if isinstance(tag, str) else tag
    except ValueError as error:
        raise BadRequest(f"structural_tag is not JSON: {error}", "structured_outputs") from error
    match read:
        case {"type": "structural_tag", "format": {"type": "grammar", "grammar": str(grammar)}}:
            return grammar
        case _:
            raise BadRequest(
                "the simulated endpoint knows structural tags of one grammar only", "structured_outputs"
            )


def _converted(kind: str, value: object, param: str) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    if kind == "grammar" and "::=" in text:
        # A lookahead is a hint for masks: the language is the same without it.
        text = _LOOKAHEAD.sub(lambda found: found[1] or "", text)
    try:
        return cast(str, grammar_from(_FORMATS[kind], text))
    except (ValueError, TypeError) as error:
        raise BadRequest(f"Grammar error: {error}", param) from error
