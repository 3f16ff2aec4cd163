"""Grammars of two small tools, for people to read: `python -m funcdex.grammar.examples` writes `grammars/`.

The files show what a server is sent, below a comment where the notation has comments. A test keeps them
current.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funcdex.data import data_dir
from funcdex.grammar.conversation import conversation_grammar, json_grammar
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


@dataclass(frozen=True, slots=True)
class _Example:
    name: str
    says: str
    grammar: TreeGrammar


@dataclass(frozen=True, slots=True)
class _Notation:
    """A dialect, how its files end, and what begins a comment in it; None: it has no comments."""

    dialect: Dialect
    suffix: str
    comment: str | None


_NOTATIONS = (
    _Notation("lark", "lark", "//"),
    _Notation("ebnf", "ebnf", "#"),
    _Notation("structural_tag", "structural_tag.json", None),
    _Notation("gbnf", "gbnf", "#"),
)


def example_files() -> dict[str, str]:
    """The text of each file in `grammars/`, by name."""
    lines: list[str] = []
    files: dict[str, str] = {}
    for example, notation in _shown():
        name = f"{example.name}.{notation.suffix}"
        comment = f"{notation.comment} {example.says}\n" if notation.comment else ""
        files[name] = comment + example.grammar.render(notation.dialect)
        lines.append(f"| [{name}]({name}) | {example.says} |\n")
    return {"README.md": _README + "".join(lines), **files}


def _shown() -> Iterator[tuple[_Example, _Notation]]:
    """The plain grammar in every notation, the others in Lark."""
    plain, *others = _examples()
    for notation in _NOTATIONS:
        yield plain, notation
    for example in others:
        yield example, _NOTATIONS[0]


def _examples() -> tuple[_Example, ...]:
    several = _variant(thoughts=True, parallel_calls=True)
    return (
        _Example("without_thoughts", "1 to 8 turns with the tools LIST_MAIL and SEND_MAIL.", _variant()),
        _Example("with_thoughts", "Thoughts before each message, up to 3 calls at once.", several),
        _Example("must_call", "Both tools are called, in whatever order and turn.", _must_call()),
        _Example("no_calls", "The tools are shown, and none is called.", _variant(calls="none")),
        _Example("error_allowed", "Any response may be an error.", _variant(error_responses="allowed")),
        _Example(
            "error_required", "At least one response is an error.", _variant(error_responses="required")
        ),
        _Example("opening", "The user's first words are given.", _variant(opening="Any mail from Ana? <3")),
    )


_README = """# Grammars to read

What servers are sent for two small tools, written by `python -m funcdex.grammar.examples`; `funcdex grammar
render` writes that of any others. Each file is the whole grammar, with a comment in front that is not sent.

The names of rules say where one is: `turn-open` begins with the user's words and ends before the assistant's
last ones of the turn, `send-mail-step` is a call with its response. A rule such as `t2-ab-err-said` is a
place in a conversation that still owes something: in the second turn, the tools a and b (those of
`must_call`, by name) and an error are open ([how and why](../docs/decisions/0008-obligations.md)).

| file | conversations |
| --- | --- |
"""


def samples(dialect: Dialect) -> dict[str, str]:
    """One grammar of every kind, by name: what a server has to be able to read."""
    conversations = {
        "markup": _variant(level="markup"),
        "names": _variant(level="names", thoughts=True),
        "schema": _variant(),
        "parallel": _variant(parallel_calls=True),
        "one-turn": _variant(max_user_turns=1),
        "must-call": _must_call(),
        "no-calls": _variant(calls="none"),
        "calls-required": _variant(calls="required", level="markup"),
        "error-allowed": _variant(error_responses="allowed"),
        "error-required": _variant(error_responses="required", level="names", thoughts=True),
        "all-owed": _must_call(error_responses="required", thoughts=True, parallel_calls=True),
        "opening": _variant(opening='R&D: a < b, "é" in </tool>, \\n ::= [x]\x7f\xa0a'),
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


def _must_call(**asked: Any) -> TreeGrammar:
    return _variant(must_call=[tool.name for tool in EXAMPLE_TOOLS], max_user_turns=3, **asked)


def _variant(**asked: Any) -> TreeGrammar:
    """A grammar that is plain except for these parameters."""
    plain: dict[str, Any] = {
        "thoughts": False,
        "parallel_calls": False,
        "min_user_turns": 1,
        "max_user_turns": 8,
        "level": "schema",
    }
    return conversation_grammar(EXAMPLE_TOOLS, **(plain | asked))


if __name__ == "__main__":
    write_examples(data_dir("grammars"))
