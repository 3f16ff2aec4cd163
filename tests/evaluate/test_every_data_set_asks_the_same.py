"""A conversation asks for the same calls in the same contexts, whatever format it was exported to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evaluate.talks import calls, response, says, talk, user
from funcdex.evaluate.folder import Asked
from funcdex.evaluate.questions import Question, Requests
from funcdex.export.contexts import contexts_of
from funcdex.export.formats.registry import FORMATS
from funcdex.export.options import Encoding, Options
from funcdex.export.sample import sample_of

RECORD = talk(
    "one",
    user("Write to both."),
    calls(("SEND", {"to": "Ada", "weight": 1.5}), ("SEND", {"to": "Bob"}), text="At once."),
    response({"id": 1}),
    response({"error": {"code": 500, "message": "No."}}, 1),
    calls(("SEND", {"to": "Bob"})),
    response({"id": 2}),
    says("Both are sent."),
    system_prompt="You send letters.",
    kind="tool_error",
)


def asked_for(record: dict[str, Any]) -> list[tuple[Any, Any, Any]]:
    """What is sent, and what is expected."""
    sampling = {"max_tokens": 10, "temperature": 0.0}
    made = Requests(Asked("", "", None, None, sampling, 0, "auto", False), 1.0)
    found = []
    for context in contexts_of(sample_of(json.loads(json.dumps(record)), "line_1")):
        native = made.request_for(Question("1.1", 1, context, {})).native
        assert native is not None
        messages = [_without_ids(message) for message in json.loads(native.messages)]
        expected = [(call.name, call.values) for call in context.expected]
        found.append((messages, json.loads(native.tools), expected))
    return found


def _without_ids(message: dict[str, Any]) -> dict[str, Any]:
    """Ids of calls are made up anew, and JSON may have other blanks."""
    kept = {key: value for key, value in message.items() if key not in ("tool_call_id", "name", "tool_calls")}
    made = [one["function"] for one in message.get("tool_calls", [])]
    return kept | {"calls": [(one["name"], json.loads(one["arguments"])) for one in made]}


@pytest.mark.parametrize("encoding", ["json", "strings"])
@pytest.mark.parametrize("name", ["trl", "openai", "axolotl", "unsloth", "predecessor"])
def test_exports_ask_what_the_record_asks(name: str, encoding: Encoding) -> None:
    options = Options(encoding=encoding)
    ((_, row),) = FORMATS[name].rows(sample_of(RECORD, "one"), options)
    expected = asked_for(RECORD)
    assert len(expected) == 2 and expected[0][2][1] == ("SEND", {"to": "Bob"})
    assert asked_for(dict(row)) == expected
