"""What makes a grammar slow or unusable, told by its look: each finding with its place and a way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from funcdex.grammar.ir import Chars, Choice, Literal, Node, Reference, Repeat, Sequence, walk
from funcdex.grammar_cost.notation import Rule, Rules
from funcdex.grammar_cost.shape import Grammar

LARGE_COUNT = 100
"""Counted repetitions from here on multiply states; our own go to 20 digits and 50 items."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind` is a fixed word for scripts, `line` counts from 1; the rest is for people."""

    kind: str
    rule: str
    line: int
    what: str
    why: str
    instead: str


def lint(rules: Rules) -> tuple[Finding, ...]:
    """All findings, in the order of the rules."""
    grammar = Grammar(rules)
    looks: tuple[Callable[[Grammar, Rule], Iterator[Finding]], ...] = (
        _undefined,
        _unused,
        _left_recursion,
        _white_space,
        _one_by_one,
        _counters,
        _nullable_loops,
        _nested_quantifiers,
        _names,
    )
    found = [finding for rule in rules.rules for look in looks for finding in look(grammar, rule)]
    return tuple(dict.fromkeys(found))


def _finding(kind: str, rule: Rule, what: str) -> Finding:
    why, instead = _ADVICE[kind]
    return Finding(kind, rule.name, rule.line, what, why, instead)


def _undefined(grammar: Grammar, rule: Rule) -> Iterator[Finding]:
    for node in walk(rule.body):
        if isinstance(node, Reference) and not grammar.knows(node.rule):
            yield _finding("undefined", rule, f"refers to {node.rule}, which is not defined")


def _unused(grammar: Grammar, rule: Rule) -> Iterator[Finding]:
    if rule.name not in grammar.reachable:
        yield _finding("unused", rule, f"is never reached from {grammar.root}")


def _left_recursion(grammar: Grammar, rule: Rule) -> Iterator[Finding]:
    if rule.name in grammar.left_recursive:
        yield _finding("left-recursion", rule, "can begin with itself")


def _white_space(grammar: Grammar, rule: Rule) -> Iterator[Finding]:
    for node in walk(rule.body):
        if isinstance(node, Repeat) and node.most is None and grammar.is_white(node.body):
            yield _finding("white-space", rule, "repeats white space without a bound")
    if grammar.is_white(rule.body) and any(_tails(rule.body, rule.name)):
        yield _finding("white-space", rule, "calls itself for more white space, without a bound")


def _one_by_one(grammar: Grammar, rule: Rule) -> Iterator[Finding]:
    if grammar.is_white(rule.body) or _brings_its_end(grammar, rule):
        return
    for before in _tails(rule.body, rule.name):
        if before and all(grammar.is_short(part) for part in before):
            yield _finding("one-by-one", rule, "takes a character or two and calls itself for the rest")


def _brings_its_end(grammar: Grammar, rule: Rule) -> bool:
    """Whether each way out of the recursion is a literal, such as the closing quote: then xgrammar knows the
    end from the rule alone, and is quick."""
    options = rule.body.options if isinstance(rule.body, Choice) else (rule.body,)
    ends = [option for option in options if not any(_tails(option, rule.name))]
    literal = all(isinstance(option, Literal) and option.text for option in ends)
    return grammar.notation == "bnf" and bool(ends) and literal


def _counters(grammar: Grammar, rule: Rule) -> Iterator[Finding]:
    for node in walk(rule.body):
        if isinstance(node, Repeat) and max(node.least, node.most or 0) >= LARGE_COUNT:
            bounds = f"{{{node.least},{'' if node.most is None else node.most}}}"
            yield _finding("counter", rule, f"counts {bounds}")


def _nullable_loops(grammar: Grammar, rule: Rule) -> Iterator[Finding]:
    for node in walk(rule.body):
        if isinstance(node, Repeat) and node.most != 1 and grammar.is_nullable(node.body):
            yield _finding("nullable-loop", rule, "repeats something that may be empty")


def _nested_quantifiers(grammar: Grammar, rule: Rule) -> Iterator[Finding]:
    for node in walk(rule.body):
        if not isinstance(node, Repeat) or node.most is not None:
            continue
        inner = list(walk(node.body))
        # A loop over references is one of whole lexemes; the trap is in loops that go character by character.
        plain = not any(isinstance(part, Reference) for part in inner)
        if plain and any(map(grammar.is_broad, inner)) and any(map(_opaque, inner)):
            yield _finding("nested-quantifier", rule, "repeats text in a loop that holds another repetition")


def _opaque(node: Node) -> bool:
    """Whether xgrammar makes it a rule of its own; it does so with every repetition but `[...]*`."""
    return isinstance(node, Repeat) and not (
        isinstance(node.body, Chars) and node.least == 0 and node.most is None
    )


def _names(grammar: Grammar, rule: Rule) -> Iterator[Finding]:
    if grammar.notation == "bnf" and "_" in rule.name:
        yield _finding("underscore", rule, "has a _ in its name")


def _tails(node: Node, name: str) -> Iterator[tuple[Node, ...]]:
    """What stands before a reference to `name` at the end of each option."""
    match node:
        case Reference(rule) if rule == name:
            yield ()
        case Choice(options):
            for option in options:
                yield from _tails(option, name)
        case Sequence(parts):
            for before in _tails(parts[-1], name):
                yield (*parts[:-1], *before)
        case Repeat(body, _, 1):
            yield from _tails(body, name)


_ADVICE = {
    "undefined": (
        "servers refuse the grammar, or ignore it and generate freely",
        "define the rule, or correct the name",
    ),
    "unused": (
        "it is compiled for nothing, and often a sign of a misspelt name",
        "remove it, or refer to it",
    ),
    "left-recursion": (
        "llama.cpp refuses it, and other engines walk in circles at each token",
        "write the repetition as a loop: item (separator item)*",
    ),
    "white-space": (
        "a model that loses its way writes white space until its token limit",
        "give a bound, such as [ \\n]? or two line breaks, or fix the separators: ', ' and ': '",
    ),
    "one-by-one": (
        "the engine goes one level deeper with each character; masks cost milliseconds and can grow",
        'write a loop in one rule, [^"\\\\]*, and end it with what follows, such as the quote',
    ),
    "counter": (
        "each count is a state of its own: compiling and masks grow with the bound",
        "leave the loop open (*) and bound the answer by max_tokens, or check the length afterwards",
    ),
    "nullable-loop": (
        "there is no end to the ways of matching nothing; engines refuse it or walk all of them",
        "let the body take at least one character, or drop the outer repetition",
    ),
    "nested-quantifier": (
        "xgrammar makes the inner repetition a rule that its mask cache cannot see through: "
        "about 500 times dearer",
        "write it out as plain alternatives, (x|ax|aax)* for (a{0,2}x)*; [...]* alone does no harm",
    ),
    "underscore": ("llama.cpp refuses such names; xgrammar reads them", "write - instead of _"),
}
