"""What it costs a grammar to ask for something: certain tools, an error, a given opening.

    python -m bench.grammar_obligations

20 shipped tools (of `grammar_mask.py`'s kind), conversations of 8 turns in which what is owed is met as late as
possible: in the last turn. Prints the bytes of each grammar in Lark and then what `grammar_mask.py` prints.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.grammar_mask import Engines, conversation, fetched_ranks, read_ranks
from funcdex.data import data_dir
from funcdex.dml.writer import write
from funcdex.grammar.check import matches
from funcdex.grammar.conversation import conversation_grammar
from funcdex.types.conversation import Conversation, Step
from funcdex.types.tools import Tool

TURNS = 8
COUNTS = (0, 1, 3, 5)
ERROR = {"error": {"code": 404, "message": "There is no such thing here, or it is not shared with you."}}


def main() -> None:
    """Measures and prints."""
    options = argparse.ArgumentParser()
    options.add_argument("--ranks", type=Path, help="js-tiktoken's o200k_base.js, if it is at hand")
    engines = Engines(read_ranks(options.parse_args().ranks or fetched_ranks()))
    tools, others = tools_of("gmail", "googledrive"), tools_of("jira", "stripe")
    texts = {error: write(late_conversation(tools, error)) for error in (False, True)}
    tokens = {error: engines.tokenizer.greedy_tokenize(text) for error, text in texts.items()}
    print(f"{len(tokens[True])} tokens, {len(texts[True])} characters, vocabulary of {len(engines.words)}")
    for label, count, asked in rows():
        grammar = grammar_of(tools, count, asked)
        error = "error_responses" in asked
        assert matches(grammar, texts[error]), label
        lark, other = grammar.render("lark"), grammar_of(others, count, asked).render("lark")
        print(f"{label:28} {len(lark.encode()) // 1000} kB")
        for name, engine in (("llguidance", engines.llguidance), ("xgrammar", engines.xgrammar)):
            print(f"{'':28} {name:10}", engine(lark, other, tokens[error]), flush=True)


def rows() -> Iterator[tuple[str, int, dict[str, Any]]]:
    """What is measured: a label, how many tools have to be called, the other parameters."""
    for form in ({}, {"parallel_calls": True}):
        words = ", parallel" if form else ""
        for count in COUNTS:
            yield f"{count} tools{words}", count, form
        for count in COUNTS:
            yield f"{count} tools, error{words}", count, {"error_responses": "required", **form}
    yield "no tools, errors allowed", 0, {"error_responses": "allowed"}


def grammar_of(tools: Sequence[Tool], count: int, asked: dict[str, Any]) -> Any:
    """The grammar in which the last `count` tools have to be called."""
    form = {"thoughts": False, "parallel_calls": False, "level": "schema", **asked}
    names = [tool.name for tool in tools[-count:]] if count else []
    return conversation_grammar(tools, min_user_turns=1, max_user_turns=TURNS, must_call=names, **form)


def tools_of(*toolkits: str) -> tuple[Tool, ...]:
    """20 shipped tools of some toolkits."""
    found = [
        Tool(name, **tool)
        for name in toolkits
        for tool in json.loads((data_dir("tool_definitions") / f"{name}.json").read_text())["tools"]
    ]
    return tuple({tool.name: tool for tool in found}.values())[:20]


def late_conversation(tools: Sequence[Tool], error: bool) -> Conversation:
    """The first 7 turns call tools that nobody owes, the last one those that are owed; the last may fail."""
    rng = random.Random(7)
    early = conversation(tools[:-5], TURNS - 1, rng)
    owed = [conversation([tool], 1, rng).turns[0] for tool in tools[-5:]]
    steps = [turn.messages[0].steps[0] for turn in owed]
    if error:
        steps[-1] = Step(steps[-1].calls, (ERROR,))
    last = owed[0]
    calling = replace(last.messages[0], steps=tuple(steps))
    return Conversation((*early.turns, replace(last, messages=(calling, *last.messages[1:]))))


if __name__ == "__main__":
    main()
