"""Reads grammars whose rules are written `name ::= body`: llama.cpp's GBNF and xgrammar's EBNF."""

from __future__ import annotations

import re
from collections.abc import Iterator

from funcdex.grammar.ir import Literal, choice
from funcdex.grammar_cost.characters import NOT_A_BREAK, class_of, unescaped
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

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+|\#[^\n]*|//[^\n]*)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |\[(?P<set>(?:[^\]\\]|\\.)*)\]
    |(?P<macro>(?:TagDispatch|TokenTagDispatch|Token|ExcludeToken)\s*\()
    |(?P<special>!?<[^>\s]{1,80}>)
    |(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)
    |(?P<define>::=)
    |(?P<count>\{[^}\n]{0,40}\})
    |(?P<ahead>\(\s*=)
    |(?P<any>\.)
    |(?P<mark>[()|*+?])""",
    re.X | re.S,
)


def read_bnf(text: str) -> Rules:
    """The rules. Raises GrammarError."""
    check_size(text)
    tokens = list(_tokens(text))
    rules = [
        Rule(name.text, name.line, Expressions(body, {"(": (")", lambda node: node)}).node(name.line))
        for name, body in definitions(tokens, "::=")
    ]
    return Rules("bnf", tuple(rules))


def _tokens(text: str) -> Iterator[Token]:
    position, line = 0, 1
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise fault(f"unexpected {text[position : position + 20]!r}", line)
        end = found.end()
        if found.lastgroup == "macro":
            end = _after_brackets(text, end, line)
            yield Token("node", "macro", line, FOREIGN)
        elif found.lastgroup != "space":
            yield _token(found, line)
        line += text.count("\n", position, end)
        position = end


def _token(found: re.Match[str], line: int) -> Token:
    text = found.group()
    match found.lastgroup:
        case "string":
            return Token("node", text, line, Literal(unescaped(text[1:-1], line)))
        case "set":
            return Token("node", text, line, class_of(found["set"], line))
        case "special":
            return Token("node", text, line, FOREIGN)
        case "any":
            return Token("node", text, line, choice(NOT_A_BREAK, Literal("\n")))
        case "name":
            return Token("name", text, line)
        case "count":
            return Token("count", text, line, counts=counts_of(text, line))
        case "ahead":
            return Token("lookahead", text, line)
    return Token("mark", text, line)


def _after_brackets(text: str, position: int, line: int) -> int:
    depth = 1
    for found in re.compile(r'"(?:[^"\\]|\\.)*"|[()]', re.S).finditer(text, position):
        depth += {"(": 1, ")": -1}.get(found.group(), 0)
        if depth == 0:
            return found.end()
    raise fault("a macro is never closed", line)
