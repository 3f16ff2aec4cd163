"""A record of a data set in the one form that all formats are made from.

Records come from a run or from a file that somebody made: unknown keys are not looked at, and what the
predecessor and the published data set write as JSON text (tools, tool calls) is read too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import orjson

from funcdex.dml.jsontext import MAX_DEPTH, flaw_of
from funcdex.dml.parser import parse
from funcdex.errors import MarkupError
from funcdex.export.content import thought_and_text
from funcdex.export.messages import to_messages
from funcdex.types.conversation import JsonValue

Role = Literal["user", "assistant", "tool"]
Record = Mapping[str, Any]

_LONG_NUMBER = re.compile(r"\d{16}")


@dataclass(frozen=True)
class Call:
    """A tool call; `arguments` is the JSON text of an object."""

    id: str
    name: str
    arguments: str

    @cached_property
    def values(self) -> dict[str, JsonValue]:
        """The arguments as values. Not to be changed."""
        values: dict[str, JsonValue] = read_json(self.arguments)
        return values


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `text` may be empty; `thought` only on the assistant's; `answers` is the call id of a
    tool message and `name` its tool. `trained`: whether a trainer should learn it."""

    role: Role
    text: str
    calls: tuple[Call, ...] = ()
    thought: str | None = None
    answers: str = ""
    name: str = ""
    trained: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """What is exported of a record. `tools` are OpenAI's function tools, in the order in which they are
    shown; `system` is None where there is no system prompt, or none is wanted."""

    id: str
    system: str | None
    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...]
    toolkit: str = ""
    kind: str = ""
    toolkit_count: int = 1
    scores: Mapping[str, Any] | None = None

    @property
    def calls(self) -> Iterator[Call]:
        """Every call, in order."""
        return (call for message in self.messages for call in message.calls)


def read_json(text: str | bytes) -> JsonValue:
    """The value of a JSON text. Raises ValueError."""
    # orjson reads an integer of more than 64 bits as a float: another number.
    if isinstance(text, str) and _LONG_NUMBER.search(text):
        return json.loads(text)
    return orjson.loads(text)


def name_of(tool: Mapping[str, Any]) -> str:
    """The function's name."""
    name: str = tool["function"]["name"]
    return name


def sample_of(record: Record, otherwise: str) -> Sample:
    """The record, whose id is `otherwise` if it has none. Raises ValueError that says what is wrong."""
    raw = _marked(list(_raw_messages(record)), record.get("loss_mask"))
    system = _system(record)
    if raw and raw[0].get("role") in ("system", "developer"):
        first = raw.pop(0)
        system = system or _text(first, 0)
    messages = tuple(_message(one, at) for at, one in enumerate(raw))
    if not any(message.role == "assistant" for message in messages):
        raise ValueError("messages: no message of the assistant")
    toolkits = record.get("toolkits")
    toolkit, count, scores = record.get("toolkit"), record.get("original_toolkit_count"), record.get("scores")
    if not isinstance(toolkit, str):
        toolkit = "-".join(map(str, toolkits)) if isinstance(toolkits, list) else ""
    return Sample(
        id=str(record.get("id") or otherwise),
        system=system,
        messages=_with_mask(messages, raw),
        tools=_tools(record),
        toolkit=toolkit,
        kind=kind if isinstance(kind := record.get("kind"), str) else "",
        toolkit_count=count if isinstance(count, int) else 1,
        scores=scores if isinstance(scores, dict) else None,
    )


def _raw_messages(record: Record) -> Iterator[Mapping[str, Any]]:
    raw = _read(record.get("messages", record.get("conversations")), "messages")
    if raw is None and isinstance(record.get("conversation_dml"), str):
        try:
            raw = to_messages(parse(record["conversation_dml"]))
        except MarkupError as error:
            raise ValueError(f"conversation_dml: {error.what}") from error
    if not isinstance(raw, list) or not raw:
        raise ValueError("messages: expected a list that is not empty")
    for at, message in enumerate(raw):
        if not isinstance(message, dict | Mapping) or not isinstance(message.get("role"), str):
            raise ValueError(f"messages[{at}]: expected an object with a role")
        yield message


def _system(record: Record) -> str | None:
    for key in ("system_prompt", "system"):
        if isinstance(record.get(key), str) and record[key]:
            text: str = record[key]
            return text
    return None


