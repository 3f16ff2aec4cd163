"""The grammar of a whole conversation in dialog markup, and that of a single JSON value.

The language is what `funcdex.dml.write` writes, to the byte, with a few texts and numbers left out
(`regions.py`). Calls and messages of a turn repeat in loops without an upper bound: counting them would
multiply the states of every engine, and `max_tokens` ends an answer that gets lost anyhow. User turns are
counted.

tool_parts.py: the JSON of calls and responses. steps.py: calls and their responses. turns.py: messages and
turns. owing.py: the same while obligations are open. opening.py: a beginning that is given.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from funcdex.dml.checks import Calls, ErrorResponses
from funcdex.errors import GrammarError
from funcdex.grammar.ir import Literal, Node, Text, sequence
from funcdex.grammar.json_rules import JsonRules
from funcdex.grammar.json_schema import read_schema
from funcdex.grammar.obligations import owed_at_start
from funcdex.grammar.opening import opening_text
from funcdex.grammar.owing import owing
from funcdex.grammar.rules import RuleBook
from funcdex.grammar.steps import any_step
from funcdex.grammar.tool_parts import tool_parts
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.grammar.turns import turns_of
from funcdex.types.conversation import Turn
from funcdex.types.level import Level
from funcdex.types.tools import JsonSchema, Tool


def conversation_grammar(
    tools: Sequence[Tool],
    *,
    thoughts: bool,
    parallel_calls: bool,
    min_user_turns: int,
    max_user_turns: int,
    level: Level,
    must_call: Collection[str] = (),
    calls: Calls = "free",
    error_responses: ErrorResponses = "none",
    opening: str | None = None,
    before: Sequence[Turn] = (),
) -> TreeGrammar:
    """Conversations with these tools. The same set of tools gives the same grammar, whatever its order.

    `level`: `markup` fixes tags and turns; `names` also which tools are called; `schema` also the arguments
    (by the tool's schema) and the response (by that of the tool called; any object where it is `{}`).
    Rejected by `schema`: an argument of a wrong type; by `schema` and `names`: the name of no tool. `exact`
    is `schema`, and rejects as well what that leaves to a check afterwards, as a text beyond its maxLength,
    and with it some that is valid (see `json_schema`).

    `min_user_turns`, `max_user_turns`: accepted with 1 and 1, without thoughts:
    `</user>\\nHi\\n</assistant>\\nHello`. Rejected with any: a turn that ends with `</tool_response>`, an
    empty message that calls nothing.

    `thoughts`: each assistant message has one. Accepted: `...\\n<assistant_thought>Hm.</assistant_thought>\\n
    </assistant>\\nHello`. Rejected: `</assistant>` without a thought before it, or, with thoughts off, a
    thought.

    `parallel_calls`: a step may hold 2 or 3 calls and then as many responses. Accepted: `<tool>..</tool>\\n
    <tool>..</tool>\\n<tool_response>..</tool_response>\\n<tool_response>..</tool_response>`, each response of
    any of the tools: verification looks at which goes with which. Rejected: four calls, two calls with one
    response.

    `must_call`: tools each of which is called at least once, in any order and turn, at most 5. With `["A",
    "B"]`: accepted if somewhere there is a call of B and one of A, perhaps in one step; rejected: a
    conversation that ends after calls of A alone.

    `calls`: `none`: the tools are shown and not called, so all tools have one grammar; `required`: at least
    once. Rejected by `none`: any `<tool>`; by `required`: `</user>\\nHi\\n</assistant>\\nHello`.

    `error_responses`: `none`: responses are what the tools' schemas have where all is well; `allowed`: any
    may be an error instead; `required`: at least one is. An error is of the form that the tool's schema
    describes, else `{"error": {"code": 404, "message": "No such mail."}}` (`funcdex.types.error_response`).
    Rejected with `allowed`: `{"error": {"code": 42, "message": ""}}`; with `required` also a conversation
    where all goes well; with `none` any error that the schema tells apart.

    `opening`: what the user says first. With `"a < b"`: accepted `</user>\\na < b\\n</assistant>...`,
    rejected any other text there. `before`: whole turns that come before that, as they are; they count as
    user turns, and their calls and errors as called and failed. Neither is held to what the regions of text
    allow.

    Raises GrammarError, also UnsupportedSchema.
    """
    _refuse_bounds(min_user_turns, max_user_turns)
    if before and opening is None:
        raise GrammarError(
            "turns are given, and not what the user says after them",
            where="before without opening",
            fix="Give the user message that follows as `opening`.",
        )
    owed = owed_at_start(
        tools,
        must_call=must_call,
        calls=calls,
        error_responses=error_responses,
        level=level,
        max_user_turns=max_user_turns,
    )
    book = RuleBook()
    callable_tools = () if calls == "none" else tools
    parts, relaxed = tool_parts(callable_tools, level, book, errors=error_responses != "none")
    step = any_step(parts, parallel_calls, book) if parts else None
    turns = turns_of(step, thoughts=thoughts, least=min_user_turns, most=max_user_turns, book=book)
    if opening is None and not owed:
        return TreeGrammar(book.tree(sequence(Literal("</user>\n"), turns.all())), relaxed)
    asked: Node = sequence(Literal("</user>\n"), Text("line"))
    if opening is not None:
        asked = opening_text(
            before,
            opening,
            thoughts=thoughts,
            parallel_calls=parallel_calls,
            calls=calls,
            max_user_turns=max_user_turns,
        )
    left, turn = owed.after_turns(before), len(before) + 1
    answered = owing(left, turn, parts=parts, turns=turns, parallel_calls=parallel_calls, book=book)
    return TreeGrammar(book.tree(sequence(asked, turns.speaker, answered)), relaxed)


def json_grammar(schema: JsonSchema, *, exact: bool = False) -> TreeGrammar:
    """One JSON value that fits the schema, on one line, as `json.dumps(value, ensure_ascii=False)` writes it.

    `exact` as in `read_schema`. Raises UnsupportedSchema.
    """
    reading = read_schema(schema, where="schema of a JSON answer", exact=exact)
    book = RuleBook()
    return TreeGrammar(book.tree(JsonRules(book).node(reading.shape, "answer")), reading.relaxed)


def _refuse_bounds(least: int, most: int) -> None:
    if not 1 <= least <= most:
        raise GrammarError(
            "a conversation has from min_user_turns to max_user_turns turns, and at least one",
            where=f"min_user_turns {least}, max_user_turns {most}",
            fix="Set 1 <= min_user_turns <= max_user_turns.",
        )
