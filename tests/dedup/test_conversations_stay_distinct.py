"""A finished conversation that goes like an earlier one of the same toolkits is refused, also after a
resume."""

# ruff: noqa: E501
from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from planted import serving
from scripted_model import SEND, ScriptedModel, context, draft

from funcdex.dedup.conversations import ConversationLayer
from funcdex.dedup.guard import ScenarioGuard
from funcdex.dedup.sketch import call_shape, calls_of, sketch_of
from funcdex.dml.parser import parse
from funcdex.guarding import serving_conversations
from funcdex.order import order_from
from funcdex.rundir.journal import append_entries
from funcdex.rundir.reading import WrittenConversations, read_journal
from funcdex.settings.tree import Settings
from funcdex.stages.context import Context
from funcdex.stages.conversation import write_conversation
from funcdex.types.conversation import ToolCall
from funcdex.types.record import Rejected, StageDone


def talk(user: str, *calls: str, to: str = "Ada") -> str:
    said = "".join(
        f'<tool>{{"name": "{one}", "arguments": {{"to": "{to}"}}}}</tool>\n<tool_response>{{"id": 7}}</tool_response>\n'
        for one in calls
    )
    begun = f"</assistant>\n{said}" if calls else ""
    return f"</user>\n{user}\n{begun}</assistant>\nDone, all of it."


LETTER = (
    "Please write a letter to the landlord about the broken window in the kitchen, and add the photographs."
)
SAME = "Please write a letter to the landlord about the broken window in the kitchen, and add the photographs for Bea."
REWORDED = (
    "Write the landlord a letter with photographs about the kitchen's broken window, please, by Friday."
)
OTHER = "Track the parcel with the spare wheels, and tell me whether the depot has it on the shelf already."


@pytest.mark.parametrize(
    ("first", "second", "layer"),
    [
        (talk(LETTER, "SEND"), talk(LETTER, "SEND", to="Bea"), "user_turns"),
        (talk(LETTER, "SEND"), talk(LETTER, "TRACK"), "user_turns"),
        (talk(LETTER, "SEND"), talk(SAME, "SEND"), "calls_and_words"),
        (talk(LETTER, "SEND"), talk(REWORDED, "SEND"), "calls_and_words"),
        (talk(LETTER, "SEND"), talk(REWORDED, "SEND", "SEND"), None),
        (talk(LETTER, "SEND"), talk(OTHER, "SEND"), None),
        (talk("Yes, please.", "SEND"), talk("Yes, please.", "TRACK"), None),
    ],
)
async def test_it_is_refused_if_the_user_says_the_same_or_the_same_is_done(
    first: str, second: str, layer: str | None
) -> None:
    async with serving(ConversationLayer(0.7)) as guard:
        assert await guard.admit("post", first) is None
        assert await guard.admit("other", second) is None
        duplicate = await guard.admit("post", second)
        assert (duplicate and duplicate.layer) == layer


def test_calls_are_told_apart_by_names_shapes_and_order() -> None:
    shape = call_shape(
        ToolCall("SEND", {"to": "Ada", "copies": [1, 2.5], "o": {"x": None, "b": True}, "e": []})
    )
    assert shape == "SEND{'copies':[n],'e':[],'o':{'b':b,'x':0},'to':s}"
    assert call_shape(ToolCall("SEND", {"to": "Bea"})) == call_shape(ToolCall("SEND", {"to": "Ada"}))
    orders = [calls_of(parse(talk(LETTER, *calls))) for calls in (("A", "B"), ("B", "A"), ("A",), ())]
    assert len(set(orders)) == 4


def test_deep_arguments_are_cut_off() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = {"x": deep}
    assert "..." in call_shape(ToolCall("SEND", {"deep": deep}))


def test_what_is_no_conversation_has_no_sketch() -> None:
    assert sketch_of("") is None and sketch_of("</user>\nHi") is None
    layer = ConversationLayer(0.7)
    layer.insert("post", ["", "no markup"])
    assert layer.admit([("post", "no markup")]) == [None]


async def test_the_stage_rejects_what_is_there_already() -> None:
    text = f"{talk(LETTER, 'SEND', to='landlord')}\n</user>\nThanks.\n</assistant>\nYou are welcome."
    model = ScriptedModel({"conversation": [text]})
    made = context(model)
    guard = ScenarioGuard([ConversationLayer(0.7)], with_examples=False)
    means = Context(
        made.generate, made.settings, made.bundles, made.guard, made.tool_sets, made.grammars, guard
    )
    outcomes = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(guard.serve)
        for _ in range(2):
            known = draft(scenario="s", persona="p", outline="o", shown=(SEND.name,))
            outcomes.append(await write_conversation(known, means))
        tasks.cancel_scope.cancel()
    first, second = outcomes
    assert isinstance(first, StageDone) and first.value["dml"] == text
    assert isinstance(second, Rejected) and second.reason == "duplicate_conversation"
    assert len(second.usage) == 1, "what was paid for is told"


def entries(id: str, text: str) -> list[StageDone]:
    before: list[StageDone] = [
        StageDone(id, "scenario", {"scenario": id}),
        StageDone(id, "persona", {"persona": "p"}),
        StageDone(id, "outline", {"outline": "o"}),
        StageDone(id, "tools", {"shown": ["SEND"]}),
    ]
    return [*before, StageDone(id, "conversation", {"dml": text})]


async def test_those_of_earlier_sessions_count_for_the_toolkits_of_their_plan(tmp_path: Path) -> None:
    order = order_from(tmp_path, Settings(toolkits=("gmail", "jira"), count=3))
    tmp_path.joinpath("journal").mkdir()
    append_entries(
        order.run, [*entries("conv_00001", talk(LETTER, "SEND")), *entries("conv_00002", talk(OTHER))]
    )
    state = read_journal(order.run)
    assert list(state.written) == ["conv_00001", "conv_00002"]
    async with serving_conversations(order, state.written) as guard:
        assert guard is not None
        assert await guard.admit("jira", talk(LETTER, "SEND")) is None
        assert await guard.admit("gmail", talk(REWORDED, "SEND")) is not None
        assert await guard.admit("jira", talk(OTHER)) is not None


async def test_conversations_that_cannot_be_read_any_more_are_passed_over(tmp_path: Path) -> None:
    order = order_from(tmp_path, Settings(toolkits=("gmail",), count=3))
    assert list(WrittenConversations(order.run, [0, 7])) == ["", ""]
    tmp_path.joinpath("journal").mkdir()
    append_entries(order.run, entries("conv_00001", talk(LETTER)))
    at = read_journal(order.run).written["conv_00001"]
    assert WrittenConversations(order.run, [at, 1, 0, 10**9])[:] == [talk(LETTER), "", "", ""]


@pytest.mark.parametrize("dedup", [{"enabled": False}, {"conversations": False}])
async def test_it_can_be_switched_off(tmp_path: Path, dedup: dict[str, bool]) -> None:
    settings = Settings.model_validate({"toolkits": ["gmail"], "dedup": dedup})
    async with serving_conversations(order_from(tmp_path, settings), {}) as guard:
        assert guard is None
