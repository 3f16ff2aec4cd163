"""Hand-made records: parallel calls, an error, thoughts, abstention, Unicode, names inside texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from funcdex.export.formats.protocol import Row
from funcdex.export.formats.registry import FORMATS
from funcdex.export.options import Options
from funcdex.export.sample import sample_of

Json = dict[str, Any]


def tool(name: str, description: str = "", **properties: Json) -> Json:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }


TOOLS = [
    tool("LIST_MESSAGES", "Lists messages. Call before READ_MESSAGE.", folder={"type": "string"}),
    tool("READ_MESSAGE", "Reads one.", id={"type": "integer"}),
    tool("search", "Searches contacts.", query={"type": "string", "description": "What `search` looks for."}),
    tool("DELETE_ALL", "Deletes everything."),
]


def call(number: int, name: str, **arguments: Any) -> Json:
    text = json.dumps(arguments, ensure_ascii=False)
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": text}}


def calling(content: str | None, *calls: Json) -> Json:
    return {"role": "assistant", "content": content, "tool_calls": list(calls)}


def answer(number: int, name: str, value: Any) -> Json:
    content = json.dumps(value, ensure_ascii=False)
    return {"role": "tool", "tool_call_id": f"call_{number}", "name": name, "content": content}


def says(content: str) -> Json:
    return {"role": "assistant", "content": content}


def asks(content: str) -> Json:
    return {"role": "user", "content": content}


def record(id: str = "conv_00001", messages: list[Json] | None = None, **more: Any) -> Json:
    return {
        "id": id,
        "toolkits": ["mail", "contacts"],
        "kind": "parallel_calls",
        "seed": 1,
        "model": "some-model",
        "prompts": {"conversation": "abc"},
        "scores": {"tool_use_quality": 4},
        "messages": MESSAGES if messages is None else messages,
        "system_prompt": "You help with mail. Use LIST_MESSAGES first.",
        "tools": TOOLS,
        "toolkit": "mail-contacts",
        "original_toolkit_count": 2,
    } | more


MESSAGES = [
    asks("Was gibt's Neues? Und wer ist Jürgen 🙂?"),
    calling(
        "<analysis>Two things at once, with LIST_MESSAGES.</analysis>\n<final>I look at both.</final>",
        call(0, "LIST_MESSAGES", folder="Eingang"),
        call(1, "search", query="Jürgen", limit=9_007_199_254_740_993),
    ),
    answer(0, "LIST_MESSAGES", {"ids": [7, 8], "note": "use READ_MESSAGE for the text"}),
    answer(1, "search", [{"name": "Jürgen"}]),
    calling(None, call(2, "READ_MESSAGE", id=7)),
    answer(2, "READ_MESSAGE", {"error": {"code": 404, "message": "READ_MESSAGE found no message 7"}}),
    says("Message 7 is gone; Jürgen is in your contacts."),
    asks("Then book me a flight."),
    says(
        "<analysis>No tool can do that.</analysis>\n<final>I cannot book flights with LIST_MESSAGES.</final>"
    ),
]

ABSTENTION = [asks("Book me a flight."), says("I have no tool for that.")]


def rows(format: str, one: Json, options: Options | None = None, folder: str = "") -> list[Row]:
    """The rows of one record."""
    from funcdex.export.changes import changed, masked

    options = options or Options()
    sample = masked(changed(sample_of(one, "line_1"), options), options)
    return [row for place, row in FORMATS[format].rows(sample, options) if place == folder]


def write_lines(path: Path, *records: Json | str) -> Path:
    """A file of these records, or lines."""
    lines = (one if isinstance(one, str) else json.dumps(one) for one in records)
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def read_lines(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
