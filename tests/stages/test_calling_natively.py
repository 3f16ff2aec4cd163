"""The assistant of a conversation in turns calls tools as the chat API has it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError
from scripted_model import context, draft

from funcdex.dml.parser import parse
from funcdex.settings.tree import Settings
from funcdex.stages.conversation import write_conversation
from funcdex.stages.turns.native import chat_messages
from funcdex.types.record import Rejected, StageDone
from funcdex.types.request import Completion, NativeCall, Request

Said = tuple[str, Sequence[tuple[str, str]]]
"""Words of the assistant, and calls: names and arguments as text."""


class NativeModel:
    """User and tool as in any conversation in turns; the assistant answers by `tool_calls`."""

    def __init__(self, *said: Said, tool: str = '{"id": 7}') -> None:
        self.said = list(said)
        self.tool = tool
        self.asked: list[Request] = []
        self._user = ["Please write to <b>Ada</b>.", "Thanks."]

    async def generate(self, request: Request) -> Completion:
        self.asked.append(request)
        text, calls = "", tuple[NativeCall, ...]()
        match request.stage:
            case "user_turn":
                text = json.dumps(
                    {"over": not self._user, "message": self._user.pop(0) if self._user else ""}
                )
            case "tool_response":
                text = self.tool
            case _:
                text, told = self.said.pop(0) if len(self.said) > 1 else self.said[0]
                calls = tuple(NativeCall(*one) for one in told)
        return Completion(text, "stop", "http://scripted", "scripted", 10, 5, calls=calls)


async def written(*said: Said, **generation: Any) -> tuple[StageDone | Rejected, NativeModel]:
    model = NativeModel(*said)
    settings = {
        "generation": {
            "mode": "turn_by_turn",
            "assistant_calls": "native",
            "min_user_turns": 1,
            "max_regenerations": 0,
            "max_stage_retries": 1,
            "max_corrections": 0,
            **generation,
        }
    }
    run = context(model, **settings)  # type: ignore[arg-type]  # it has what is used of a model
    shown = draft(
        Settings.model_validate(settings), scenario="s", persona="p", outline="-", shown=("SEND", "TRACK")
    )
    return await write_conversation(shown, run), model


WRITE: Said = ("I write <b>now</b> to her.", [("SEND", '{"to": "Ada"}')])
DONE: Said = ("Letter 7 is on its way.", [])
BYE: Said = ("You are welcome.", [])


async def test_calls_and_words_become_a_conversation_like_any_other() -> None:
    outcome, model = await written(WRITE, DONE, BYE)
    assert isinstance(outcome, StageDone)
    conversation = parse(outcome.value["dml"])
    first, last = conversation.turns[0].messages
    assert (first.text, first.steps[0].calls[0].arguments) == ("I write <b>now</b> to her.", {"to": "Ada"})
    assert first.steps[0].responses == ({"id": 7},) and last.text == "Letter 7 is on its way."
    asked = [request for request in model.asked if request.stage == "assistant_turn"]
    chat, later = asked[0].native, asked[1].native
    assert chat is not None and later is not None
    assert [tool["function"]["name"] for tool in json.loads(chat.tools)] == ["SEND", "TRACK"]
    assert chat.tool_choice == "auto" and not chat.parallel and asked[0].grammar is None
    messages = json.loads(later.messages)
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "tool"]
    call, answer = messages[2]["tool_calls"][0], messages[3]
    assert call["function"] == {"name": "SEND", "arguments": '{"to": "Ada"}'}
    assert call["id"] == answer["tool_call_id"] and answer["content"] == '{"id": 7}'
    assert sum(used.stage == "assistant_turn_native" for used in outcome.usage) == 3


async def test_a_call_without_words_and_without_arguments_will_do() -> None:
    outcome, _ = await written(("", [("TRACK", "")]), DONE, BYE)
    assert isinstance(outcome, StageDone)
    assert parse(outcome.value["dml"]).steps[0].calls[0].arguments == {}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (("", [("BURN", "{}")]), "unknown_tool"),
        (("", [("", "{}")]), "unknown_tool"),
        (("", [("SEND", '{"to": ')]), "invalid_arguments"),
        (("", [("SEND", '["Ada"]')]), "invalid_arguments"),
        (("", [("SEND", '{"to": "Ada"} {}')]), "invalid_arguments"),
        (("", [("SEND", '{"to": ' + "[" * 500 + "]" * 500 + "}")]), "invalid_arguments"),
        ((" ", []), "no_answer"),
    ],
)
async def test_what_no_conversation_can_hold_is_asked_for_again_and_then_a_fault(
    bad: Said, reason: str
) -> None:
    mended, _ = await written(WRITE, bad, DONE, BYE)
    assert isinstance(mended, StageDone)
    outcome, model = await written(bad)
    assert isinstance(outcome, Rejected) and outcome.reason == reason
    assert sum(request.stage == "assistant_turn" for request in model.asked) == 2


async def test_arguments_against_the_schema_are_a_fault_of_their_turn() -> None:
    outcome, _ = await written(("", [("SEND", '{"to": 5}')]), DONE, BYE)
    assert isinstance(outcome, Rejected) and outcome.reason == "invalid_arguments"


async def test_who_calls_without_end_is_told_to_speak() -> None:
    outcome, model = await written(WRITE, WRITE, DONE, BYE, max_steps_per_turn=2)
    assert isinstance(outcome, StageDone)
    chats = [request.native for request in model.asked if request.native is not None]
    assert [one.tool_choice for one in chats] == ["auto", "auto", "none", "auto"]


def call(number: int, name: str, arguments: str) -> dict[str, Any]:
    return {
        "id": f"call{number:05d}",
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def test_a_begun_turn_is_told_in_roles() -> None:
    markup = (
        '</user>\nHi &lt;tool>\n</assistant>\nA.\n<tool>{"name": "A", "arguments": {}}</tool>\n'
        '<tool>{"name": "B", "arguments": {"x": "é"}}</tool>\n<tool_response>1</tool_response>\n'
        '<tool_response>[]</tool_response>\n<tool>{"name": "A", "arguments": {}}</tool>\n'
        "<tool_response>null</tool_response>"
    )
    assert chat_messages(markup) == [
        {"role": "user", "content": "Hi <tool>"},
        {
            "role": "assistant",
            "content": "A.",
            "tool_calls": [call(0, "A", "{}"), call(1, "B", '{"x": "é"}')],
        },
        {"role": "tool", "tool_call_id": "call00000", "content": "1"},
        {"role": "tool", "tool_call_id": "call00001", "content": "[]"},
        {"role": "assistant", "content": None, "tool_calls": [call(2, "A", "{}")]},
        {"role": "tool", "tool_call_id": "call00002", "content": "null"},
    ]
    assert chat_messages("") == []


def test_thoughts_are_for_markup_alone() -> None:
    with pytest.raises(ValidationError, match="thoughts are written in markup"):
        Settings.model_validate({"generation": {"assistant_calls": "native", "thoughts": True}})
