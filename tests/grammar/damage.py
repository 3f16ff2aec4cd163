"""Texts that are nearly right: conversations of every option, and what becomes of them by a few edits."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

import jsonschema
from hypothesis import strategies as st
from strategies import conversations, exchanges_of, json_objects, json_values, schemas, tools, values_for

from funcdex.dml.checks import Rules, check
from funcdex.dml.parser import parse
from funcdex.dml.writer import write
from funcdex.grammar.conversation import json_grammar
from funcdex.grammar.ir import Chars, Node, Tree
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.types.conversation import Conversation, JsonValue, Step, ToolCall
from funcdex.types.level import STRICT, Level
from funcdex.types.tools import JsonSchema, Tool
from grammar.grammar_matchers import grammar_of

# What some notation or other writes in a way of its own, and what comes wrong next to it.
ODD = "\x00\t\n\r\x1f\x7f\x85\xa0\u2028\ufeff\U0001f600\U000e0001é \"'\\/[]^-|.*+?(){}<>=:#$%&ux0aAfF9~"

LEVELS: tuple[Level, ...] = get_args(Level)

PIECES = (
    *("</user>\n", "</assistant>\n", "<assistant_thought>", "</assistant_thought>\n", "<tool>", "</tool>\n"),
    *(
        "<tool_response>",
        "</tool_response>\n",
        "<",
        "</",
        "<b>",
        "\n",
        "\n\n\n",
        " ",
        "\u00a0",
        "é",
        "😀",
        "\x00",
    ),
    *(
        '"',
        "\\",
        "\\u001f",
        "\\u0041",
        "\\n",
        "{",
        "}",
        "[",
        "]",
        "{}",
        ", ",
        ",",
        ": ",
        "null",
        "true",
        '""',
    ),
    *("0", "-1", "17", "1.5", "1e5", "00", "9" * 19, '"a"', '"name"', '"arguments"', '"2024-02-30"', "x"),
)


@dataclass(frozen=True)
class Case:
    """A grammar, what it was made of, and a text that may be in its language."""

    grammar: TreeGrammar
    text: str
    tools: tuple[Tool, ...] = ()
    level: Level = "markup"
    rules: Rules | None = None

    def assert_right(self) -> None:
        """What the grammar accepts obeys every check that does not come from the grammar."""
        assert self.rules is not None
        conversation = parse(self.text)
        assert check(conversation, self.rules) == ()
        if self.level != "markup":
            for step in _steps(conversation):
                _assert_step(step, {tool.name: tool for tool in self.tools}, self.level)


@st.composite
def conversation_cases(draw: st.DrawFn) -> Case:
    """Conversations under their grammar, as written or damaged."""
    some = draw(tools())
    thoughts, parallel = draw(st.booleans()), draw(st.booleans())
    level = draw(st.sampled_from(LEVELS))
    fewest = draw(st.integers(1, 2))
    turns = (fewest, draw(st.integers(fewest, 3)))
    exchanges = st.one_of([_exchanges(tool) for tool in some])
    talk = conversations(thoughts=thoughts, parallel=parallel, exchanges=exchanges, max_turns=3)
    grammar = grammar_of(*some, level=level, thoughts=thoughts, parallel_calls=parallel, turns=turns)
    text = draw(edited(write(draw(talk))))
    return Case(grammar, text, some, level, Rules(thoughts, parallel, *turns))


@st.composite
def json_cases(draw: st.DrawFn) -> tuple[Case, JsonSchema]:
    """JSON values, of the schema or not, as written or damaged."""
    schema = draw(schemas())
    value = draw(values_for(schema) | json_values())
    text = draw(edited(json.dumps(value, ensure_ascii=False)))
    return Case(json_grammar(schema), text), schema


@st.composite
def edited(draw: st.DrawFn, text: str) -> str:
    """The text after no, one or two edits."""
    for _ in range(draw(st.sampled_from([0, 1, 1, 2]))):
        text = draw(st.sampled_from([_inserted, _exchanged, _dropped, _repeated, _cut]))(draw, text)
    return text


def odd_texts() -> st.SearchStrategy[str]:
    return st.text(st.sampled_from(ODD), min_size=1, max_size=8)


@st.composite
def odd_classes(draw: st.DrawFn) -> Chars:
    """A range and some single characters, or all others."""
    members = draw(st.lists(st.sampled_from(ODD), min_size=2, max_size=6, unique=True))
    low, high = sorted(members[:2])
    ranges = ((low, high), *((member, member) for member in members[2:]))
    return Chars(ranges, negated=draw(st.booleans()))


def holds(chars: Chars, char: str) -> bool:
    return any(low <= char <= high for low, high in chars.ranges) != chars.negated


def grammar_with(node: Node) -> TreeGrammar:
    """The language of one node."""
    return TreeGrammar(Tree("root", {"root": node}))


def _inserted(draw: st.DrawFn, text: str) -> str:
    place = draw(st.integers(0, len(text)))
    return text[:place] + draw(st.sampled_from(PIECES)) + text[place:]


def _exchanged(draw: st.DrawFn, text: str) -> str:
    present = [piece for piece in PIECES if piece in text]
    if not present:
        return text
    return text.replace(draw(st.sampled_from(present)), draw(st.sampled_from(PIECES)), 1)


def _dropped(draw: st.DrawFn, text: str) -> str:
    begin, end = _slice(draw, text)
    return text[:begin] + text[end:]


def _repeated(draw: st.DrawFn, text: str) -> str:
    begin, end = _slice(draw, text)
    return text[:end] + text[begin:]


def _cut(draw: st.DrawFn, text: str) -> str:
    return text[: draw(st.integers(0, len(text)))]


def _slice(draw: st.DrawFn, text: str) -> tuple[int, int]:
    begin = draw(st.integers(0, len(text)))
    return begin, min(len(text), begin + draw(st.sampled_from([1, 2, 7, 40])))


def _exchanges(tool: Tool) -> st.SearchStrategy[tuple[ToolCall, JsonValue]]:
    """Calls of the tool; where nothing is known of its response it is an object."""
    known = exchanges_of((tool,))
    return known if tool.response else st.tuples(known.map(lambda pair: pair[0]), json_objects())


def _steps(conversation: Conversation) -> Iterable[Step]:
    return (step for turn in conversation.turns for message in turn.messages for step in message.steps)


def _assert_step(step: Step, by_name: dict[str, Tool], level: Level) -> None:
    for call in step.calls:
        tool = by_name[call.name]
        if level in STRICT:
            jsonschema.validate(call.arguments, tool.parameters)
            if len(step.calls) == 1:
                jsonschema.validate(step.responses[0], tool.response or {"type": "object"})
