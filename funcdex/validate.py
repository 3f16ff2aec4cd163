"""Checks a data set line by line, from nothing but what stands in it (and the run's tools beside it)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from funcdex.dml.parser import parse
from funcdex.errors import ConfigError, MarkupError, MessagesError
from funcdex.export.read_messages import from_messages
from funcdex.ordinary_file import open_ordinary
from funcdex.rundir.layout import TOOLS_FILE
from funcdex.settings.tree import VerifySettings
from funcdex.toolkits.read import read_toolkits
from funcdex.types.conversation import Conversation
from funcdex.types.fault import Fault
from funcdex.types.tools import Bundle, Tool, Toolkit
from funcdex.verify.given import Given
from funcdex.verify.roles import system_prompt_faults
from funcdex.verify.verify import ALL_CHECKS, verify

USUAL_KIND = "happy_path"
"""Kinds of conversations beside it may have errors as responses, and assistants that decline."""


@dataclass(frozen=True, slots=True)
class LineFault:
    """One fault: line from 1, the record's id if it has one, turn from 1 if it belongs to one."""

    line: int
    id: str
    turn: int | None
    reason: str
    detail: str


def validate_file(
    path: Path, checks: VerifySettings = ALL_CHECKS, language: str | None = "en"
) -> tuple[list[LineFault], int]:
    """Every fault of a data set, and how many lines it has. `language`: what is spoken in it, None for any.
    Raises ConfigError if it cannot be read."""
    beside = toolkits_beside(path)
    seen: dict[str, int] = {}
    faults: list[LineFault] = []
    number = 0
    try:
        with open_ordinary(path) as lines:
            for number, line in enumerate(lines, 1):
                faults.extend(_line_faults(number, line, beside, seen, checks, language))
    except OSError as error:
        raise ConfigError(
            f"cannot read the data set: {error.strerror}", where=str(path), fix="Give a JSON Lines file."
        ) from error
    return faults, number


def _line_faults(
    number: int,
    line: bytes,
    beside: Mapping[str, Toolkit],
    seen: dict[str, int],
    checks: VerifySettings,
    language: str | None,
) -> Iterator[LineFault]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        yield LineFault(number, "", None, "not_json", str(error))
        return
    if not isinstance(record, dict):
        yield LineFault(number, "", None, "not_a_record", "a line is a JSON object")
        return
    id_ = str(record.get("id", ""))
    if id_ and id_ in seen:
        yield LineFault(number, id_, None, "repeated_id", f"line {seen[id_]} has this id too")
    seen.setdefault(id_, number)
    try:
        conversation, tools, given = (
            read_conversation(record),
            read_tools(record, beside),
            read_given(record, language),
        )
    except (MarkupError, MessagesError) as error:
        yield LineFault(number, id_, None, "markup", str(error))
        return
    except (KeyError, TypeError, ValueError) as error:
        yield LineFault(number, id_, None, "not_a_record", f"{type(error).__name__}: {error}")
        return
    for fault in faults_of(record, conversation, tools, given, checks):
        yield LineFault(
            number, id_, None if fault.turn is None else fault.turn + 1, fault.reason, fault.detail
        )


def faults_of(
    record: Mapping[str, Any],
    conversation: Conversation,
    tools: Sequence[Tool] | None,
    given: Given,
    checks: VerifySettings,
) -> tuple[Fault, ...]:
    """Every fault of a record that was read."""
    found = verify(conversation, tools, given, checks, error_responses=may_fail(record))
    return (*found, *_system_faults(given, checks))


def may_fail(record: Mapping[str, Any]) -> bool:
    """Whether tools may answer with errors that their schemas do not describe."""
    return bool(record.get("kind", USUAL_KIND) != USUAL_KIND)


def read_conversation(record: Mapping[str, Any]) -> Conversation:
    """From markup where a record has it, else from messages."""
    match record:
        case {"conversation_dml": str(text)}:
            return parse(text)
        case {"messages": list(messages)}:
            return from_messages(messages)
        case {"messages": str(text)}:  # a column of the predecessor's published data
            messages = orjson.loads(text)
            if isinstance(messages, list):
                return from_messages(messages)
    raise ValueError("a record has a text as `conversation_dml`, or an array as `messages`")


def read_given(record: Mapping[str, Any], language: str | None) -> Given:
    """What a record tells beside its conversation. Of what is missing, nothing is checked."""
    told = record.get("metadata")
    metadata: Mapping[str, Any] = told if isinstance(told, dict) else {}
    return Given(
        system=_text(record.get("system_prompt") or record.get("system")),
        persona=_text(metadata.get("user_persona")),
        scenario=_text(metadata.get("scenario")),
        language=language,
        refusals=record.get("kind", USUAL_KIND) != USUAL_KIND,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _system_faults(given: Given, checks: VerifySettings) -> Iterator[Fault]:
    if checks.roles and given.system:
        yield from system_prompt_faults(given.system, given)


def read_tools(record: Mapping[str, Any], beside: Mapping[str, Toolkit]) -> tuple[Tool, ...] | None:
    """The tools a record carries, with the response schemas of the run it lies in; None if it carries none,
    as the predecessor's conversations.

    Records carry tools as OpenAI defines them, and those have no response schema.
    """
    carried = record.get("tools")
    if carried is None and "conversation_dml" in record:
        return None
    if isinstance(carried, str):  # a column of the predecessor's published data
        carried = orjson.loads(carried)
    if not isinstance(carried, list):
        raise ValueError("a record has an array as `tools`")
    toolkits = [beside[name] for name in record.get("toolkits", ()) if name in beside]
    responses = {tool.name: tool.response for tool in Bundle(tuple(toolkits)).tools}
    return tuple(
        Tool(
            toolkit="",
            name=function["name"],
            description=function.get("description", ""),
            parameters=function.get("parameters", {}),
            response=responses.get(function["name"], {}),
        )
        for function in (tool["function"] for tool in carried)
    )


def toolkits_beside(path: Path) -> dict[str, Toolkit]:
    """The toolkits of the run that a data set lies in, by name; {} elsewhere."""
    tools_file = path.parent / TOOLS_FILE
    if not os.path.isfile(tools_file):
        return {}
    return {kit.name: kit for kit in read_toolkits([tools_file]).toolkits}
