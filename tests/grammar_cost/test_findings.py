"""What is costly in a grammar is found, with its line; our own grammars have nothing of it."""

from __future__ import annotations

from typing import get_args

import pytest

from funcdex.grammar.examples import samples
from funcdex.grammar_cost.lint import lint
from funcdex.grammar_cost.report import look_at
from funcdex.grammar_cost.source import read_rules, source_of
from funcdex.types.request import Dialect
from grammar_cost.grammars import PREDECESSOR_STYLE


def found(text: str) -> set[tuple[str, str, int]]:
    rules = read_rules(source_of(text))
    assert rules is not None
    return {(each.kind, each.rule, each.line) for each in lint(rules)}


@pytest.mark.parametrize("dialect", get_args(Dialect))
def test_nothing_is_found_in_our_own_grammars(dialect: Dialect) -> None:
    for name, text in samples(dialect).items():
        rules, findings = look_at(source_of(text))
        assert findings == (), name
        assert rules is not None or dialect == "structural_tag"


def test_a_grammar_of_the_predecessors_style_is_found_costly() -> None:
    kinds = {(kind, rule) for kind, rule, _ in found(PREDECESSOR_STYLE.read_text("utf-8"))}
    assert {("white-space", "ws"), ("one-by-one", "characters"), ("one-by-one", "more-words")} <= kinds


BNF = [
    ('root ::= "a" ws\nws ::= [ \\t\\n]*', ("white-space", "ws", 2)),
    ('root ::= "a" ( " " | "\\n" )+ "b"', ("white-space", "root", 1)),
    ('root ::= "a" ws\nws ::= " " ws | ""', ("white-space", "ws", 2)),
    ('root ::= "a" ws\nws ::= blank ws | ""\nblank ::= [ \\n]', ("white-space", "ws", 2)),
    ('root ::= "\\"" x "\\""\nx ::= [^"] x | ""', ("one-by-one", "x", 2)),
    ('root ::= x\nx ::= c x | c\nc ::= [^"\\\\] | "\\\\" ["\\\\n]', ("one-by-one", "x", 2)),
    ("root ::= [a-z]{1,500}", ("counter", "root", 1)),
    ("root ::= [a-z]{300,}", ("counter", "root", 1)),
    ('root ::= ("a"? "b"*)*', ("nullable-loop", "root", 1)),
    ('root ::= maybe+\nmaybe ::= "a" | ""', ("nullable-loop", "root", 1)),
    ('root ::= root "a" | "b"', ("left-recursion", "root", 1)),
    ('root ::= a\na ::= b? c "x"\nb ::= "b"\nc ::= a | "c"', ("left-recursion", "c", 4)),
    ('root ::= "a" missing', ("undefined", "root", 1)),
    ('# first\n\nroot ::= "a"\nlonely ::= "b"', ("unused", "lonely", 4)),
    ('root ::= ([^<] | "<"+ [^/])*', ("nested-quantifier", "root", 1)),
    ("root ::= ([ \\n]{0,3} [^ \\n])*", ("nested-quantifier", "root", 1)),
    ("root ::= ([^a]+ [a])*", ("nested-quantifier", "root", 1)),
    ('root ::= my_rule\nmy_rule ::= "a"', ("underscore", "my_rule", 2)),
]
LARK = [
    ('start: "a" WS\nWS: /[ \\n]+/', ("white-space", "WS", 2)),
    ('start: "a" ws?\nws: " " ws | " "', ("white-space", "ws", 2)),
    ("start: T\nT: /([^<]|<+[^a])*/", ("nested-quantifier", "T", 2)),
    ("start: T\nT: /a{200}/", ("counter", "T", 2)),
    ("start: T ~ 1..200\nT: /a/", ("counter", "start", 1)),
    ("start: T\nT: /(a?)*/", ("nullable-loop", "T", 2)),
    ('// note\n?start: start "a" | "b"', ("left-recursion", "start", 2)),
    ('start: a\nb: "b"', ("undefined", "start", 1)),
    ('start: "a"\nb: "b"', ("unused", "b", 2)),
    ('start: "\\"" x "\\""\nx: /[^"]/ x\n  | ""', ("one-by-one", "x", 2)),
]


@pytest.mark.parametrize(("text", "expected"), [*BNF, *LARK], ids=lambda case: str(case)[:60])
def test_each_kind_is_found_where_it_is(text: str, expected: tuple[str, str, int]) -> None:
    assert expected in found(text)


@pytest.mark.parametrize(
    "text",
    [
        'root ::= "\\"" more\nmore ::= "\\"" | [^"] more (= [,}])',
        'root ::= item (", " item)*\nitem ::= [^"]* "\\""',
        'root ::= "a" [ \\n]? "b"',
        'root ::= (line "\\n")*\nline ::= [^\\n]+',
        'root ::= ([^\\n] | "\\n" [^\\n]* [^\\n])*',
        'root ::= turn more\nmore ::= turn more | ""\nturn ::= "a" [^b]* "b"',
        'root ::= "\\"" [^"]{0,20} "\\"" (= [,}])',
        'root ::= TagDispatch(("<a>", b), stop_eos=true)',
        'start: "a" x["b"] y\nx: "x"\ny: %json {"type": "object"}',
        'start: a+ "b"i "a".."z"\na[suffix="<"]: /[^<]+/ | B\nB.2: /x/i\n%import common.C\n%ignore /\\n/',
        "start: C\n%import common.C",
    ],
)
def test_nothing_is_found_in_what_does_no_harm(text: str) -> None:
    assert found(text) == set()


def test_every_finding_says_why_and_what_to_write_instead() -> None:
    rules = read_rules(source_of(PREDECESSOR_STYLE.read_text("utf-8")))
    assert rules is not None
    assert all(each.what and each.why and each.instead for each in lint(rules))
