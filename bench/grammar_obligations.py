"""What it costs a grammar to ask for something: certain tools, an error, a given opening.

    python bench/grammar_obligations.py

20 shipped tools, conversations of 8 turns in which what is owed is met as late as possible: in the last turn.
With parallel calls, steps are of two and three calls. Prints the bytes of each grammar in Lark and how long
it took to build, and below it what `grammar_mask.py` prints.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from grammar_mask import ENGINES, LIMIT_S, fetched_ranks, line_of

from funcdex.data import data_dir
from funcdex.dml.writer import write
from funcdex.grammar.check import matches
from funcdex.grammar.conversation import conversation_grammar
from funcdex.grammar_cost.engines import make_engine
from funcdex.grammar_cost.measure import measure
from funcdex.grammar_cost.report import path_along
from funcdex.grammar_cost.source import source_of
from funcdex.grammar_cost.talk import TalkForm, draw_conversation
from funcdex.grammar_cost.vocabulary import read_vocabulary
from funcdex.types.conversation import Conversation, Step, Turn
from funcdex.types.tools import Tool

TURNS = 8
COUNTS = (0, 1, 3, 5)
ERROR = {"error": {"code": 404, "message": "There is no such thing here, or it is not shared with you."}}


def main() -> None:
    """Measures and prints."""
    options = argparse.ArgumentParser()
    options.add_argument("--ranks", type=Path, help="js-tiktoken's o200k_base.js, if it is at hand")
    options.add_argument("--only", default="", help="the rows with this word in their label")
    chosen = options.parse_args()
    vocabulary = read_vocabulary(chosen.ranks or fetched_ranks())
    tools, others = tools_of("gmail", "googledrive"), tools_of("jira", "stripe")
    for label, count, asked in rows():
        if chosen.only not in label:
            continue
        begun = time.process_time()
        grammar = grammar_of(tools, count, asked)
        lark, other = grammar.render("lark"), grammar_of(others, count, asked).render("lark")
        built_ms = (time.process_time() - begun) * 500
        text = write(late_conversation(tools, **{key: True for key in asked}))
        assert matches(grammar, text), label
        print(f"{label}: {len(lark.encode()) // 1000} kB, built in {built_ms:.0f} ms, {len(text)} characters")
        path, source, following = path_along(text, vocabulary), source_of(lark), source_of(other)
        for name in ENGINES:
            found = measure(make_engine(name, vocabulary), source, following, path, limit_s=LIMIT_S)
            print(f"    {name:10}", line_of(found), flush=True)


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


def late_conversation(
    tools: Sequence[Tool], *, error_responses: bool = False, parallel_calls: bool = False
) -> Conversation:
    """The first 7 turns call tools that nobody owes, the last one those that are owed; one may fail."""
    rng = random.Random(7)
    early = [_turn_of(rng.choices(tools[:-5], k=4), parallel_calls, False, rng) for _ in range(TURNS - 1)]
    return Conversation((*early, _turn_of(tools[-5:], parallel_calls, error_responses, rng)))


def _turn_of(tools: Sequence[Tool], parallel: bool, fails: bool, rng: random.Random) -> Turn:
    """A turn that calls these tools, one by one or up to three at once."""
    form = TalkForm(thoughts=False, parallel_calls=False, turns=1)
    turns = [draw_conversation([tool], form, rng, steps=1).turns[0] for tool in tools]
    singles = [turn.messages[0].steps[0] for turn in turns]
    if fails:
        singles[-1] = Step(singles[-1].calls, (ERROR,))
    several = [singles[:2], singles[2:]] if parallel else [[single] for single in singles]
    steps = [
        Step(sum((one.calls for one in some), ()), sum((one.responses for one in some), ()))
        for some in several
    ]
    calling = replace(turns[0].messages[0], steps=tuple(steps))
    return replace(turns[0], messages=(calling, *turns[0].messages[1:]))


if __name__ == "__main__":
    main()
