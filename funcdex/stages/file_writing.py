"""Files in calls and responses: models write them as plain text, and base64 and sizes are made of it here.

    asked for   {"data": {"type": "string", "contentEncoding": "base64"}, "size": {"type": "integer"}}
    shown       {"data": {"type": "string", "description": "... Write the content itself ..."}, "size": ...}
    written     {"data": "Agenda: one, two", "size": 1}
    kept        {"data": "QWdlbmRhOiBvbmUsIHR3bw==", "size": 16}

Grammars and prompts are made of the tools as shown. What is verified and exported is what is kept.
Placeholders stay as they are, so that verification finds them.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import orjson

from funcdex.dml.parser import parse
from funcdex.dml.writer import write
from funcdex.errors import MarkupError
from funcdex.types.conversation import AssistantMessage, Conversation, JsonValue, Step, ToolCall
from funcdex.types.tools import JsonSchema, Tool
from funcdex.verify.file_content import decoded, is_fake, readable, stands_for_content
from funcdex.verify.file_fields import is_base64_field, is_file_key, told_sizes
from funcdex.verify.leaves import item_schema, member_schema

MOST_BYTES = 1_000_000
"""Of one content: what is longer stays as it is written."""
MAX_DEPTH = 60
LONGEST_WORD = 40
"""Characters of base64 from which it is no word that happens to have the form of base64."""
AS_PLAIN_TEXT = "Write the content itself as plain text: it is encoded in base64 afterwards."

_KEPT_AS_TOLD = ("description", "title", "default", "examples")
_LENGTHS = ("minLength", "maxLength")


def as_written(tool: Tool) -> Tool:
    """The tool as its calls are to be written: contents of files are plain strings. The very same tool where
    it has none."""
    changed = _shown(tool)
    return tool if changed is None else replace(tool, parameters=changed[0], response=changed[1])


def encoded(text: str, tools: Mapping[str, Tool]) -> str:
    """The conversation in markup with each content of a file in base64, and the sizes beside it set. The very
    same text where there is nothing to encode, or where it is no markup. CPU-bound."""
    if not any(map(_shown, tools.values())):
        return text
    try:
        conversation = parse(text)
        made = with_encoded_files(conversation, tools)
        return text if made is conversation else write(made)
    except (MarkupError, ValueError):
        return text  # What is wrong with it is found by whoever reads it next.


def with_encoded_files(conversation: Conversation, tools: Mapping[str, Tool]) -> Conversation:
    """The same of a conversation that was read already."""
    turns = tuple(
        replace(turn, messages=tuple(_encoded_message(message, tools) for message in turn.messages))
        for turn in conversation.turns
    )
    made = Conversation(turns)
    return conversation if made == conversation else made


def _encoded_message(message: AssistantMessage, tools: Mapping[str, Tool]) -> AssistantMessage:
    return replace(message, steps=tuple(_encoded_step(step, tools) for step in message.steps))


def _encoded_step(step: Step, tools: Mapping[str, Tool]) -> Step:
    calls, responses = list(step.calls), list(step.responses)
    for number, call in enumerate(step.calls):
        tool = tools.get(call.name)
        if tool is not None and _shown(tool):
            arguments = encode_files(dict(call.arguments), tool.parameters)
            assert isinstance(arguments, dict)
            calls[number] = ToolCall(call.name, arguments)
            responses[number] = encode_files(responses[number], tool.response)
    return replace(step, calls=tuple(calls), responses=tuple(responses))


def encode_files(value: JsonValue, schema: JsonSchema) -> JsonValue:
    """The value with each file's content in base64: what is already is left. Beside it, a size is set to the
    number of bytes; one that is not there is not added."""
    return _encoded(value, "", schema, schema, 0)


def _encoded(value: JsonValue, key: str, schema: JsonSchema, root: JsonSchema, depth: int) -> JsonValue:
    if depth > MAX_DEPTH:
        return value
    if isinstance(value, list):
        items = item_schema(schema, root)
        return [_encoded(item, key, items, root, depth + 1) for item in value]
    if isinstance(value, dict):
        known = {name: member_schema(schema, name, root) for name in value}
        made = {name: _encoded(item, name, known[name], root, depth + 1) for name, item in value.items()}
        _set_sizes(made, known)
        return made
    if isinstance(value, str) and is_base64_field(key, schema) and _is_plain(value):
        return base64.b64encode(value.encode("utf-8", "replace")).decode("ascii")
    return value


def _is_plain(text: str) -> bool:
    """Whether it is no base64 yet, and something to encode."""
    if not text or len(text) > MOST_BYTES or stands_for_content(text):
        return False
    if decoded(text) is None:
        return True
    # `Agenda` has the form of base64, and decodes to nothing that can be read.
    long = len(text) >= LONGEST_WORD and " " not in text.strip()
    return not long and readable(text) is None


def _set_sizes(owner: dict[str, JsonValue], known: Mapping[str, JsonSchema]) -> None:
    contents = [
        content for key, value in owner.items() if (content := _content(key, value, known[key])) is not None
    ]
    if len(contents) != 1:
        return  # Of several contents nobody knows which is meant.
    for key in told_sizes(owner):
        size = len(contents[0])
        owner[key] = str(size) if isinstance(owner[key], str) else size


def _content(key: str, value: JsonValue, schema: JsonSchema) -> bytes | None:
    """The bytes of a file, if this is the content of one."""
    if not isinstance(value, str):
        return None
    if is_base64_field(key, schema):
        content = decoded(value)
        return None if content is None or is_fake(value, content) else content
    return value.encode("utf-8", "replace") if is_file_key(key) and not stands_for_content(value) else None


def _shown(tool: Tool) -> tuple[JsonSchema, JsonSchema] | None:
    """Its schemas as they are shown, if these are others. What no prompt can show is found elsewhere."""
    try:
        return _plain_schemas(tool.as_text)
    except TypeError:  # nested too deep, or with numbers too big for JSON
        return None


@lru_cache(maxsize=4096)
def _plain_schemas(tool_text: str) -> tuple[JsonSchema, JsonSchema] | None:
    """Parameters and response as they are shown; None where nothing in them is the content of a file."""
    told = orjson.loads(tool_text)
    schemas = told["parameters"], told["response"]
    made = tuple(_plain(schema, "", 0) for schema in schemas)
    return None if made == schemas else (made[0], made[1])


def _plain(schema: Any, key: str, depth: int) -> Any:
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return schema
    if is_base64_field(key, schema):
        return _plain_string(schema)
    return {word: _plain_under(word, inner, key, depth + 1) for word, inner in schema.items()}


def _plain_under(word: str, inner: Any, key: str, depth: int) -> Any:
    match word:
        case "properties" if isinstance(inner, dict):
            return {name: _plain(one, name, depth) for name, one in inner.items()}
        case "$defs" | "definitions" if isinstance(inner, dict):
            return {name: _plain(one, "", depth) for name, one in inner.items()}
        case "items":
            return _plain(inner, key, depth)
        case "additionalProperties":
            return _plain(inner, "", depth)
        case "oneOf" | "anyOf" | "allOf" | "prefixItems" if isinstance(inner, list):
            return [_plain(one, key, depth) for one in inner]
        case _:
            return inner


def _plain_string(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The string that is to be written. Four characters of base64 are three bytes."""
    made: dict[str, Any] = {"type": schema.get("type", "string")}
    made |= {word: schema[word] for word in _KEPT_AS_TOLD if word in schema}
    description = schema.get("description")
    told = description.rstrip() if isinstance(description, str) else ""
    made["description"] = f"{told} {AS_PLAIN_TEXT}".lstrip()
    for word in _LENGTHS:
        if isinstance(schema.get(word), int):
            made[word] = max(0, schema[word]) // 4 * 3
    return made
