"""The grammar of a whole conversation in dialog markup, and that of a single JSON value.

The language is what `funcdex.dml.write` writes, to the byte, with a few texts and numbers left out
(`regions.py`). Where a text is followed by a tag, the text region swallows the `<` of that tag, because an
engine that cuts its input into lexemes cannot step back over it: the rules go on behind it, `/user>`. So a
rule whose name ends in `-open` ends right after such a `<`.

Calls and messages of a turn repeat in loops without an upper bound: counting them would multiply the states
of every engine, and `max_tokens` ends an answer that gets lost anyhow. User turns are counted.
"""

from __future__ import annotations

from collections.abc import Sequence

from funcdex.errors import GrammarError
from funcdex.grammar.ir import EMPTY, Literal, Node, Reference, Repeat, Text, choice, optional, sequence
from funcdex.grammar.json_rules import JsonRules
from funcdex.grammar.json_schema import read_schema
from funcdex.grammar.rules import RuleBook
from funcdex.grammar.tool_parts import Level, ToolParts, tool_parts
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.types.tools import JsonSchema, Tool

_USER = Literal("/user>\n")
_CALL = Literal("tool>")


def conversation_grammar(
    tools: Sequence[Tool],
    *,
    thoughts: bool,
    parallel_calls: bool,
    min_user_turns: int,
    max_user_turns: int,
    level: Level,
) -> TreeGrammar:
    """Conversations with these tools. The same set of tools gives the same grammar, whatever its order.

    `markup` fixes tags and turns; `names` also which tools are called; `schema` also the arguments (by the
    tool's schema) and the response (by that of the tool called; any object where it is `{}`). With
    `parallel_calls` a step may hold 2 or 3 calls and then as many responses, each of which may be a
    response of any of the tools: to say which goes with which would take the square or cube of the rules,
    so verification looks at it afterwards.

    Accepted with one turn and without thoughts: `</user>\\nHi\\n</assistant>\\nHello`. Rejected: a turn that
    ends with `</tool_response>`, a thought that is missing, an empty message that calls nothing.

    Raises GrammarError, also UnsupportedSchema.
    """
    if not 1 <= min_user_turns <= max_user_turns:
        raise GrammarError(
            "a conversation has from min_user_turns to max_user_turns turns, and at least one",
            where=f"min_user_turns {min_user_turns}, max_user_turns {max_user_turns}",
            fix="Set 1 <= min_user_turns <= max_user_turns.",
        )
    book = RuleBook()
    parts, relaxed = tool_parts(tools, level, book)
    steps = _steps(parts, parallel_calls, book) if parts else None
    turn = book.add("turn-open", _turn(steps, thoughts, book))
    others = Repeat(sequence(turn, Text("line"), _USER), min_user_turns - 1, max_user_turns - 1)
    middle = EMPTY if max_user_turns == 1 else others
    root = sequence(Literal("</user>\n"), middle, turn, Text("end"))
    return TreeGrammar(book.tree(root), relaxed)


def json_grammar(schema: JsonSchema) -> TreeGrammar:
    """One JSON value that fits the schema, on one line, as `json.dumps(value, ensure_ascii=False)` writes it.

    Raises UnsupportedSchema.
    """
    reading = read_schema(schema, where="schema of a JSON answer")
    book = RuleBook()
    return TreeGrammar(book.tree(JsonRules(book).node(reading.shape, "answer")), reading.relaxed)


def _turn(steps: Node | None, thoughts: bool, book: RuleBook) -> Node:
    """A user's text and all up to the last message of the turn, whose words follow."""
    thought = sequence(
        Literal("assistant_thought>"), Text("tag"), Literal("/assistant_thought>\n</assistant>\n")
    )
    speaker = thought if thoughts else Literal("/assistant>\n")
    asked = sequence(Text("line"), speaker)
    if steps is None:
        return asked
    worded = sequence(Text("line"), _CALL, steps, speaker)
    wordless = sequence(Literal("<tool>"), steps, speaker)
    either = choice(worded, wordless)
    if thoughts:
        return sequence(asked, Repeat(book.add("calling-message", either), 0, None))
    # Calls that follow a response without a word belong to the same message, so only the first may be silent.
    more = Repeat(book.add("later-message", worded), 0, None)
    return sequence(asked, optional(sequence(book.add("first-message", either), more)))


def _steps(parts: Sequence[ToolParts], parallel_calls: bool, book: RuleBook) -> Reference:
    """One or more steps, from behind the first `<tool>` to behind the `<` after the last response."""
    other_calls = _other_calls(parts, book) if parallel_calls else None
    options: list[Node] = []
    for part in parts:
        single = sequence(Literal("_response>"), part.response, Literal("</tool_response>\n<"))
        rest = single if other_calls is None else choice(single, other_calls)
        step = sequence(part.call, Literal("</tool>\n<tool"), rest)
        options.append(book.add(f"{part.hint}-step", step))
    step = book.add("step-open", choice(*options))
    return book.add("steps-open", sequence(step, Repeat(sequence(_CALL, step), 0, None)))


def _other_calls(parts: Sequence[ToolParts], book: RuleBook) -> Reference:
    """The rest of a parallel step after `<tool` of its second call: one or two calls, then all responses."""
    call = book.add("any-call", choice(*(part.call for part in parts)))
    response = book.add("any-response", choice(*(part.response for part in parts)))
    begin, following = Literal("_response>"), Literal("</tool_response>\n<tool_response>")
    two = sequence(response, following, response, Literal("</tool_response>\n<"))
    three = sequence(response, following, two)
    third = sequence(Literal(">"), call, Literal("</tool>\n<tool_response>"), three)
    body = sequence(Literal(">"), call, Literal("</tool>\n<tool"), choice(sequence(begin, two), third))
    return book.add("parallel-open", body)
