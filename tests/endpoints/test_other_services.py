"""SGLang and Fireworks, as their documentation describes them: what they say, and what they are sent."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest
import respx

from funcdex.endpoints.client import complete
from funcdex.endpoints.facts import EndpointFacts, Refused, ServerKind
from funcdex.endpoints.http import EndpointClient
from funcdex.endpoints.probe import probe
from funcdex.endpoints.probe_grammar import ODD_WORD, ProbeGrammar
from funcdex.settings.endpoint_spec import EndpointSpec, parse_endpoint
from funcdex.types.request import Completion, Dialect, Message, Request, Sampling

SGLANG = "http://sglang.test:30000"
FIREWORKS = "https://api.fireworks.ai/inference"
MODEL = "accounts/fireworks/models/gpt-oss-20b"
GRAMMAR = ProbeGrammar()
KNOBS = Sampling(max_tokens=50, temperature=0.7, top_k=0, min_p=0.05, frequency_penalty=0.5, seed=2**40)
REQUEST = Request("c1", "scenario", (Message("user", "Hi"),), KNOBS, timeout_s=5, grammar=GRAMMAR)

SERVER_INFO = {
    "model_path": "qwen",
    "context_length": 16_384,
    "max_running_requests": None,
    "internal_states": [{"effective_max_running_requests_per_dp": 64}] * 2,
    "version": "0.5.9",
}
MODELS = {"data": [{"id": "qwen", "object": "model", "owned_by": "sglang", "max_model_len": 16_384}]}


def _answer(text: str) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}


def _router(url: str, answers: dict[str, Any]) -> respx.MockRouter:
    """GET answers by path; completions answer the odd word. What is not named is 404."""
    router = respx.MockRouter(assert_all_called=False)
    for path, body in answers.items():
        router.get(url + path).respond(200, **({"text": body} if isinstance(body, str) else {"json": body}))
    router.post(f"{url}/v1/chat/completions").respond(200, json=_answer(ODD_WORD))
    router.route().respond(404)
    return router


async def _probed(router: respx.MockRouter, spec: EndpointSpec) -> EndpointFacts | Refused:
    client = EndpointClient(spec, httpx.MockTransport(router.async_handler))
    return await probe(client, timeout_s=5, now=time.monotonic)


async def _facts(router: respx.MockRouter, spec: EndpointSpec) -> EndpointFacts:
    found = await _probed(router, spec)
    assert isinstance(found, EndpointFacts), found
    return found


def _bodies(router: respx.MockRouter) -> list[dict[str, Any]]:
    return [orjson.loads(call.request.content) for call in router.calls if call.request.method == "POST"]


async def _sent(
    kind: ServerKind, dialect: Dialect, request: Request = REQUEST, context_tokens: int | None = None
) -> dict[str, Any]:
    router = _router(SGLANG, {})
    await _completed(router, kind, dialect, request, context_tokens)
    return _bodies(router)[0]


async def _completed(
    router: respx.MockRouter,
    kind: ServerKind,
    dialect: Dialect,
    request: Request = REQUEST,
    context_tokens: int | None = None,
) -> Completion:
    facts = EndpointFacts(
        SGLANG, kind, "1", "m", ("m",), context_tokens, slots=None, dialect=dialect, enforces=True
    )
    client = EndpointClient(EndpointSpec(url=SGLANG), httpx.MockTransport(router.async_handler))
    return await complete(request, facts, client, time.monotonic)


# SGLang


@pytest.mark.parametrize("path", ["/server_info", "/get_server_info"])
async def test_sglang_is_recognised_by_either_name_of_its_server_info(path: str) -> None:
    router = _router(SGLANG, {path: SERVER_INFO, "/v1/models": MODELS, "/metrics": "# TYPE sglang:x gauge"})
    facts = await _facts(router, EndpointSpec(url=SGLANG))
    assert (facts.kind, facts.server_version, facts.dialect) == ("sglang", "0.5.9", "ebnf")
    assert (facts.model, facts.context_tokens, facts.slots) == ("qwen", 16_384, 128)
    assert facts.metrics and facts.notes == ()
    assert len(_bodies(router)) == 1


@pytest.mark.parametrize(
    ("states", "asked", "slots"), [([], 48, 48), ([{}], None, None), ([{"x": 1}], "many", None), (None, 8, 8)]
)
async def test_an_sglang_that_tells_less_is_taken_at_what_it_tells(
    states: object, asked: object, slots: int | None
) -> None:
    info = {"internal_states": states, "max_running_requests": asked}
    found = await _facts(
        _router(SGLANG, {"/server_info": info, "/v1/models": MODELS}), EndpointSpec(url=SGLANG)
    )
    assert (found.slots, found.server_version, found.context_tokens) == (slots, "unknown", 16_384)
    assert "--enable-metrics" in found.notes[0]


async def test_a_server_info_of_something_else_is_no_sglang() -> None:
    router = _router(SGLANG, {"/server_info": {"status": "ready"}, "/v1/models": MODELS})
    facts = await _facts(router, EndpointSpec(url=SGLANG))
    assert (facts.kind, facts.server_version) == ("vllm", "unknown")


async def test_sglang_gets_ebnf_and_its_own_word_for_every_token() -> None:
    assert await _sent("sglang", "ebnf") == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 50,
        "temperature": 0.7,
        "top_k": -1,
        "min_p": 0.05,
        "frequency_penalty": 0.5,
        "seed": 2**40,
        "ebnf": GRAMMAR.render("ebnf"),
    }


async def test_sglang_gets_a_structural_tag_as_its_response_format() -> None:
    body = await _sent("sglang", "structural_tag")
    assert body["response_format"] == orjson.loads(GRAMMAR.render("structural_tag"))
    assert body["response_format"]["type"] == "structural_tag"
    assert "ebnf" not in body


async def test_sglang_is_left_to_end_an_answer_that_may_not_fit_the_context() -> None:
    assert "max_tokens" not in await _sent("sglang", "ebnf", context_tokens=40)
    assert "max_tokens" in await _sent("sglang", "ebnf", context_tokens=400)


# Fireworks


@pytest.mark.parametrize(
    ("name", "url"),
    [
        (f"https://api.fireworks.ai/inference/v1;model={MODEL}", FIREWORKS),
        (f"https://proxy.test/fw;kind=fireworks;model={MODEL}", "https://proxy.test/fw"),
    ],
)
async def test_fireworks_is_recognised_by_its_host_or_its_name(name: str, url: str) -> None:
    listing = {"data": [{"id": MODEL, "object": "model", "context_length": 131_072}]}
    router = _router(url, {"/v1/models": listing})
    facts = await _facts(router, EndpointSpec.model_validate(parse_endpoint(name)))
    assert (facts.kind, facts.dialect, facts.model) == ("fireworks", "gbnf", MODEL)
    assert (facts.context_tokens, facts.slots, facts.notes) == (131_072, None, ())
    assert _bodies(router)[0]["response_format"] == {"type": "grammar", "grammar": GRAMMAR.render("gbnf")}
    asked = {call.request.url.path.removeprefix(httpx.URL(url).path) for call in router.calls}
    assert asked == {"/v1/models", "/v1/chat/completions", "/metrics"}, "nothing asks what it is"


async def test_a_model_of_fireworks_that_is_not_listed_is_asked_for_all_the_same() -> None:
    router = _router(FIREWORKS, {"/v1/models": {"data": [{"id": MODEL}]}})
    own = "accounts/me/deployedModels/mine"
    assert (await _facts(router, EndpointSpec(url=FIREWORKS, model=own))).model == own


async def test_fireworks_without_a_named_model_is_refused() -> None:
    router = _router(FIREWORKS, {"/v1/models": {"data": [{"id": "an-image-model"}]}})
    found = await _probed(router, EndpointSpec(url=FIREWORKS))
    assert isinstance(found, Refused) and found.final
    assert "none is named" in found.reason and ";model=" in found.reason


async def test_fireworks_gets_nothing_that_it_would_refuse() -> None:
    assert await _sent("fireworks", "gbnf") == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 50,
        "temperature": 0.7,
        "min_p": 0.05,
        "frequency_penalty": 0.5,
        "seed": 2**40,
        "response_format": {"type": "grammar", "grammar": GRAMMAR.render("gbnf")},
    }
    hot = replace(REQUEST, sampling=Sampling(max_tokens=50, temperature=4.0, top_k=500))
    assert {"temperature": 2.0, "top_k": 100}.items() <= (await _sent("fireworks", "gbnf", hot)).items()


@pytest.mark.parametrize(("max_tokens", "streamed"), [(4096, False), (4097, True)])
async def test_a_long_answer_of_fireworks_is_streamed(max_tokens: int, streamed: bool) -> None:
    body = await _sent("fireworks", "gbnf", replace(REQUEST, sampling=Sampling(max_tokens=max_tokens)))
    assert body.get("stream", False) is streamed
    assert body.get("stream_options") == ({"include_usage": True} if streamed else None)


async def test_a_streamed_answer_comes_back_as_one() -> None:
    chunks = [
        {"choices": [{"index": 0, "delta": {"role": "assistant", "reasoning_content": "hm"}}]},
        {"choices": [{"index": 0, "delta": {"content": "Hel"}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {"content": "lo"}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 9}},
    ]
    stream = b"".join(b"data: " + orjson.dumps(chunk) + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"
    router = respx.MockRouter()
    router.post(f"{SGLANG}/v1/chat/completions").respond(200, content=stream)
    completion = await _completed(router, "fireworks", "gbnf")
    assert (completion.text, completion.finish_reason) == ("Hello", "stop")
    assert (completion.prompt_tokens, completion.completion_tokens, completion.reasoning_tokens) == (3, 9, 1)
