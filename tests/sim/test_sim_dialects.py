"""The simulated endpoint enforces one language, whichever notation of it a request carries."""

from __future__ import annotations

from typing import Any

import pytest

from funcdex.grammar.conversation import conversation_grammar, json_grammar
from funcdex.grammar.examples import EXAMPLE_TOOLS
from funcdex.sim.constraint import grammar_of, matcher_for
from funcdex.types.level import STRICT, Level
from funcdex.types.request import Grammar

GOOD = """</user>
Is x < 5? (= a)
</assistant>
Asking.
<tool>{"name": "SEND_MAIL", "arguments": {"to": ["a\\"b"], "subject": "(= \\u0007"}}</tool>
<tool_response>{"id": "é"}</tool_response>
</assistant>
Yes."""
BAD = GOOD.replace('"subject"', '"object"')


@pytest.mark.parametrize("dialect", ["lark", "structural_tag", "ebnf"])
@pytest.mark.parametrize("level", ["markup", "names", "schema", "exact"])
def test_a_conversation_is_judged_alike_in_every_notation(dialect: str, level: Level) -> None:
    grammar = conversation_grammar(
        EXAMPLE_TOOLS, thoughts=False, parallel_calls=False, min_user_turns=1, max_user_turns=3, level=level
    )
    body = body_with(grammar, dialect)
    assert accepts(body, GOOD)
    assert accepts(body, BAD) == (level not in STRICT)
    assert not accepts(body, GOOD.replace("Asking.", "</b>"))


@pytest.mark.parametrize("dialect", ["lark", "structural_tag", "ebnf", "gbnf"])
def test_what_looks_like_a_lookahead_in_a_literal_is_none(dialect: str) -> None:
    body = body_with(json_grammar({"enum": ['a (= "b")', "(= c)", "[(=]"]}), dialect)
    assert accepts(body, '"(= c)"') and accepts(body, '"[(=]"') and accepts(body, '"a (= \\"b\\")"')
    assert not accepts(body, '"a "')


def body_with(grammar: Grammar, dialect: str) -> dict[str, Any]:
    match dialect:
        case "structural_tag":
            return {"structured_outputs": {"structural_tag": grammar.render("structural_tag")}}
        case "gbnf":
            return {"grammar": grammar.render("gbnf")}
        case "ebnf":
            return {"structured_outputs": {"grammar": grammar.render("ebnf")}}
        case _:
            return {"structured_outputs": {"grammar": grammar.render("lark")}}


def accepts(body: dict[str, Any], text: str) -> bool:
    asked = grammar_of(body)
    assert asked is not None
    matcher, written = matcher_for(asked), text.encode()
    return matcher.try_consume_tokens(list(written)) == len(written) and matcher.is_accepting()
