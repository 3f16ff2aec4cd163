"""Grammars of two small tools, for people to read: `python -m funcdex.grammar.examples` writes `grammars/`.

The files show what a server is sent. A test keeps them current.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from funcdex.data import data_dir
from funcdex.grammar.conversation import conversation_grammar, json_grammar
from funcdex.grammar.tool_parts import Level
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.types.request import Dialect
from funcdex.types.tools import Tool

EXAMPLE_TOOLS = (
    Tool(
        toolkit="mail",
        name="SEND_MAIL",
        description="Send a mail.",
        parameters={
            "type": "object",
            "properties": {
                "to": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 5},
                "subject": {"type": "string"},
                "priority": {"type": "string", "enum": ["low", "normal", "high"]},
                "send_at": {"type": "string", "format": "date-time"},
            },
            "required": ["to", "subject"],
        },
        response={"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
    ),
    Tool(
        toolkit="mail",
        name="LIST_MAIL",
        description="List mails.",
        parameters={
            "type": "object",
            "properties": {
                "max_results": {"type": "integer", "minimum": 1, "maximum": 500},
                "unread": {"type": "boolean"},
            },
        },
    ),
)


def example_files() -> dict[str, str]:
    """The text of each file in `grammars/`, by name."""
    plain, thoughtful = _variant(), _variant(thoughts=True, parallel_calls=True)
    return {
        "without_thoughts.lark": plain.render("lark"),
        "with_thoughts.lark": thoughtful.render("lark"),
        "without_thoughts.gbnf": plain.render("gbnf"),
    }


def samples(dialect: Dialect) -> dict[str, str]:
    """One grammar of every kind, by name: what a server has to be able to read."""
    conversations = {
        "markup": _variant(level="markup"),
        "names": _variant(level="names", thoughts=True),
        "schema": _variant(),
        "parallel": _variant(parallel_calls=True),
        "one-turn": _variant(max_user_turns=1),
    }
    odd: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            'a "quoted" [key]\\': {"enum": ["::=", "tab\t", "é😀", "\x7f", -1, None, {"k": []}]},
            "when": {"type": "string", "format": "date"},
            "n": {"type": "integer", "minimum": -120, "maximum": 99},
            "x": {"type": ["number", "null"], "minimum": 0},
            "any": {},
        },
    }
    grammars = {**conversations, "json": json_grammar(odd)}
    return {name: grammar.render(dialect) for name, grammar in grammars.items()}


def write_examples(folder: Path) -> None:
    """Writes every file anew."""
    for name, text in example_files().items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _variant(
    *, level: Level = "schema", thoughts: bool = False, parallel_calls: bool = False, max_user_turns: int = 8
) -> TreeGrammar:
    return conversation_grammar(
        EXAMPLE_TOOLS,
        thoughts=thoughts,
        parallel_calls=parallel_calls,
        min_user_turns=1,
        max_user_turns=max_user_turns,
        level=level,
    )


if __name__ == "__main__":
    write_examples(data_dir("grammars"))
