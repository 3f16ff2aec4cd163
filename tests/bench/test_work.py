"""What a load test sends: a run's own prompts and grammars, alike under every constraint."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripted_model import BUNDLE, SEND, conversation

from funcdex.bench.load import Answered
from funcdex.bench.metrics import Sample
from funcdex.bench.result import CONSTRAINTS
from funcdex.bench.validity import is_valid
from funcdex.bench.work import Work, cases_of, cases_of_run
from funcdex.errors import FuncdexError
from funcdex.grammar.check import matches
from funcdex.settings.tree import Settings
from funcdex.stages.kinds import form_of
from funcdex.toolkits.select import make_bundles
from funcdex.types.tools import Bundle


def work(count: int = 6, tool_sets: int = 2, bundle: Bundle = BUNDLE) -> Work:
    settings = Settings()
    return Work(cases_of(settings, make_bundles([], bundle.toolkits), count, tool_sets), settings)


def test_every_constraint_gets_the_same_prompts_and_seeds() -> None:
    made = work()
    asked = {name: list(made.requests(name, 9, "m", start=4)) for name in CONSTRAINTS}
    plain = [(one.messages, one.sampling, one.timeout_s) for one in asked["none"]]
    for name in CONSTRAINTS:
        assert [(one.messages, one.sampling, one.timeout_s) for one in asked[name]] == plain
        assert all((one.grammar is None) == (name == "none") for one in asked[name])
    assert len({one.sampling.seed for one in asked["none"]}) == 9


def test_a_request_is_what_the_writer_of_a_run_gets() -> None:
    made = work()
    case = made.cases[0]
    form = form_of(case.draft, made.settings.generation)
    (request,) = made.requests("schema", 1, "")
    system, user = request.messages
    assert all(shown in system.content for shown in form.shown(case.tools))
    assert f"{case.draft.scenario}" in user.content and f"{case.draft.outline}" in user.content
    chosen = made.settings.sampling.conversation
    assert (request.sampling.max_tokens, request.sampling.temperature) == (
        chosen.max_tokens,
        chosen.temperature,
    )


def test_rounds_differ_only_behind_the_tools() -> None:
    made = work()
    (one,), (other,) = (list(made.requests("none", 1, mark)) for mark in ("a", "b"))
    assert one.messages[0] == other.messages[0] and one.messages[1] != other.messages[1]
    assert one.messages[1].content.replace("case a0", "case b0") == other.messages[1].content


def test_grammars_get_stricter_with_the_level() -> None:
    made = work()
    case = next(case for case in made.cases if SEND in case.tools)
    wrong_name, wrong_type = conversation(name="NO_SUCH_TOOL"), conversation('{"to": 7}')
    found = {name: made.grammar(case, name) for name in CONSTRAINTS[1:]}
    allowed = {
        name: [matches(grammar, text) for text in (wrong_name, wrong_type, conversation())]
        for name, grammar in found.items()
        if grammar
    }
    assert allowed == {
        "markup": [True, True, True],
        "names": [False, True, True],
        "schema": [False, False, True],
        "exact": [False, False, True],
    }


def test_so_many_sets_of_tools_take_turns() -> None:
    bundle = Bundle(tuple(BUNDLE.toolkits))
    made = work(count=8, tool_sets=1, bundle=bundle)
    assert made.tool_sets == 1 and len({one.draft.scenario for one in made.cases}) == 1


def test_a_fresh_set_of_tools_has_a_grammar_of_its_own() -> None:
    made = work()
    known = {grammar.key for case in made.cases if (grammar := made.grammar(case, "schema"))}
    for nonce in ("aa", "bb"):
        case = made.never_sent(0, nonce)
        grammar = made.grammar(case, "schema")
        assert grammar is not None and grammar.key not in known
        known.add(grammar.key)
        assert all(len(tool.name) <= 64 for tool in case.tools)


def test_a_run_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(FuncdexError, match=str(tmp_path)):
        cases_of_run(tmp_path)


@pytest.mark.parametrize(
    ("text", "reason", "expected"),
    [
        (conversation(), "stop", True),
        (f"\n{conversation()}\n", "stop", True),
        (conversation()[:40], "length", True),
        (conversation()[:40] + "\ufffd", "length", True),
        (conversation()[:40], "stop", False),
        ("Hello!", "stop", False),
        ("Hello!", "length", False),
    ],
    ids=[
        "whole",
        "with white space",
        "cut off",
        "cut inside a character",
        "ends early",
        "prose",
        "cut prose",
    ],
)
def test_an_answer_is_valid_if_it_is_in_the_language_or_begins_as_it_allows(
    text: str, reason: str, expected: bool
) -> None:
    made = work()
    case = next(case for case in made.cases if SEND in case.tools)
    sample = Sample("e", 0.0, 1.0, finish_reason=reason)
    assert is_valid(Answered(sample, text, made.grammar(case, "schema"))) is expected
    assert is_valid(Answered(sample, text, None)) is None
