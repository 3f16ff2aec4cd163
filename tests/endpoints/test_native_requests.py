"""Tools that are offered by the chat API itself: what servers are sent, and how their calls are read."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest
import respx

from funcdex.endpoints.client import complete
from funcdex.endpoints.facts import EndpointFacts, ServerKind
from funcdex.endpoints.http import EndpointClient
from funcdex.errors import BadResponse
from funcdex.pool.affinity import affinity_key
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.types.request import Completion, NativeCall, NativeChat, Request, Sampling
from funcdex.types.tools import Tool

URL = "http://server.test:8000"
SEND = Tool("post", "SEND", "Sends a letter.", {"type": "object", "properties": {"to": {"type": "string"}}})
TALK = (
    b'[{"role": "system", "content": "Act."}, {"role": "user", "content": "Write to Ada."}, '
    b'{"role": "assistant", "content": null, "tool_calls": [{"id": "call00000", "type": "function", '
    b'"function": {"name": "SEND", "arguments": "{}"}}]}, '
    b'{"role": "tool", "tool_call_id": "call00000", "content": "{}"}]'
)
TOOLS = json.dumps([SEND.as_openai]).encode()
CHAT = NativeChat(TALK, TOOLS, parallel=False)
REQUEST = Request("c1", "assistant_turn", (), Sampling(max_tokens=50), timeout_s=5, native=CHAT)
CALL = {"id": "a1", "type": "function", "function": {"name": "SEND", "arguments": '{"to": "Bo"}'}}


async def asked(
    message: dict[str, Any],
    *,
    reason: str = "tool_calls",
    kind: ServerKind = "vllm",
    request: Request = REQUEST,
) -> tuple[Completion, dict[str, Any]]:
    """What comes of an answer, and the body that was sent."""
    router = respx.MockRouter()
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
    route = router.post(f"{URL}/v1/chat/completions").respond(200, json={"choices": [choice]})
    facts = EndpointFacts(
        base_url=URL,
        kind=kind,
        server_version="0.32.0",
        model="m",
        models=("m",),
        context_tokens=4096,
        slots=None,
        dialect="gbnf" if kind == "llamacpp" else "lark",
        enforces=True,
    )
    client = EndpointClient(EndpointSpec(url=URL), httpx.MockTransport(router.async_handler))
    completion = await complete(request, facts, client, time.monotonic)
    return completion, json.loads(route.calls.last.request.content)


@pytest.mark.parametrize("kind", ["vllm", "llamacpp", "sglang"])
async def test_tools_and_what_was_called_before_are_sent_in_openais_form(kind: ServerKind) -> None:
    _, body = await asked({"content": "Done."}, reason="stop", kind=kind)
    assert body["tools"] == [SEND.as_openai]
    assert (body["tool_choice"], body["parallel_tool_calls"], body["max_tokens"]) == ("auto", False, 50)
    assert body["messages"] == json.loads(TALK)
    assert not {"structured_outputs", "grammar", "response_format", "ebnf"} & body.keys()


async def test_who_has_to_speak_still_sees_the_tools() -> None:
    chat = NativeChat(TALK, TOOLS, "none")
    _, body = await asked({"content": "Done."}, reason="stop", request=replace(REQUEST, native=chat))
    assert (len(body["tools"]), body["tool_choice"], body["parallel_tool_calls"]) == (1, "none", True)


async def test_calls_come_back_beside_the_text() -> None:
    completion, _ = await asked({"content": "I write.", "tool_calls": [CALL]})
    assert completion.text == "I write." and completion.finish_reason == "stop"
    assert completion.calls == (NativeCall("SEND", '{"to": "Bo"}'),)


@pytest.mark.parametrize(
    ("call", "read"),
    [
        (CALL | {"function": {"name": "SEND", "arguments": {"to": "Bo"}}}, ("SEND", '{"to":"Bo"}')),
        (CALL | {"function": {"name": "SEND", "arguments": None}}, ("SEND", "")),
        (CALL | {"function": {"name": "SEND"}, "id": 5}, ("SEND", "")),
        (CALL | {"function": {"name": ["SEND"], "arguments": "{"}}, ("", "{")),
    ],
)
async def test_calls_of_any_shape_are_read_without_a_crash(call: Any, read: tuple[str, str]) -> None:
    completion, _ = await asked({"content": None, "tool_calls": [call]})
    assert [(one.name, one.arguments) for one in completion.calls] == [read]


async def test_neither_words_nor_calls_are_no_answer() -> None:
    with pytest.raises(BadResponse, match="without content"):
        await asked({"content": None, "tool_calls": ["SEND"]}, request=replace(REQUEST, native=None))


def test_requests_that_offer_the_same_tools_rather_go_to_one_endpoint() -> None:
    other = replace(CHAT, tools=json.dumps([replace(SEND, name="TRACK").as_openai]).encode())
    assert affinity_key(REQUEST) != affinity_key(replace(REQUEST, native=other))
    assert affinity_key(REQUEST) == affinity_key(replace(REQUEST, native=replace(CHAT, messages=b"[]")))
