"""Conversations with the shipped tools under funcdex's own grammars: in the language, parsed, verified."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from funcdex.data import data_dir
from funcdex.dml.parser import parse
from funcdex.grammar.check import matches
from funcdex.grammar.conversation import conversation_grammar
from funcdex.sim.generation import Generation
from funcdex.toolkits.read import read_toolkits
from funcdex.types.tools import Toolkit
from funcdex.verify.verify import fits_tools

Answer = Callable[..., Generation]
_TOOLKITS = read_toolkits([data_dir("tool_definitions")]).toolkits


@pytest.mark.parametrize("toolkit", _TOOLKITS, ids=lambda toolkit: toolkit.name)
@pytest.mark.parametrize("thoughts", [False, True])
def test_every_conversation_is_right_and_ends_by_itself(
    answer: Answer, toolkit: Toolkit, thoughts: bool
) -> None:
    grammar = conversation_grammar(
        toolkit.tools,
        thoughts=thoughts,
        parallel_calls=False,
        min_user_turns=2,
        max_user_turns=8,
        level="schema",
    )
    for seed in range(2):
        generation = answer(structured_outputs={"grammar": grammar.render("lark")}, seed=seed)
        assert generation.finish_reason == "stop"
        assert matches(grammar, generation.text)
        conversation = parse(generation.text)
        assert 2 <= len(conversation.turns) <= 8
        assert not fits_tools(conversation, toolkit.tools)


@pytest.mark.parametrize("level", ["markup", "names"])
@pytest.mark.parametrize("parallel_calls", [False, True])
def test_looser_grammars_are_obeyed_as_well(answer: Answer, level: str, parallel_calls: bool) -> None:
    grammar = conversation_grammar(
        _TOOLKITS[0].tools,
        thoughts=True,
        parallel_calls=parallel_calls,
        min_user_turns=1,
        max_user_turns=3,
        level=level,  # type: ignore[arg-type]  # one of the levels
    )
    for seed in range(6):
        generation = answer(structured_outputs={"grammar": grammar.render("lark")}, seed=seed)
        assert generation.finish_reason == "stop"
        assert matches(grammar, generation.text)
        assert len(parse(generation.text).turns) <= 3