def _message(raw: Mapping[str, Any], at: int) -> Message:
    role = raw["role"]
    if role == "user":
        return Message("user", _text(raw, at))
    if role == "assistant":
        thought, text = _thought_and_text(raw, at)
        calls = tuple(_calls(raw, at))
        if not text and not calls:
            raise ValueError(f"messages[{at}]: the assistant neither speaks nor calls")
        return Message("assistant", text, calls, thought, trained=True)
    if role == "tool":
        answers, name = raw.get("tool_call_id"), raw.get("name")
        content = raw.get("content")
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        return Message("tool", text, answers=str(answers or ""), name=str(name or ""))
    raise ValueError(f"messages[{at}].role: expected system, user, assistant or tool, found {role[:20]!r}")


def _text(raw: Mapping[str, Any], at: int) -> str:
    text = raw.get("content")
    if not isinstance(text, str):
        raise ValueError(f"messages[{at}].content: expected a text")
    return text


def _thought_and_text(raw: Mapping[str, Any], at: int) -> tuple[str | None, str]:
    if raw.get("content") is None:
        thought, text = None, ""
    else:
        try:
            thought, text = thought_and_text(_text(raw, at))
        except ValueError as error:
            raise ValueError(f"messages[{at}].content: {error}") from error
    reasoning = raw.get("reasoning_content")
    return (reasoning if thought is None and isinstance(reasoning, str) else thought) or None, text


def _calls(raw: Mapping[str, Any], at: int) -> Iterator[Call]:
    calls = _read(raw.get("tool_calls"), f"messages[{at}].tool_calls") or ()
    if not isinstance(calls, Sequence) or isinstance(calls, str):
        raise ValueError(f"messages[{at}].tool_calls: expected a list")
    for number, call in enumerate(calls):
        where = f"messages[{at}].tool_calls[{number}]"
        function = call.get("function", call) if isinstance(call, dict | Mapping) else None
        if not isinstance(function, dict | Mapping) or not isinstance(function.get("name"), str):
            raise ValueError(f"{where}: expected a function with a name")
        yield Call(
            str(call.get("id") or f"call_{at}_{number}"), function["name"], _arguments(function, where)
        )


def _arguments(function: Mapping[str, Any], where: str) -> str:
    arguments = function.get("arguments")
    if isinstance(arguments, dict | Mapping):
        arguments = json.dumps(arguments, ensure_ascii=False)
    if not isinstance(arguments, str):
        raise ValueError(f"{where}: expected arguments as a JSON text or an object")
    values = _read(arguments, where)
    if not isinstance(values, dict):
        raise ValueError(f"{where}: the arguments are no JSON object")
    # What only the slower reader takes, or is nested deep, may be what no file can hold.
    suspicious = _LONG_NUMBER.search(arguments) or arguments.count("[") + arguments.count("{") > MAX_DEPTH
    if suspicious and (flaw := flaw_of(values)) is not None:
        raise ValueError(f"{where}: {flaw}")
    return arguments


def _tools(record: Record) -> tuple[Mapping[str, Any], ...]:
    tools = _read(record.get("tools"), "tools") or []
    if not isinstance(tools, list):
        raise ValueError("tools: expected a list")
    for at, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise ValueError(f"tools[{at}]: expected a function with a name")
    return tuple(tools)


def _read(value: JsonValue, where: str) -> JsonValue:
    """The value, or what it says if it is a JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return read_json(value)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where}: not JSON ({error})") from error


def _marked(raw: list[Mapping[str, Any]], masks: JsonValue) -> list[Mapping[str, Any]]:
    """The messages with their marks, where the record has these in a list of their own."""
    if not isinstance(masks, list) or len(masks) != len(raw):
        return raw
    return [{"loss_mask": mask, **message} for message, mask in zip(raw, masks, strict=True)]


def _with_mask(messages: tuple[Message, ...], raw: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """A record may say of each message whether it is to be learnt; else all of the assistant's are."""
    if not any("loss_mask" in one for one in raw):
        return messages
    return tuple(
        _learnt(message, bool(one.get("loss_mask", message.trained)))
        for message, one in zip(messages, raw, strict=True)
    )


def _learnt(message: Message, trained: bool) -> Message:
    if message.trained == trained or message.role != "assistant":
        return message
    return Message("assistant", message.text, message.calls, message.thought, trained=trained)
