"""Small conversations to be evaluated on, and a server that answers each context as a test wrote it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

Said = Mapping[str, Any]
"""A message of the assistant, and `finish_reason` in it where that is not the usual one."""

SEND = {
    "type": "function",
    "function": {
        "name": "SEND",
        "description": "Sends a letter.",
        "parameters": {
            "type": "object",
            "properties": {
                "to": {"type": "string"},
                "pages": {"type": "integer"},
                "weight": {"type": "number"},
                "express": {"type": "boolean", "default": False},
            },
            "required": ["to"],
        },
    },
}
TRACK = {
    "type": "function",
    "function": {
        "name": "TRACK",
        "description": "Where a letter is.",
        "parameters": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
    },
}
TOOLS = [SEND, TRACK]

Calls = Sequence[tuple[str, Any]]


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def says(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def calls(*made: tuple[str, Any], text: str | None = None) -> dict[str, Any]:
    """A message with calls; arguments are a value, or text as it is."""
    return {
        "role": "assistant",
        "content": text,
        "tool_calls": [
            {
                "id": f"call_{number}",
                "type": "function",
                "function": {
                    "name": name,
                    "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
                },
            }
            for number, (name, arguments) in enumerate(made)
        ],
    }


def response(value: Any, number: int = 0) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": f"call_{number}", "name": "any", "content": json.dumps(value)}


def talk(id: str, *messages: dict[str, Any], kind: str = "", **keys: Any) -> dict[str, Any]:
    return {"id": id, "messages": list(messages), "tools": TOOLS, "toolkit": "post", "kind": kind, **keys}


def write_dataset(path: Path, records: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


class AnsweringServer:
    """Plays a vLLM; `answer` makes the message from the body of a request. `asked` are all bodies."""

    def __init__(self, answer: Callable[[dict[str, Any]], Said | web.Response]) -> None:
        self._answer = answer
        self.asked: list[dict[str, Any]] = []
        self.url = ""

    async def chat(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        self.asked.append(body)
        said = self._answer(body)
        if isinstance(said, web.Response):
            return said
        message = {key: value for key, value in said.items() if key != "finish_reason"}
        finish = said.get("finish_reason") or ("tool_calls" if message.get("tool_calls") else "stop")
        choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
        usage = {"prompt_tokens": 100, "completion_tokens": 7}
        return web.json_response({"choices": [choice], "usage": usage})

    async def models(self, _: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "model-a", "max_model_len": 32768}]})

    async def version(self, _: web.Request) -> web.Response:
        return web.json_response({"version": "0.32.0"})

    async def health(self, _: web.Request) -> web.Response:
        return web.Response()


@asynccontextmanager
async def answering(
    answer: Callable[[dict[str, Any]], Said | web.Response],
) -> AsyncIterator[AnsweringServer]:
    server = AnsweringServer(answer)
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/v1/chat/completions", server.chat)
    app.router.add_get("/v1/models", server.models)
    app.router.add_get("/version", server.version)
    app.router.add_get("/health", server.health)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
