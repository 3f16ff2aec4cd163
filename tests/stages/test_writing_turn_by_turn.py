"""A conversation that a user, an assistant and tools write in turns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from scripted_model import ScriptedModel, context, draft

from funcdex.dml.parser import parse
from funcdex.settings.tree import Settings
from funcdex.stages.conversation import write_conversation
from funcdex.stages.turns.user import END_OF_CONVERSATION
from funcdex.types.record import Rejected, StageDone, TurnDone

CALL = '</assistant>\nI write to her.\n<tool>{"name": "SEND", "arguments": {"to": "Ada"}}</tool>'
DONE = "</assistant>\nLetter 7 is on its way."


def says(message: str, *, over: bool = False) -> str:
    return json.dumps({"over": over, "message": message})


async def written(
    answers: Mapping[str, Sequence[str | tuple[str, str]]], **generation: Any
) -> tuple[StageDone | Rejected, ScriptedModel]:
    model = ScriptedModel(answers)
    settings = {
        "generation": {"mode": "turn_by_turn", "min_user_turns": 1, "max_regenerations": 0, **generation}
    }
    run = context(model, **settings)
    shown = draft(
        Settings.model_validate(settings), scenario="Ada waits.", persona="Bo", outline="-", shown=("SEND",)
    )
    return await write_conversation(shown, run), model


async def test_each_part_says_its_own() -> None:
    outcome, model = await written(
        {
            "user_turn": [says("Please write to Ada."), says("", over=True)],
            "assistant_turn": [CALL, DONE],
            "tool_response": ['{"id": 7}'],
        }
    )
    assert isinstance(outcome, StageDone)
    conversation = parse(outcome.value["dml"])
    assert conversation.turns[0].user == "Please write to Ada."
    assert conversation.steps[0].responses == ({"id": 7},)
    assert conversation.turns[0].messages[-1].text == "Letter 7 is on its way."
    stages = [request.stage for request in model.asked]
    assert stages == ["user_turn", "assistant_turn", "tool_response", "assistant_turn", "user_turn"]
    assert len({request.sampling.seed for request in model.asked}) == len(stages)


async def test_the_user_hears_words_alone_and_the_assistant_does_not_know_the_goal() -> None:
    _, model = await written(
        {
            "user_turn": [says("Please write to Ada."), says("", over=True)],
            "assistant_turn": [CALL, DONE],
            "tool_response": ['{"id": 7}'],
        }
    )
    last_of_user, last_of_assistant = model.asked[-1].messages[1].content, model.asked[-2].messages[1].content
    assert "on its way" in last_of_user and "SEND" not in last_of_user
    assert "Ada waits" in last_of_user and "Ada waits" not in last_of_assistant


async def test_a_silent_call_after_a_response_is_a_further_step() -> None:
    silent = '</assistant>\n<tool>{"name": "SEND", "arguments": {"to": "Bea"}}</tool>'
    outcome, _ = await written(
        {
            "user_turn": [says("Write to Ada and Bea."), says("", over=True)],
            "assistant_turn": [CALL, silent, DONE],
            "tool_response": ['{"id": 7}', '{"id": 8}'],
        }
    )
    assert isinstance(outcome, StageDone)
    assert len(parse(outcome.value["dml"]).turns[0].messages[0].steps) == 2


async def test_the_user_has_a_most_of_turns() -> None:
    outcome, model = await written(
        {"user_turn": [says("And now?")], "assistant_turn": ["</assistant>\nNothing."]},
        max_user_turns=3,
        min_user_turns=2,
    )
    assert isinstance(outcome, StageDone)
    assert len(parse(outcome.value["dml"]).turns) == 3
    openings = [one.grammar.render("lark") for one in model.asked if one.stage == "user_turn" and one.grammar]
    assert "false" in openings[0] and openings[0] != openings[-1]


async def test_who_calls_without_end_has_to_speak() -> None:
    outcome, model = await written(
        {
            "user_turn": [says("Write to Ada."), says("", over=True)],
            "assistant_turn": [CALL, CALL, DONE],
            "tool_response": ['{"id": 7}'],
        },
        max_steps_per_turn=2,
    )
    assert isinstance(outcome, StageDone)
    asked = [
        one.grammar.render("lark") for one in model.asked if one.stage == "assistant_turn" and one.grammar
    ]
    assert "SEND" in asked[1] and "SEND" not in asked[2]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"user_turn": ["no JSON"]}, "no_answer"),
        ({"user_turn": [says("Hi")], "assistant_turn": [("", "length")]}, "no_answer"),
        (
            {"user_turn": [says("Hi")], "assistant_turn": [CALL], "tool_response": ['{"id": "seven"}']},
            "inconsistent_tool",
        ),
        ({"user_turn": [says("Hi")], "assistant_turn": ['</assistant>\n<tool>{"name"']}, "markup"),
    ],
)
async def test_a_part_that_does_not_answer_ends_the_conversation(
    answers: Mapping[str, Sequence[str | tuple[str, str]]], reason: str
) -> None:
    outcome, _ = await written(answers, max_stage_retries=1)
    assert isinstance(outcome, Rejected)
    assert outcome.reason in (reason, "length")


async def test_tokens_that_are_used_up_end_it() -> None:
    outcome, _ = await written(
        {"user_turn": [says("And now? " * 50)], "assistant_turn": ["</assistant>\nNothing."]},
        max_tokens=120,
        max_user_turns=50,
    )
    assert isinstance(outcome, Rejected) and outcome.reason == "length"


async def test_a_model_trained_as_a_user_sees_the_talk_and_ends_it() -> None:
    outcome, model = await written(
        {
            "user_turn": ["write to ada pls", END_OF_CONVERSATION],
            "assistant_turn": [CALL, DONE],
            "tool_response": ['{"id": 7}'],
        },
        user_simulator="plain",
    )
    assert isinstance(outcome, StageDone)
    assert [message.role for message in model.asked[-1].messages] == ["system", "user", "assistant"]


TALK: Mapping[str, Sequence[str]] = {
    "user_turn": [says("Please write to Ada."), says("And where is it?"), says("", over=True)],
    "assistant_turn": [CALL, DONE, "</assistant>\nOn the road."],
    "tool_response": ['{"id": 7}'],
}


async def checkpointed(
    answers: Mapping[str, Sequence[str | tuple[str, str]]], begun: Sequence[TurnDone] = (), **generation: Any
) -> tuple[StageDone | Rejected, ScriptedModel, list[TurnDone]]:
    """Where the run is stopped at the last of `begun`."""
    kept: list[TurnDone] = []

    async def keep(turn: TurnDone) -> None:
        kept.append(turn)

    model = ScriptedModel(answers)
    settings = {"generation": {"mode": "turn_by_turn", "max_regenerations": 0, **generation}}
    run = replace(context(model, **settings), checkpoint=keep)
    shown = draft(
        Settings.model_validate(settings),
        **{"scenario": "Ada waits.", "persona": "Bo", "outline": "-", "shown": ("SEND",)},
        begun=tuple(begun),
    )
    return await write_conversation(shown, run), model, kept


async def test_a_conversation_goes_on_at_the_turn_it_had_reached() -> None:
    whole, asked, turns = await checkpointed(TALK)
    assert isinstance(whole, StageDone)
    assert [(one.sample, one.turn) for one in turns] == [(1, 1), (1, 2)]
    assert "\n".join(one.dml for one in turns) == whole.value["dml"]
    rest = {**TALK, "user_turn": TALK["user_turn"][1:], "assistant_turn": TALK["assistant_turn"][2:]}
    again, asked_again, further = await checkpointed(rest, turns[:1])
    assert isinstance(again, StageDone)
    assert again.value["dml"] == whole.value["dml"] and further == turns[1:]
    assert asked_again.asked == asked.asked[4:], "to the byte, seeds too, what would have been asked then"
    assert [one.stage for one in again.usage] == [one.stage for one in whole.usage]


async def test_the_tools_still_know_what_they_said() -> None:
    _, _, turns = await checkpointed(TALK)
    calls_again = {**TALK, "user_turn": TALK["user_turn"][1:], "assistant_turn": [CALL, DONE]}
    _, model, _ = await checkpointed(calls_again, turns[:1])
    question = next(one for one in model.asked if one.stage == "tool_response")
    assert 'SEND {"to":"Ada"} -> {"id":7}' in question.messages[1].content


async def test_samples_that_were_given_up_count() -> None:
    _, _, turns = await checkpointed(TALK)
    second = [structs.replace(one, sample=2, corrected=({"sample": 1, "how": "turn"},)) for one in turns[:1]]
    outcome, model, further = await checkpointed(
        {"user_turn": [says("So?")], "assistant_turn": [("", "length")]},
        [*turns, *second],
        max_regenerations=1,
        max_stage_retries=0,
    )
    assert isinstance(outcome, Rejected) and not further
    assert sum(one.stage == "assistant_turn" for one in model.asked) == 1, "the second sample is the last"


async def test_a_begun_turn_that_cannot_be_read_is_a_fault_and_no_crash() -> None:
    bad = TurnDone("conv_00001", 1, 1, "</tool>no markup")
    outcome, model, _ = await checkpointed(TALK, [bad])
    assert isinstance(outcome, Rejected) and outcome.reason == "markup" and not model.asked
