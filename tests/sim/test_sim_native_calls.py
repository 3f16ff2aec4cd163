"""Tools of the chat API at the simulated endpoint, over a real socket."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import anyio
import jsonschema
import pytest

from funcdex.sim.config import SimConfig
from funcdex.sim.server import running_server

PARAMETERS = {
    "type": "object",
    "properties": {"email": {"type": "string"}, "limit": {"type": "integer"}},
    "required": ["email", "limit"],
    "additionalProperties": False,
}
TOOLS = [
    {"type": "function", "function": {"name": name, "description": "Finds.", "parameters": PARAMETERS}}
    for name in ("FIND", "LIST")
]


async def answered(*users: str, **fields: Any) -> list[tuple[int, dict[str, Any]]]:
    """Status and body for each of some messages of a user."""
    found = []
    async with (
        running_server(SimConfig(step_ms=0.0)) as url,
        aiohttp.ClientSession(url) as session,
    ):
        with anyio.fail_after(60):
            for user in users:
                body = {"messages": [{"role": "user", "content": user}], "tools": TOOLS, **fields}
                async with session.post("/v1/chat/completions", json=body) as response:
                    found.append((response.status, await response.json()))
    return found


async def test_it_calls_what_is_offered_with_arguments_of_the_schema_and_sometimes_speaks() -> None:
    choices = [body["choices"][0] for _, body in await answered(*(f"Find me {n}." for n in range(20)))]
    called = [choice for choice in choices if choice["finish_reason"] == "tool_calls"]
    assert called and len(called) < len(choices)
    for call in (call for choice in called for call in choice["message"]["tool_calls"]):
        assert call["function"]["name"] in ("FIND", "LIST") and call["type"] == "function"
        jsonschema.validate(json.loads(call["function"]["arguments"]), PARAMETERS)
    for choice in choices:
        assert choice in called or (choice["finish_reason"] == "stop" and choice["message"]["content"])
        assert "<tool>" not in (choice["message"]["content"] or "")


async def test_it_calls_one_at_a_time_if_asked() -> None:
    for _, body in await answered(*(f"Find me {n}." for n in range(10)), parallel_tool_calls=False):
        assert len(body["choices"][0]["message"].get("tool_calls", [])) <= 1


async def test_who_may_not_call_speaks() -> None:
    for _, body in await answered("Find one.", "Find two.", tool_choice="none"):
        assert body["choices"][0]["message"]["content"] and "tool_calls" not in body["choices"][0]["message"]


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": "FIND"},
        {"tools": [{"type": "function"}]},
        {"tool_choice": "required"},
        {"structured_outputs": {"regex": "a"}},
    ],
)
async def test_what_it_cannot_do_is_refused(fields: dict[str, Any]) -> None:
    ((status, body),) = await answered("Find.", **fields)
    assert status == 400 and "tool" in json.dumps(body)
