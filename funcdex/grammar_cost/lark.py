"""Reads grammars in Lark, with what llguidance adds to it (`%json {...}`, attributes in brackets)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from funcdex.grammar.ir import EMPTY, Chars, Literal, Node, Repeat, choice
from funcdex.grammar_cost.characters import unescaped
from funcdex.grammar_cost.notation import (
    FOREIGN,
    Expressions,
    Rule,
    Rules,
    Token,
    check_size,
    counts_of,
    definitions,
    fault,
)
from funcdex.grammar_cost.regex import read_regex

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_TOKEN = re.compile(
    rf"""(?P<space>[ \t\r\n]+|//[^\n]*|\#[^\n]*)
    |(?P<inline>%(?:json|lark|regex)\b\s*(?=\{{))
    |(?P<directive>%[a-z_]+[^\n]*)
    |(?P<range>"(?:[^"\\\n]|\\.)"\s*\.\.\s*"(?:[^"\\\n]|\\.)")
    |(?P<string>"(?:[^"\\\n]|\\.)*"i?)
    |/(?P<regex>(?:[^/\\\n]|\\.)+)/[imslux]*
    |(?P<define>[!?]*{_NAME}(?:\.-?\d+)?(?:\s*\[[^\]\n]*\])?(?:\{{[a-z_, ]+\}})?\s*:(?!:))
    |(?P<special><[^>\n]{{1,80}}>)
    |(?P<alias>->\s*[A-Za-z_]\w*)
    |(?P<tilde>~\s*(?P<least>\d+)(?:\s*\.\.\s*(?P<most>\d+))?)
    |(?P<name>{_NAME})
    |(?P<count>\{{\s*\d*\s*(?:,\s*\d*\s*)?\}})
    |(?P<mark>[()\[\]|*+?&~])""",
    re.X | re.S,
)
_WORD = re.compile(r"[A-Za-z_]\w*")


def read_lark(text: str) -> Rules:
    """The rules and terminals. Raises GrammarError."""
    check_size(text)
    tokens: list[Token] = []
    used: set[str] = set()
    provided: set[str] = set()
    for token in _tokens(text):
        if token.kind == "mark" and token.text.startswith("%"):
            (used if token.text.startswith("%ignore") else provided).update(_WORD.findall(token.text)[1:])
        else:
            tokens.append(token)
    opens = {"(": (")", lambda node: node), "[": ("]", _optional)}
    rules = [
        Rule(name.text, name.line, Expressions(body, opens).node(name.line))
        for name, body in definitions(tokens, ":")
    ]
    return Rules("lark", tuple(rules), frozenset(used), frozenset(provided))


def _optional(node: Node) -> Node:
    return Repeat(node, 0, 1)


def _tokens(text: str) -> Iterator[Token]:
    position, line = 0, 1
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise fault(f"unexpected {text[position : position + 20]!r}", line)
        end = found.end()
        if found.lastgroup == "inline":
            end = _after_json(text, end, line)
            yield Token("node", "inline", line, FOREIGN)
        else:
            yield from _token(found, line)
        line += text.count("\n", position, end)
        position = end


def _token(found: re.Match[str], line: int) -> Iterator[Token]:
    text = found.group()
    match found.lastgroup:
        case "define":
            yield Token("name", _plain(text), line)
            yield Token("mark", ":", line)
        case "name":
            yield Token("name", _plain(text), line)
        case "string":
            yield Token("node", text, line, _literal(text, line))
        case "range":
            first, last = (unescaped(part.strip()[1:-1], line) for part in text.split("..", 1))
            yield Token("node", text, line, Chars(((first, last),)))
        case "regex":
            yield Token("node", text, line, read_regex(found["regex"], line))
        case "special":
            yield Token("node", text, line, FOREIGN)
        case "count":
            yield Token("count", text, line, counts=counts_of(text, line))
        case "tilde":
            counts = counts_of(f"{{{found['least']},{found['most'] or found['least']}}}", line)
            yield Token("count", text, line, counts=counts)
        case "directive":
            yield Token("mark", text, line)
        case "mark":
            # `&` and `~` combine terminals in llguidance; what they mean does not matter here.
            yield Token("mark", text, line) if text not in "&~" else Token("node", text, line, EMPTY)


def _plain(written: str) -> str:
    found = _WORD.search(written)
    return found.group() if found else written


def _literal(written: str, line: int) -> Node:
    text = unescaped(written.removesuffix("i")[1:-1], line)
    return choice(Literal(text.lower()), Literal(text.upper())) if written.endswith("i") else Literal(text)


def _after_json(text: str, position: int, line: int) -> int:
    try:
        _, end = json.JSONDecoder().raw_decode(text, position)
    except (ValueError, RecursionError):
        return _after_braces(text, position, line)
    return end


def _after_braces(text: str, position: int, line: int) -> int:
    depth = 0
    for found in re.compile(r'"(?:[^"\\]|\\.)*"|[{}]', re.S).finditer(text, position):
        depth += {"{": 1, "}": -1}.get(found.group(), 0)
        if depth == 0:
            return found.end()
    raise fault("a brace is never closed", line)
