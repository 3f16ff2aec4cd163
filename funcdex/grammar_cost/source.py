"""A grammar file of any kind: its notation, its rules, and as Lark for engines that read nothing else."""

from __future__ import annotations

import re

from funcdex.grammar.dialects.lark import render_lark
from funcdex.grammar.ir import Choice, Node, Reference, Repeat, Sequence, Tree
from funcdex.grammar_cost.bnf import read_bnf
from funcdex.grammar_cost.engines import Source
from funcdex.grammar_cost.lark import read_lark
from funcdex.grammar_cost.notation import FOREIGN, Rules


def source_of(text: str) -> Source:
    """The grammar with its form, told by its look, as vLLM does it."""
    if text.lstrip().startswith("{"):
        return Source("structural_tag", text)
    return Source("bnf" if "::=" in text else "lark", text)


def read_rules(source: Source) -> Rules | None:
    """The rules; None for a structural tag, which has none. Raises GrammarError."""
    if source.form == "structural_tag":
        return None
    return read_bnf(source.text) if source.form == "bnf" else read_lark(source.text)


def as_lark(rules: Rules) -> Source | None:
    """Rules in BNF translated into Lark; None if something in them has no translation."""
    names = {rule.name: f"r{n}" for n, rule in enumerate(rules.rules)}
    bodies = {names[rule.name]: _renamed(rule.body, names) for rule in rules.rules}
    known = {name for body in bodies.values() if body is not None for name in _names(body)}
    if None in bodies.values() or not known <= set(bodies):
        return None
    tree = Tree(names[rules.root], {name: body for name, body in bodies.items() if body is not None})
    return Source("lark", render_lark(tree))


def _names(node: Node) -> set[str]:
    return {node.rule} if isinstance(node, Reference) else {n for part in _parts(node) for n in _names(part)}


def _parts(node: Node) -> tuple[Node, ...]:
    match node:
        case Sequence(parts) | Choice(parts):
            return parts
        case Repeat(body):
            return (body,)
    return ()


def _renamed(node: Node, names: dict[str, str]) -> Node | None:
    if node == FOREIGN:
        return None
    if isinstance(node, Reference):
        return Reference(names.get(node.rule, "missing"))
    if isinstance(node, Repeat):
        body = _renamed(node.body, names)
        return None if body is None else Repeat(body, node.least, node.most)
    if isinstance(node, Sequence | Choice):
        inner = [_renamed(part, names) for part in _parts(node)]
        return None if None in inner else type(node)(tuple(part for part in inner if part is not None))
    return node


def rule_count(source: Source, rules: Rules | None) -> int:
    """Rules of a grammar; of a structural tag its parts."""
    return len(rules.rules) if rules else len(re.findall(r'"type"', source.text))
