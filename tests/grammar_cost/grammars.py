"""Grammars and vocabularies that the tests of this folder share."""

from __future__ import annotations

from pathlib import Path

from funcdex.grammar.conversation import conversation_grammar
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.grammar_cost.talk import TalkForm
from funcdex.grammar_cost.vocabulary import Vocabulary
from funcdex.types.level import Level
from funcdex.types.tools import Tool

PREDECESSOR_STYLE = Path(__file__).parents[2] / "bench" / "grammars" / "predecessor_style.gbnf"

BYTES = Vocabulary("bytes", (*(bytes([value]) for value in range(256)), b"<|end|>"))

TOOLS = (
    Tool(
        "mail",
        "SEND",
        "Send.",
        {
            "type": "object",
            "properties": {"to": {"type": "string"}, "copies": {"type": "integer", "minimum": 1}},
            "required": ["to"],
        },
        {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
    ),
    Tool("mail", "LIST", "List.", {"type": "object", "properties": {"unread": {"type": "boolean"}}}),
)


def grammar_for(form: TalkForm, level: Level = "schema", tools: tuple[Tool, ...] = TOOLS) -> TreeGrammar:
    """The grammar that conversations of a form are in."""
    return conversation_grammar(
        tools,
        thoughts=form.thoughts,
        parallel_calls=form.parallel_calls,
        min_user_turns=1,
        max_user_turns=form.turns,
        level=level,
    )
