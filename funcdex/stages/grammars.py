"""The grammars of a run: built and read here before any server sees them, and few of them."""

from __future__ import annotations

from collections.abc import Sequence

from funcdex.grammar.conversation import conversation_grammar
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.off_loop import off_loop
from funcdex.settings.tree import GenerationSettings, Settings
from funcdex.types.conversation import JsonValue
from funcdex.types.tools import Tool


async def conversation_grammar_of(tools: Sequence[Tool], settings: Settings) -> TreeGrammar:
    """The grammar that a conversation with these tools is written under. Raises GrammarError."""
    return await off_loop(grammar_of, tools, settings.generation)


def grammar_of(tools: Sequence[Tool], generation: GenerationSettings) -> TreeGrammar:
    """The same, not yet read by any matcher."""
    return conversation_grammar(
        tools,
        thoughts=generation.thoughts,
        parallel_calls=generation.parallel_calls,
        min_user_turns=generation.min_user_turns,
        max_user_turns=generation.max_user_turns,
        level=generation.level,
    )


def grammar_note(grammar: TreeGrammar) -> dict[str, JsonValue]:
    """What a record says of its grammar."""
    return {"key": grammar.key, "relaxed": [f"{lost.path}: {lost.keyword}" for lost in grammar.relaxed]}
