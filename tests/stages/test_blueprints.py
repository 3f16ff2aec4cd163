"""Plans: their form, what is found wrong with them, and what becomes of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from planned import CALL, FIND, LOOK, SEND, SHOP, THEN_SEND, TOOLS, blueprint, call, draft, plan, said, turn
from scripted_model import ScriptedModel, compiled_in_a_thread

from funcdex.data import data_dir
from funcdex.dedup.guard import ScenarioGuard
from funcdex.export.lines import lines_after
from funcdex.grammar.check import fault_at
from funcdex.grammar.conversation import json_grammar
from funcdex.settings.tree import Settings
from funcdex.stages.blueprint import as_text, read_blueprint
from funcdex.stages.blueprint_checks import blueprint_faults
from funcdex.stages.blueprint_schema import blueprint_schema
from funcdex.stages.context import Context
from funcdex.stages.focus import focus_of, shown_tools_of
from funcdex.stages.grammars import Grammars
from funcdex.stages.kinds import ERROR_VARIANTS, SPECS, servable
from funcdex.stages.outline import write_outline
from funcdex.stages.plan import plan_at
from funcdex.stages.response_path import UNKNOWN, field_at, steps_of
from funcdex.stages.sketch import sketch_of
from funcdex.stages.tool_selection import select_tools
from funcdex.stages.tool_sets import plan_tool_sets
from funcdex.stages.voice import voice_of
from funcdex.toolkits.graph import graph_of
from funcdex.toolkits.read import read_toolkits
from funcdex.toolkits.select import make_bundles
from funcdex.types.entry_json import entry_line, entry_of
from funcdex.types.kind import KINDS, Kind
from funcdex.types.record import Draft, Rejected, StageDone, fold
from funcdex.types.tools import Bundle

BUNDLES = make_bundles(("gmail", "jira+gmail"), read_toolkits([data_dir("tool_definitions")]).toolkits)
GENERATION = Settings().generation


def context(model: ScriptedModel, *bundles: Bundle, **settings: Any) -> Context:
    chosen, every = Settings.model_validate(settings), bundles or (SHOP,)
    grammars = Grammars(chosen.generation, chosen.grammar, compiled_in_a_thread)
    return Context(model.generate, chosen, every, ScenarioGuard(()), plan_tool_sets(chosen, every), grammars)


def faults(planned: dict[str, Any], kind: Kind = "happy_path", variant: str = "") -> list[str]:
    return blueprint_faults(read_blueprint(planned), plan(kind, variant), TOOLS, GENERATION)


def test_a_plan_that_can_be_carried_out_has_no_faults() -> None:
    for planned in (
        blueprint(turn(LOOK)),
        blueprint(turn(LOOK), turn(THEN_SEND)),
        blueprint(turn(LOOK, THEN_SEND)),
    ):
        assert faults(planned) == []


@pytest.mark.parametrize(
    ("planned", "words"),
    [
        (blueprint(turn(call(replace(FIND, name="FLY")))), "'FLY', which is none of the operations"),
        (blueprint(turn(call(SEND, to=said("Ada")))), "lacks the argument 'invoice_id'"),
        (blueprint(turn(call(FIND, text=said("Ada"), color=said("red")))), "'color' of call 1"),
        (blueprint(turn(call(FIND, text=said("... (text)")))), "has no value yet"),
        (blueprint(turn(call(FIND, text=said("Ada", 2)))), "said in message 2, after the call in turn 1"),
        (blueprint(turn(THEN_SEND, LOOK)), "from call 1, which is not made before it"),
        (
            blueprint(turn(call(FIND, "empty", text=said("Ada")), THEN_SEND)),
            "returns nothing to take (empty)",
        ),
        (
            blueprint(turn(LOOK, call(SEND, invoice_id={"from": 1, "field": "items[0].no"}, to=said("Ada")))),
            "returns no such field",
        ),
        (
            blueprint(
                turn(LOOK, call(SEND, invoice_id={"from": 1, "field": "items[0].total"}, to=said("Ada")))
            ),
            "a value of type integer is no string",
        ),
        (blueprint(turn()), "makes no call"),
        (blueprint(turn(call(FIND, "error", text=said("Ada")))), "does not work"),
        (blueprint(*[turn(LOOK)] * 9), "9 turns, and 2 to 8 are wanted"),
        ({**blueprint(turn(LOOK)), "facts": ["..."]}, "`facts` says nothing"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said_precisely(planned: dict[str, Any], words: str) -> None:
    found = faults(planned)
    assert found and words in " ".join(found)


FAILS = call(FIND, "error", text=said("Ada"))
ASKS = turn(asks="Whose?")


@pytest.mark.parametrize(
    ("kind", "variant", "good", "bad", "words"),
    [
        ("multi_step", "", [turn(LOOK, THEN_SEND)], [turn(LOOK)], "`from`"),
        (
            *("parallel_calls", "", [turn(LOOK, call(CALL, parallel=True, name=said("Bo")))]),
            *([turn(LOOK, call(CALL, name=said("Bo")))], "`parallel`: true"),
        ),
        ("tool_error", "timeout/retry", [turn(FAILS, LOOK)], [turn(FAILS)], "not made again"),
        ("tool_error", "timeout/tell_user", [turn(FAILS)], [turn(LOOK)], "no call has the result 'error'"),
        ("tool_error", "timeout/tell_user", [turn(FAILS)], [turn(FAILS, LOOK)], "the user is to be told"),
        (
            *("tool_error", "client_error/changed_arguments", [turn(FAILS, call(FIND, text=said("Bo")))]),
            *([turn(FAILS, LOOK)], "with another argument"),
        ),
        (
            *("tool_error", "client_error/another_tool", [turn(FAILS, call(CALL, name=said("Bo")))]),
            *([turn(FAILS, LOOK)], "no other operation"),
        ),
        (
            *("missing_parameter", "", [ASKS, turn(call(FIND, text=said("Ada", 2)))]),
            *([ASKS, turn(LOOK)], "said in message 2 or later"),
        ),
        (
            "missing_parameter",
            "",
            [ASKS, turn(call(FIND, text=said("Ada", 2)))],
            [turn(LOOK)],
            "does not ask",
        ),
        ("ambiguous_request", "", [ASKS, turn(LOOK)], [ASKS], "makes no call"),
        ("change_of_mind", "", [turn(LOOK), turn(LOOK)], [turn(LOOK)], "change of mind"),
        ("missing_tool", "", [turn()], [turn(LOOK)], "nothing may be called"),
        ("irrelevant_request", "", [turn()], [turn(LOOK)], "nothing may be called"),
    ],
)
def test_a_plan_of_another_kind_is_found(
    kind: Kind, variant: str, good: list[dict[str, Any]], bad: list[dict[str, Any]], words: str
) -> None:
    assert faults(blueprint(*good), kind, variant) == []
    assert words in " ".join(faults(blueprint(*bad), kind, variant))


@pytest.mark.parametrize(
    "data",
    [
        *(None, [], {}, {"turns": 7}, {"turns": [[]]}, {"turns": [{"calls": {}}]}),
        *(blueprint(turn({**LOOK, "arguments": []})), blueprint(turn({**LOOK, "result": "perhaps"}))),
        *(blueprint(turn({**LOOK, "arguments": {"text": "Ada"}})), blueprint(turn({**LOOK, "tool": 3}))),
        blueprint(turn(call(FIND, text={"from": True, "field": "a"}))),
    ],
)
def test_what_has_not_the_form_of_a_plan_is_refused_with_a_sentence(data: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_blueprint(data)


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda bundle: bundle.name)
def test_the_sketch_of_every_kind_is_a_plan_but_for_its_gaps_and_in_the_grammar(bundle: Bundle) -> None:
    means, can = context(ScriptedModel({}), bundle), servable(bundle.tools, graph_of(bundle), GENERATION)
    first = plan_at(1, means.settings, (bundle,))
    for kind in KINDS:
        for variant in can[kind]:
            of_kind = replace(first, kind=kind, variant=variant)
            focus = focus_of(of_kind, means)
            turns = voice_of(of_kind, GENERATION).turns
            sketch = sketch_of(of_kind, focus, turns)
            callable_tools = focus.tools if SPECS[kind].form.calls != "none" else ()
            grammar = json_grammar(blueprint_schema(callable_tools, GENERATION))
            assert fault_at(grammar, json.dumps(sketch, ensure_ascii=False)) is None
            filled = read_blueprint(json.loads(json.dumps(sketch).replace('"...', '"what')))
            assert blueprint_faults(filled, of_kind, focus.tools, GENERATION) == [], (kind, variant)


def test_a_grammar_of_plans_knows_tools_and_what_their_calls_cannot_do_without() -> None:
    grammar, without = (json_grammar(blueprint_schema(tools, GENERATION)) for tools in (TOOLS, ()))
    loose = json_grammar(blueprint_schema(TOOLS, GENERATION, loose=True))
    fine = json.dumps(blueprint(turn(LOOK, THEN_SEND)))
    assert fault_at(grammar, fine) is None and fault_at(loose, fine) is None
    assert fault_at(without, fine) and fault_at(without, json.dumps(blueprint(turn()))) is None
    for bad in (
        fine.replace("SEND_INVOICE", "SEND_LETTER"),
        fine.replace('"text"', '"word"'),
        fine.replace('"ok"', '"well"'),
    ):
        assert fault_at(grammar, bad) is not None


def test_a_plan_is_told_so_that_a_person_can_read_it() -> None:
    planned = blueprint(turn(call(FIND, "error", text=said("Ada")), LOOK, asks="Whose?"), turn(THEN_SEND))
    told = as_text(read_blueprint(planned), "fails with 503")
    assert '  call 1: FIND_INVOICES, fails with 503\n    text: "Ada", said in message 1\n' in told
    assert "  call 2: FIND_INVOICES, works, the same arguments as call 1\n" in told
    assert "    invoice_id: from the response to call 1: items[0].id\n" in told
    assert "  The assistant asks: Whose?\n" in told and told.startswith("The user knows:\n- Ada\nMessage 1. ")


async def outlined(*texts: str, kind: Kind = "happy_path", **generation: int) -> tuple[Any, ScriptedModel]:
    model = ScriptedModel({"outline": texts})
    means = context(model, generation=generation)
    return await write_outline(Draft(plan(kind), scenario="s", persona="p"), means), model


async def test_a_plan_that_is_refused_is_drawn_again_and_the_model_is_told_why() -> None:
    bad, good = json.dumps(blueprint(turn(THEN_SEND))), json.dumps(blueprint(turn(LOOK, THEN_SEND)))
    outcome, model = await outlined("{", bad, good)
    assert isinstance(outcome, StageDone) and len(outcome.usage) == 3
    assert outcome.value["blueprint"] == json.loads(good)
    assert outcome.value["outline"].startswith("The user knows:")
    assert "An earlier plan was refused" not in model.asked[0].messages[1].content
    assert "no JSON" in model.asked[1].messages[1].content
    assert "which is not made before it" in model.asked[2].messages[1].content
    assert model.asked[0].grammar is not None and model.asked[0].grammar == model.asked[2].grammar


async def test_without_a_good_plan_the_conversation_is_given_up_before_it_is_written() -> None:
    bad = json.dumps(blueprint(turn(THEN_SEND)))
    outcome, model = await outlined(bad, max_stage_retries=1)
    assert isinstance(outcome, Rejected) and outcome.reason == "bad_blueprint" and len(model.asked) == 2
    assert "not made before it" in outcome.detail and "2 samples of" in outcome.detail
    outcome, _ = await outlined("", max_stage_retries=1)
    assert isinstance(outcome, Rejected) and outcome.reason == "bad_blueprint"


async def test_the_tools_that_a_plan_names_are_taken_without_a_request() -> None:
    model = ScriptedModel({})
    outcome = await select_tools(draft("happy_path", "", blueprint(turn(LOOK, THEN_SEND))), context(model))
    assert isinstance(outcome, StageDone) and not outcome.usage and not model.asked
    assert {"FIND_INVOICES", "SEND_INVOICE"} <= set(outcome.value["shown"])


def test_a_tool_that_is_missing_is_neither_planned_with_nor_shown() -> None:
    means = context(ScriptedModel({}), BUNDLES[0])
    shown_once: set[str] = set()
    for index in range(1, 30):
        missing = replace(plan_at(index, means.settings, (BUNDLES[0],)), kind="missing_tool", variant="")
        focus = focus_of(missing, means)
        withheld = {tool.name for tool in focus.withheld}
        shown = shown_tools_of(missing, (), sorted(withheld), means)
        assert withheld and shown and not withheld & {tool.name for tool in (*focus.tools, *shown)}
        shown_once |= withheld
    assert shown_once == {tool.name for tool in BUNDLES[0].tools}, "each has its turn"


def test_every_tool_is_at_the_centre_equally_often_whatever_finishes_first() -> None:
    means = context(ScriptedModel({}), BUNDLES[0])
    tools = len(BUNDLES[0].tools)

    def central(index: int) -> str:
        happy = replace(plan_at(index, means.settings, (BUNDLES[0],)), kind="happy_path", variant="")
        tool = focus_of(happy, means).central
        assert tool is not None
        return tool.name

    forwards = [central(index) for index in range(1, 2 * tools + 1)]
    assert [central(index) for index in range(2 * tools, 0, -1)] == forwards[::-1]
    assert {forwards.count(tool.name) for tool in BUNDLES[0].tools} == {2}


def test_a_kind_that_is_about_many_tools_is_shown_all_there_are() -> None:
    means = context(ScriptedModel({}), BUNDLES[0])
    for kind in (kind for kind, spec in SPECS.items() if spec.whole):
        some = replace(plan(kind, ERROR_VARIANTS[0] if kind == "tool_error" else ""), difficulty="easy")
        assert len(shown_tools_of(some, (), (), means)) == len(BUNDLES[0].tools)


def test_a_plan_is_kept_in_the_journal_and_in_every_line() -> None:
    planned = blueprint(turn(LOOK))
    entry = StageDone("conv_00001", "outline", {"outline": "o", "blueprint": planned})
    assert entry_of(entry_line(entry)) == entry
    known = fold(plan("tool_error", "timeout/retry"), [entry])
    ((_, line),) = lines_after(known, Rejected("conv_00001", "tools", "no_tools"), ())
    assert line["blueprint"] == planned and line["today"] == "2025-03-04" and line["difficulty"] == "easy"
    assert (line["kind"], line["variant"]) == ("tool_error", "timeout/retry")


def test_a_journal_of_an_earlier_version_has_plans_in_prose_and_is_read_as_well() -> None:
    old = fold(plan(), [StageDone("conv_00001", "outline", {"outline": "They talk."})])
    assert old.outline == "They talk." and old.blueprint is None and old.done == ("outline",)


def test_fields_of_responses_are_found_by_their_path() -> None:
    assert steps_of("items[0].id") == ("items", 0, "id") and steps_of("[1]") == (1,)
    for bad in ("", "a..b", "a[x]", ".", "a" * 600, "[0]" * 30):
        assert steps_of(bad) == ()
    assert field_at(FIND.response, "items[3].id") == {"type": "string"}
    assert field_at(FIND.response, "$.items[0].total") == {"type": "integer"}
    assert field_at(FIND.response, "id") is None and field_at(FIND.response, "items.id") is None
    assert (
        field_at({}, "any.thing") is UNKNOWN and field_at({"anyOf": [{}, {"type": "string"}]}, "a") is UNKNOWN
    )
