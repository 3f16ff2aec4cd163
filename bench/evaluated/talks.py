"""Conversations to be evaluated on, and what the mock server answers: seven calls in ten are right.

Each user message ends with the number of the call that it is about, so the mock needs no memory. Nothing here
needs funcdex.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CONTEXTS_EACH = 8
TOOLS = 8
WRONG_OF_TEN = 3
_NUMBER = re.compile(rb"call (\d+) of these")
_WORDS = "the invoice of the last quarter with all its lines and what was agreed about them in the spring "


def call_of(number: int) -> tuple[str, dict[str, Any]]:
    """The tool and the arguments that are right."""
    arguments = {"recipient": f"person{number}@acme.io", "subject": f"{_WORDS[:40]}{number}", "urgent": True}
    return f"SEND_{number % TOOLS}", arguments


def answer_of(number: int) -> tuple[str, dict[str, Any]]:
    """What the mock says: three in ten have another subject."""
    name, arguments = call_of(number)
    if number % 10 < WRONG_OF_TEN:
        arguments["subject"] = _WORDS[:30]
    return name, arguments


def number_in(body: bytes) -> int | None:
    """The number of the newest user message in the body of a request; None if it is about no call."""
    found = _NUMBER.findall(body)
    return int(found[-1]) if found else None


def records(contexts: int) -> Iterator[dict[str, Any]]:
    """Conversations with so many contexts in all, a multiple of CONTEXTS_EACH."""
    for first in range(0, contexts, CONTEXTS_EACH):
        messages = [one for number in range(first, first + CONTEXTS_EACH) for one in _turn(number)]
        yield {
            "id": f"talk_{first:06d}",
            "messages": messages,
            "system_prompt": "You help with mail. " * 10,
            "tools": [_tool(number) for number in range(TOOLS)],
            "toolkit": f"mail{first % 3}",
            "kind": "happy_path",
        }


def write(path: Path, contexts: int) -> Path:
    """The data set as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records(contexts)), "utf-8")
    return path


def _turn(number: int) -> Iterator[dict[str, Any]]:
    name, arguments = call_of(number)
    function = {"name": name, "arguments": json.dumps(arguments)}
    yield {"role": "user", "content": f"Please send {_WORDS}{_WORDS}(call {number} of these)"}
    call = {"id": f"call_{number}", "type": "function", "function": function}
    yield {"role": "assistant", "content": None, "tool_calls": [call]}
    response = json.dumps({"id": number, "status": "sent", "labels": _WORDS.split(), "thread": _WORDS})
    yield {"role": "tool", "tool_call_id": f"call_{number}", "name": name, "content": response}
    yield {"role": "assistant", "content": f"It is sent: {_WORDS}"}


def _tool(number: int) -> dict[str, Any]:
    properties = {
        "recipient": {"type": "string", "description": f"Who gets {_WORDS}"},
        "subject": {"type": "string", "description": f"What it is about, such as {_WORDS}"},
        "urgent": {"type": "boolean", "default": False, "description": f"Whether {_WORDS} cannot wait"},
        "labels": {"type": "array", "items": {"type": "string"}, "description": f"Labels of {_WORDS}"},
        "folder": {"type": "string", "enum": ["inbox", "sent", "drafts"], "description": _WORDS},
    }
    parameters = {"type": "object", "properties": properties, "required": ["recipient", "subject"]}
    description = f"Sends {_WORDS} by way number {number}. {_WORDS}"
    function = {"name": f"SEND_{number}", "description": description, "parameters": parameters}
    return {"type": "function", "function": function}
