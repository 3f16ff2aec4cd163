"""A conversation is in the grammar exactly if it is as asked, counted on the parsed conversation."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import Exchange, conversations, exchanges_of

from funcdex.dml.checks import Calls, ErrorResponses, Rules, check
from funcdex.dml.parser import parse
from funcdex.dml.writer import write
from funcdex.errors import GrammarError
from funcdex.types.conversation import AssistantMessage, Conversation, Step, ToolCall, Turn
from funcdex.types.error_response import is_error
from funcdex.types.level import Level
from funcdex.types.tools import Tool
from funcdex.verify.verify import fits_tools
from grammar.grammar_matchers import all_accept, all_refuse, assume_within_bounds, grammar_of, verdicts

quick = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

NUMBER = {
    "type": "object",
    "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 9}},
    "required": [],
    "additionalProperties": False,
}
FAILS_BY_ITSELF = {
    "oneOf": [
        {"type": "object", "properties": {"id": {"type": "boolean"}}, "required": ["id"]},
        {
            "type": "object",
            "properties": {
                "error": {"type": "string", "enum": ["gone", "busy"]},
                "again": {"type": "boolean"},
            },
            "required": ["error"],
        },
    ]
}
A, B, C, D = (Tool("mail", name, "", NUMBER, NUMBER) for name in ("alpha", "Beta", "c-1", "delta_2"))
OWN = replace(D, response=FAILS_BY_ITSELF)
TOOLS = (A, B, C, OWN)
ERROR = {"error": {"code": 404, "message": "No such mail."}}


GENERAL_ERRORS = st.builds(
    lambda code, message: {"error": {"code": code, "message": message}},
    st.integers(400, 599),
    st.text(max_size=6),
)


def exchanges(errors: bool) -> st.SearchStrategy[Exchange]:
    """Calls of the tools with good responses; some with errors where there may be any."""
    fitting = exchanges_of((A, B, C, replace(OWN, response={"enum": [{"id": True}]})))
    failing = st.tuples(exchanges_of((A, B, C)).map(lambda pair: pair[0]), GENERAL_ERRORS)
    itself = st.just((ToolCall("delta_2", {}), {"error": "gone", "again": True}))
    return fitting | failing | itself if errors else fitting


def is_as_asked(
    conversation: Conversation,
    must_call: Collection[str],
    calls: Calls,
    errors: ErrorResponses,
    turns: tuple[int, int],
) -> bool:
    """What the parameters mean, in as few words as possible."""
    called = {call.name for call in conversation.calls}
    responses = [response for step in conversation.steps for response in step.responses]
    failed = [response for response in responses if "error" in response]
    return (
        set(must_call) <= called
        and (calls != "none" or not called)
        and (calls != "required" or bool(called))
        and (errors != "required" or bool(failed))
        and turns[0] <= len(conversation.turns) <= turns[1]
    )


@quick
@given(
    data=st.data(),
    thoughts=st.booleans(),
    parallel=st.booleans(),
    must_call=st.sets(st.sampled_from([tool.name for tool in TOOLS]), max_size=2),
    errors=st.sampled_from(["none", "allowed", "required"]),
    calls=st.sampled_from(["none", "free", "required"]),
    turns=st.sampled_from([(1, 1), (1, 3), (2, 2), (2, 3)]),
)
def test_a_conversation_is_in_the_grammar_exactly_if_it_is_as_asked(
    data: st.DataObject,
    thoughts: bool,
    parallel: bool,
    must_call: set[str],
    errors: ErrorResponses,
    calls: Calls,
    turns: tuple[int, int],
) -> None:
    assume(calls != "none" or not (must_call or errors == "required"))
    made = conversations(thoughts=thoughts, parallel=parallel, exchanges=exchanges(errors != "none"))
    written = write(data.draw(made))
    assume_within_bounds(written)
    conversation = parse(written)
    grammar = grammar_of(
        *TOOLS,
        thoughts=thoughts,
        parallel_calls=parallel,
        turns=turns,
        must_call=must_call,
        calls=calls,
        error_responses=errors,
    )
    expected = is_as_asked(conversation, must_call, calls, errors, turns)
    assert set(verdicts(grammar, written).values()) == {expected}
    rules = Rules(thoughts, parallel, *turns, must_call=tuple(must_call), calls=calls, error_responses=errors)
    faults = (*check(conversation, rules), *fits_tools(conversation, TOOLS, error_responses=errors != "none"))
    assert (not faults) == expected


def test_what_is_owed_may_be_met_in_any_order_and_turn_and_at_once() -> None:
    grammar = grammar_of(*TOOLS, parallel_calls=True, must_call=["alpha", "c-1"], error_responses="required")
    late = talk([], [step("c-1"), step("alpha", "Beta", failed=1)])
    early = talk([step("alpha", "Beta", "c-1", failed=2)], [])
    apart = talk([step("c-1", failed=0), step("c-1")], [step("Beta")], [step("alpha")])
    for good in (late, early, apart):
        assert all_accept(grammar, good)
    for owing in (talk([step("c-1", failed=0)]), talk([step("c-1"), step("alpha")]), talk([])):
        assert all_refuse(grammar, owing)


def test_five_tools_can_be_asked_for_with_an_error_and_turns_still_count() -> None:
    tools = [Tool("mail", f"T{number}", "", NUMBER, NUMBER) for number in range(9)]
    names = [tool.name for tool in tools[:5]]
    grammar = grammar_of(*tools, turns=(3, 8), must_call=names, error_responses="required")
    calls = [[step(name)] for name in reversed(names[1:])]
    assert all_accept(grammar, talk(*calls, [step("T8"), step("T0", failed=0)], [], []))
    assert all_refuse(grammar, talk(*calls, [], [], [], [step("T0", failed=0)], []))
    assert all_refuse(grammar, talk(*calls, [step("T0")], []))
    everything = [step(name, failed=0) for name in names]
    assert all_accept(grammar, talk([], everything, []))
    assert all_refuse(grammar, talk([], everything))


@pytest.mark.parametrize("level", ["markup", "names", "schema", "exact"])
@pytest.mark.parametrize("response", [{}, NUMBER], ids=["unknown", "described"])
def test_an_error_counts_at_every_level(level: Level, response: dict[str, object]) -> None:
    tool = replace(A, response=response)
    grammar = grammar_of(tool, level=level, error_responses="required")
    assert all_accept(grammar, talk([step("alpha"), step("alpha", failed=0)]))
    assert all_refuse(grammar, talk([step("alpha"), step("alpha")]))


ERROR_DAMAGE = {
    "no code": '{"error": {"message": "No such mail."}}',
    "no message": '{"error": {"code": 404}}',
    "code of a success": '{"error": {"code": 200, "message": "No such mail."}}',
    "code as a string": '{"error": {"code": "404", "message": "No such mail."}}',
    "other key": '{"error": {"code": 404, "message": "No such mail.", "retry": true}}',
    "other key beside it": '{"error": {"code": 404, "message": "No such mail."}, "ok": false}',
    "keys out of order": '{"error": {"message": "No such mail.", "code": 404}}',
    "only words": '{"error": "No such mail."}',
    "empty": '{"error": {}}',
}


@pytest.mark.parametrize("name", ERROR_DAMAGE)
@pytest.mark.parametrize("errors", ["allowed", "required"])
def test_a_damaged_error_is_refused(errors: ErrorResponses, name: str) -> None:
    grammar = grammar_of(A, error_responses=errors)
    written = talk([step("alpha", failed=0)])
    assert all_accept(grammar, written)
    assert json.dumps(ERROR) in written
    assert all_refuse(grammar, written.replace(json.dumps(ERROR), ERROR_DAMAGE[name]))


def test_an_error_is_refused_where_none_is_allowed() -> None:
    written = talk([step("alpha", failed=0)])
    assert all_refuse(grammar_of(A), written)
    assert [fault.reason for fault in fits_tools(parse(written), [A])] == ["invalid_response"] * 1
    assert fits_tools(parse(written), [A], error_responses=True) == ()


def test_a_tool_that_describes_its_errors_fails_in_its_own_way() -> None:
    call = ToolCall("delta_2", {})
    itself = Step((call,), ({"error": "gone"},))
    general = Step((call,), (ERROR,))
    fine = Step((call,), ({"id": True},))
    for errors in ("allowed", "required"):
        grammar = grammar_of(OWN, error_responses=errors)
        assert all_accept(grammar, talk([fine, itself]))
        assert all_refuse(grammar, talk([fine, general]))
    assert all_refuse(grammar_of(OWN, error_responses="required"), talk([fine]))
    assert all_accept(grammar_of(OWN), talk([fine])) and all_refuse(grammar_of(OWN), talk([fine, itself]))
    reasons = [fault.reason for fault in fits_tools(parse(talk([general])), [OWN], error_responses=True)]
    assert reasons == ["invalid_response"]


@pytest.mark.parametrize(
    ("response", "says"),
    [
        (ERROR, True),
        ({"error": "gone"}, True),
        ({"error": {}, "data": 1}, True),
        ({"error": ""}, False),
        ({"error": None}, False),
        ({"error": False}, False),
        ({"errors": ["gone"]}, False),
        ("error", False),
        ([ERROR], False),
    ],
)
def test_what_is_an_error(response: object, says: bool) -> None:
    assert is_error(response) == says


def test_no_calls_are_possible_where_none_are_to_be() -> None:
    grammar = grammar_of(*TOOLS, calls="none", turns=(1, 2))
    assert all_accept(grammar, talk([], []))
    assert all_refuse(grammar, talk([], [step("alpha")]))
    assert grammar.key == grammar_of(A, calls="none", turns=(1, 2), error_responses="allowed").key


def test_a_call_is_needed_where_one_is_required() -> None:
    grammar = grammar_of(*TOOLS, calls="required", level="markup")
    assert all_accept(grammar, talk([], [step("anything")]))
    assert all_refuse(grammar, talk([], []))


def test_what_is_owed_has_the_same_name_in_any_order() -> None:
    one = grammar_of(*TOOLS, must_call=["c-1", "alpha", "c-1"])
    other = grammar_of(*reversed(TOOLS), must_call={"alpha", "c-1"}, calls="required")
    assert one.render("lark") == other.render("lark") and one.render("gbnf") == other.render("gbnf")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"must_call": ["alpha", "gamma"]}, r"'gamma' cannot be called.*must_call.*Name some of Beta, alpha"),
        ({"must_call": ["alpha"], "level": "markup"}, "level: markup"),
        ({"must_call": ["alpha"], "calls": "none"}, "must_call takes calls"),
        ({"error_responses": "required", "calls": "none"}, "error_responses: required takes calls"),
        ({"must_call": ["Beta", "alpha", "c-1"], "turns": (1, 65)}, "Lower max_user_turns to 64"),
    ],
)
def test_what_cannot_be_asked_for_is_said(asked: dict[str, object], says: str) -> None:
    with pytest.raises(GrammarError, match=says):
        grammar_of(*TOOLS, **asked)  # type: ignore[arg-type]  # each value is right for its parameter


def test_more_tools_than_a_grammar_can_ask_for_are_refused() -> None:
    tools = [Tool("mail", f"T{number}", "") for number in range(6)]
    with pytest.raises(GrammarError, match="6 tools have to be called; a grammar can ask for 5 at most"):
        grammar_of(*tools, must_call=[tool.name for tool in tools])
    with pytest.raises(GrammarError, match="nothing to call"):
        grammar_of(calls="required")
    with pytest.raises(GrammarError, match="nothing to call"):
        grammar_of(error_responses="required")


def talk(*turns: list[Step]) -> str:
    """A conversation whose turns take these steps, written."""
    done = AssistantMessage("Done.")
    messages = [(AssistantMessage("", tuple(steps)), done) if steps else (done,) for steps in turns]
    return write(Conversation(tuple(Turn("Go", some) for some in messages)))


def step(*names: str, failed: int | None = None) -> Step:
    """Calls of these tools at once, one of which may fail."""
    responses = tuple(ERROR if number == failed else {"n": 1} for number in range(len(names)))
    return Step(tuple(ToolCall(name, {}) for name in names), responses)
