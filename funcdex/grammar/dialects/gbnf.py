"""Tree -> GBNF, as llama.cpp reads it: no `_` in rule names, no lookahead, every region a rule.

llama.cpp follows each alternative by itself, so alternatives share their beginnings (`factoring.py`). Where
it looks at its whole vocabulary, it tries each word with the last alternative first, and with the one before
only what that refuses: so what most words can begin with stands last.
"""

from __future__ import annotations

from funcdex.grammar.dialects.factoring import factored
from funcdex.grammar.dialects.notation import bnf_region, bnf_rule
from funcdex.grammar.ir import Choice, Node, Reference, Region, Repeat, Sequence, Tree
from funcdex.grammar.regions import pattern


def render_gbnf(tree: Tree) -> str:
    """The grammar's text; its first rule is `root`."""
    rules = {name: _without_regions(body) for name, body in tree.rules.items()}
    regions = {bnf_region(region): pattern(region, flat=False) for region in tree.regions()}
    shared = factored(Tree(tree.root, rules | regions))
    return "\n".join(bnf_rule(name, body) for name, body in shared.rules.items()) + "\n"


def _without_regions(node: Node) -> Node:
    match node:
        case Sequence(parts):
            return Sequence(tuple(map(_without_regions, parts)))
        case Choice(options):
            return Choice(tuple(map(_without_regions, options)))
        case Repeat(body, least, most):
            return Repeat(_without_regions(body), least, most)
        case _:
            return Reference(bnf_region(node)) if isinstance(node, Region) else node
