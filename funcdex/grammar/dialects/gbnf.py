"""Tree -> GBNF, as llama.cpp reads it: no `_` in rule names, no lookahead, every region a rule.

llama.cpp follows each alternative by itself, so a region's alternatives share their beginnings.
"""

from __future__ import annotations

from funcdex.grammar.dialects.notation import bnf_region, bnf_rule
from funcdex.grammar.ir import Tree
from funcdex.grammar.regions import pattern


def render_gbnf(tree: Tree) -> str:
    """The grammar's text; its first rule is `root`."""
    rules = [bnf_rule(name, body) for name, body in tree.rules.items()]
    regions = [bnf_rule(bnf_region(region), pattern(region, flat=False)) for region in tree.regions()]
    return "\n".join([*rules, *regions]) + "\n"
