"""Paths, times and estimates; engines that refuse, crash or do not end leave a note."""

from __future__ import annotations

import json
import random
from typing import cast

import pytest

from funcdex.data import data_dir
from funcdex.grammar.check import matches
from funcdex.grammar_cost.engines import Engine, EngineName, Source, make_engine
from funcdex.grammar_cost.estimate import throughput
from funcdex.grammar_cost.isolated import Work, measure_isolated
from funcdex.grammar_cost.measure import Path, measure
from funcdex.grammar_cost.places import places_of, token_places
from funcdex.grammar_cost.report import random_path
from funcdex.grammar_cost.talk import TalkForm, conversation_text
from funcdex.grammar_cost.vocabulary import Vocabulary
from funcdex.types.level import Level
from funcdex.types.tools import Tool
from grammar_cost.grammars import BYTES, TOOLS, grammar_for

FORMS = [TalkForm(thoughts, parallel, 3) for thoughts in (False, True) for parallel in (False, True)]
ENGINES: tuple[EngineName, ...] = ("llguidance", "xgrammar")
AB = Source("lark", 'start: "a" /[b-z]*/ "!"')


def talk(form: TalkForm, tools: tuple[Tool, ...] = TOOLS, seed: int = 1) -> str:
    return conversation_text(tools, form, seed=seed, long_enough=lambda text: len(text) > 4000)


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("level", ["markup", "names", "schema"])
def test_a_drawn_conversation_is_in_the_grammar(form: TalkForm, level: Level) -> None:
    text = talk(form)
    assert len(text) > 4000
    assert matches(grammar_for(form, level), text)
    assert text == talk(form) != talk(form, seed=2)


def test_conversations_with_shipped_tools_and_without_tools_are_too() -> None:
    for path in sorted(data_dir("tool_definitions").glob("[a-j]*.json")):
        shipped = json.loads(path.read_text("utf-8"))["tools"]
        tools = tuple(Tool(path.stem, **tool) for tool in shipped[:4])
        assert matches(grammar_for(FORMS[0], tools=tools), talk(FORMS[0], tools)), path.stem
    assert matches(grammar_for(FORMS[0], tools=()), talk(FORMS[0], ()))


def test_each_byte_has_its_place() -> None:
    text = '</user>\nHé "x"\n<tool>{"a": 1}</tool>\n<tool_response>["<b>"]</tool_response>'
    marks = {"text": "T", "structure": "J", "string": "S", "tag": "G"}
    shown = "".join(marks[place] for place in places_of(text))
    assert shown == (
        "GGGGGGG" + "TTTTTTTTT" + "GGGGGG" + "JSSSJJJJ" + "GGGGGGG" + "T" + "G" * 15 + "JSSSSSJ" + "G" * 16
    )
    assert set(places_of('{"a": [1, "b"]}')) == {"structure", "string"}
    assert token_places("ab</user>", [2, 7]) == ["text", "tag"]


@pytest.mark.parametrize("name", ENGINES)
def test_every_token_of_a_path_is_measured(name: EngineName) -> None:
    found = measure(make_engine(name, BYTES), AB, AB, Path(tuple(b"abc!"), ("text",) * 4), limit_s=20)
    assert found.note == "" and found.figures is not None and found.first_s is not None
    assert found.figures.count == 4 and len(found.figures.quarters_ms) == 4
    assert 0 <= found.figures.p50_ms <= found.figures.p99_ms <= found.figures.max_ms
    assert set(found.figures.places_ms) == {"text"}


def test_of_several_walks_each_mask_counts_with_its_quickest(monkeypatch: pytest.MonkeyPatch) -> None:
    walks = iter([[0.003, 0.001], [0.002, 0.004], [0.005, 0.006]])
    monkeypatch.setattr("funcdex.grammar_cost.measure._timed", lambda *_: iter(next(walks)))
    found = measure(make_engine("llguidance", BYTES), AB, AB, Path(tuple(b"ab")), limit_s=20, walks=3)
    assert found.figures is not None and found.figures.mean_ms == pytest.approx(1.5)


@pytest.mark.parametrize("name", ENGINES)
def test_a_path_that_leaves_the_grammar_or_takes_too_long_is_cut_with_a_note(name: EngineName) -> None:
    engine = make_engine(name, BYTES)
    assert measure(engine, AB, AB, Path(tuple(b"abA!")), limit_s=20).note == "refused token 3 of 4"
    assert measure(engine, AB, AB, Path(tuple(b"abc!")), limit_s=0).note == "cut after 1 of 4 tokens, 0 s"
    assert "cannot be read" in measure(engine, Source("lark", "start: ("), AB, Path(), limit_s=1).note


@pytest.mark.parametrize("name", ENGINES)
def test_a_walk_at_random_takes_only_what_the_grammar_allows(name: EngineName) -> None:
    grammar = Source("lark", 'start: ("a" | "b" "c")* "!"')
    found = measure(make_engine(name, BYTES), grammar, grammar, random_path(BYTES), limit_s=20)
    assert found.figures is not None and found.figures.count > 1
    assert found.note.startswith("ended after")


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_both_engines_take_the_whole_of_a_drawn_conversation(form: TalkForm) -> None:
    text = talk(form)
    source = Source("lark", grammar_for(form).render("lark"))
    for name in ENGINES:
        engine: Engine = make_engine(name, BYTES)
        found = measure(engine, source, source, Path(tuple(text.encode())), limit_s=60)
        assert found.note == "" and found.figures is not None
        assert found.figures.count == len(text.encode())


def test_an_engine_in_a_process_of_its_own_says_the_same() -> None:
    found = measure_isolated(Work("llguidance", BYTES, AB, AB, Path(tuple(b"ab!")), 20))
    assert found.note == "" and found.figures is not None and found.figures.count == 3


@pytest.mark.parametrize(("limit_s", "note"), [(60.0, "crashed"), (0.0, "stopped: not ready after 0 s")])
def test_an_engine_that_dies_or_does_not_end_is_a_note(limit_s: float, note: str) -> None:
    broken = cast(Vocabulary, random.Random(1))
    work = Work("llguidance", broken, AB, AB, Path(), 0)
    assert note in measure_isolated(work, compile_limit_s=limit_s).note


def test_the_estimate_is_plain_arithmetic() -> None:
    serial = throughput(0.5, batch=64, step_ms=32)
    assert (serial.masks_ms, serial.free_tokens_per_s, serial.tokens_per_s) == (32, 2000, 1000)
    assert serial.lost == 0.5
    assert throughput(0.5, batch=128, step_ms=32).masks_ms == 64
    assert throughput(0.5, batch=256, step_ms=32).masks_ms == 16
