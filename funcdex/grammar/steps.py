"""One step: a call and its response, or two or three calls and then as many responses.

Rules begin behind a `<tool>` and end behind the `<` after the last response. In a step of several calls any
response may be a response of any of the tools: to say which goes with which would take the square or cube of
the rules.
"""

from __future__ import annotations

from collections.abc import Sequence

from funcdex.grammar.ir import Literal, Node, Reference, choice, sequence
from funcdex.grammar.rules import RuleBook
from funcdex.grammar.tool_parts import ToolParts

CALLED = Literal("</tool>\n<tool")
"""Between a call and what follows it, which `RESPOND` and `CALL_ALSO` tell apart."""
RESPOND = Literal("_response>")
CALL_ALSO = Literal(">")
LAST_CALLED = Literal("</tool>\n<tool_response>")
RESPONDED = Literal("</tool_response>\n<")
_RESPOND_ALSO = Literal("</tool_response>\n<tool_response>")


def any_step(parts: Sequence[ToolParts], parallel_calls: bool, book: RuleBook) -> Reference:
    """A step with any of the tools. At least one of them."""
    other_calls = _other_calls(parts, book) if parallel_calls else None
    options: list[Node] = []
    for part in parts:
        single = sequence(RESPOND, part.response, RESPONDED)
        rest = single if other_calls is None else choice(single, other_calls)
        options.append(book.add(f"{part.name}-step", sequence(part.call, CALLED, rest)))
    return book.add("step-open", choice(*options))


def single_step(part: ToolParts, response: Node) -> Node:
    """A call and its one response."""
    return sequence(part.call, CALLED, RESPOND, response, RESPONDED)


def responses(*each: Node) -> Node:
    """These responses one after another, from behind the first `<tool_response>`."""
    first, *others = each
    return sequence(first, *(sequence(_RESPOND_ALSO, other) for other in others), RESPONDED)


def any_response(parts: Sequence[ToolParts], book: RuleBook) -> Reference:
    """A response that some tool may give."""
    return book.add("any-response", choice(*(part.response for part in parts)))


def _other_calls(parts: Sequence[ToolParts], book: RuleBook) -> Reference:
    """The rest of a parallel step after `<tool` of its second call: one or two calls, then all responses."""
    call = book.add("any-call", choice(*(part.call for part in parts)))
    response = any_response(parts, book)
    two = sequence(RESPOND, responses(response, response))
    third = sequence(CALL_ALSO, call, LAST_CALLED, responses(response, response, response))
    return book.add("parallel-open", sequence(CALL_ALSO, call, CALLED, choice(two, third)))
