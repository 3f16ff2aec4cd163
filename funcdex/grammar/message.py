"""The grammar of one message of the assistant, for a conversation that is written turn by turn.

A message either speaks, which ends the turn, or calls: then it stops behind its last call, and what the tools
answer is somebody else's to write. The language is that of whole conversations, cut at these places.
"""

from __future__ import annotations

from collections.abc import Sequence

from funcdex.grammar.ir import Literal, Node, Repeat, Text, choice, sequence
from funcdex.grammar.rules import RuleBook
from funcdex.grammar.tool_parts import tool_parts
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.grammar.turns import CALL, CALL_AT_ONCE, turns_of
from funcdex.types.level import Level
from funcdex.types.tools import Tool

MOST_CALLS_AT_ONCE = 3
_CALLED = Literal("</tool>")
_CALL_ALSO = Literal("\n<tool>")


def message_grammar(
    tools: Sequence[Tool], *, thoughts: bool, parallel_calls: bool, level: Level
) -> TreeGrammar:
    """One message, `thoughts`, `parallel_calls` and `level` as in `conversation_grammar`.

    Accepted, without thoughts: `</assistant>\\nIt is done.`; `</assistant>\\nLet me look.\\n<tool>{"name":
    "A", "arguments": {}}</tool>`; the same without the words. Rejected: `</assistant>\\n`, words after a
    call, a `<tool_response>`, a second call unless `parallel_calls`, and then a fourth.

    Raises GrammarError, also UnsupportedSchema.
    """
    book = RuleBook()
    parts, relaxed = tool_parts(tools, level, book)
    speaker = turns_of(None, thoughts=thoughts, least=1, most=1, book=book).speaker
    options: list[Node] = [Text("end")]
    if parts:
        call = book.add("any-call", choice(*(part.call for part in parts)))
        others = Repeat(sequence(_CALL_ALSO, call, _CALLED), 0, MOST_CALLS_AT_ONCE - 1)
        calls = book.add("calls", sequence(call, _CALLED, *((others,) if parallel_calls else ())))
        options += sequence(Text("line"), CALL, calls), sequence(CALL_AT_ONCE, calls)
    return TreeGrammar(book.tree(sequence(Literal("<"), speaker, choice(*options))), relaxed)
