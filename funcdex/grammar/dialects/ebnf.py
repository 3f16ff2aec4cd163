"""Tree -> EBNF, as every xgrammar reads it: older vLLM, SGLang, TensorRT-LLM.

It is Backus-Naur form with a lookahead at the end of a rule: `(= [,}])` says what can follow it anywhere.
The language stays the same; xgrammar needs it to decide from what it computed once for the rule which of
the thousands of words with a quote in them may come inside a string. So that the quote is the end of the
rule that loops, not of one around it, loops of regions are written as right recursion:

    STRING ::= "\\"" STRING-more (= [,}])
    STRING-more ::= "\\"" | [^"\\\\] STRING-more | "\\\\" ["\\\\/bfnrt] STRING-more (= [,}])
"""

from __future__ import annotations

from funcdex.grammar.dialects.follow import followers
from funcdex.grammar.dialects.notation import bnf_class, bnf_region, bnf_rule
from funcdex.grammar.ir import Chars, Choice, Node, Reference, Region, Repeat, Sequence, Tree, choice, sequence
from funcdex.grammar.regions import pattern


def render_ebnf(tree: Tree) -> str:
    """The grammar's text; its first rule is `root`."""
    rules = [bnf_rule(name, body) for name, body in tree.rules.items()]
    behind = followers(tree)
    regions = [line for region in tree.regions() for line in _region(region, behind[region])]
    return "\n".join([*rules, *regions]) + "\n"


def _region(region: Region, behind: Chars | None) -> list[str]:
    name = bnf_region(region)
    loops: dict[Node, str] = {}
    body = _with_loops_apart(pattern(region, flat=True), name, loops)
    lookahead = "" if behind is None else f" (= {bnf_class(behind)})"
    named = {name: body} | {loop: _recursive(loop, again) for again, loop in loops.items()}
    return [bnf_rule(each, node) + lookahead for each, node in named.items()]


def _with_loops_apart(node: Node, name: str, loops: dict[Node, str]) -> Node:
    """The pattern with each loop over alternatives, and all behind it, replaced by a rule that is added to
    `loops`: behind it, so that it ends where the region does."""
    if isinstance(node, Choice):
        return choice(*(_with_loops_apart(option, name, loops) for option in node.options))
    parts = node.parts if isinstance(node, Sequence) else (node,)
    for place, part in enumerate(parts):
        if isinstance(part, Repeat) and (part.least, part.most) == (0, None):
            rest = sequence(*parts[place:])
            loop = loops.setdefault(rest, f"{name}-more" + (str(len(loops) + 1) if loops else ""))
            return sequence(*parts[:place], Reference(loop))
    return node


def _recursive(name: str, loop: Node) -> Node:
    """The body of the rule `name` that matches a sequence which begins with a loop."""
    parts = loop.parts if isinstance(loop, Sequence) else (loop,)
    again = parts[0]
    assert isinstance(again, Repeat)
    pieces = again.body.options if isinstance(again.body, Choice) else (again.body,)
    return choice(sequence(*parts[1:]), *(sequence(piece, Reference(name)) for piece in pieces))
