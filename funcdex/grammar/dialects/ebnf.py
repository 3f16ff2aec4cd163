"""Tree -> EBNF, as every xgrammar reads it: vLLM of any age, SGLang, TensorRT-LLM.

It is Backus-Naur form with a lookahead at the end of a rule: `(= [,}])` says what can follow it anywhere.
The language stays the same; xgrammar needs it to decide from what it computed once for the rule which of
the thousands of words with a quote in them may come inside a string. So that the quote is the end of the
rule that loops, not of one around it, a string's loop is written as right recursion:

    STRING ::= "\\"" STRING-more (= [,}])
    STRING-more ::= "\\"" | [^"\\\\] STRING-more | "\\\\" ["\\\\/bfnrt] STRING-more (= [,}])
"""

from __future__ import annotations

from funcdex.grammar.dialects.follow import can_be_empty, followers
from funcdex.grammar.dialects.notation import bnf_class, bnf_region, bnf_rule
from funcdex.grammar.ir import (
    Chars,
    Choice,
    Node,
    Reference,
    Region,
    Repeat,
    Sequence,
    Text,
    Tree,
    choice,
    sequence,
)
from funcdex.grammar.regions import pattern


def render_ebnf(tree: Tree) -> str:
    """The grammar's text; its first rule is `root`."""
    rules = [bnf_rule(name, body) for name, body in tree.rules.items()]
    behind = followers(tree)
    regions = [line for region in tree.regions() for line in _region(region, behind[region])]
    return "\n".join([*rules, *regions]) + "\n"


def _region(region: Region, behind: Chars | None) -> list[str]:
    name, body = bnf_region(region), pattern(region, flat=True)
    # Few words hold the end of a text, so nothing is gained there, and compiling takes half as long again.
    rules = {name: body} if isinstance(region, Text) else _recursive(name, body)
    lookahead = "" if behind is None else f" (= {bnf_class(behind)})"
    return [bnf_rule(each, node) + lookahead for each, node in rules.items()]


def _recursive(name: str, body: Node) -> dict[str, Node]:
    """The rules for a pattern whose loops without end have become rules."""
    loops: dict[Node, str] = {}
    rules = {name: _with_loops_apart(body, name, loops)}
    return rules | {loop: _loop(loop, parts) for parts, loop in loops.items()}


def _with_loops_apart(node: Node, name: str, loops: dict[Node, str]) -> Node:
    """The pattern with each loop, together with all behind it, replaced by a rule, added to `loops`."""
    if isinstance(node, Choice):
        return choice(*(_with_loops_apart(option, name, loops) for option in node.options))
    parts = _parts(node)
    for place, part in enumerate(parts):
        if isinstance(part, Repeat) and _becomes_recursion(part):
            rest = sequence(*parts[place:])
            loop = loops.setdefault(rest, f"{name}-more{len(loops) or ''}")
            return sequence(*parts[:place], Reference(loop))
    return node


def _becomes_recursion(loop: Repeat) -> bool:
    # With a body that can be empty the rule would begin with itself.
    return (loop.least, loop.most) == (0, None) and not can_be_empty(loop.body)


def _loop(name: str, node: Node) -> Node:
    """The body of the rule `name` for a sequence that begins with a loop."""
    again, *rest = _parts(node)
    assert isinstance(again, Repeat)
    pieces = again.body.options if isinstance(again.body, Choice) else (again.body,)
    return choice(sequence(*rest), *(sequence(piece, Reference(name)) for piece in pieces))


def _parts(node: Node) -> tuple[Node, ...]:
    return node.parts if isinstance(node, Sequence) else (node,)
