"""What funcdex takes for granted about vLLM and llama-server, asked of the real ones."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import httpx
import pytest

from funcdex.endpoints.client import complete
from funcdex.endpoints.facts import EndpointFacts
from funcdex.endpoints.http import EndpointClient, open_transport
from funcdex.endpoints.probe import probe
from funcdex.endpoints.probe_grammar import ProbeGrammar
from funcdex.endpoints.servers import SERVERS
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.types.request import Dialect, Message, Request, Sampling
from live import servers

ARGUMENTS = {
    "type": "object",
    "properties": {
        "to": {"type": "string"},
        "max_results": {"type": "integer"},
        "label_ids": {"type": "array", "items": {"type": "string"}},
        "urgent": {"type": "boolean"},
    },
    "required": ["to", "max_results"],
    "additionalProperties": False,
}
LARK = rf"""
start: turn turn turn
turn: "</user>\n" TEXT call? "</assistant>\n" TEXT
call: "<tool>" arguments "</tool>\n"
TEXT: /[^<]+/
arguments: %json {json.dumps(ARGUMENTS)}
"""
GBNF = r"""
root ::= turn turn turn
turn ::= "</user>\n" text call? "</assistant>\n" text
call ::= "<tool>{\"to\": " string ", \"max_results\": " integer "}</tool>\n"
text ::= [^<]+
string ::= "\"" [^"\\\x00-\x1f]* "\""
integer ::= "0" | [1-9] [0-9]*
"""
CONVERSATION = re.compile(r"(</user>\n[^<]+(<tool>(?P<call>.*)</tool>\n)?</assistant>\n[^<]+){3}", re.DOTALL)
MORE_THAN_ENOUGH_TOKENS = 4000


def grammar_field(kind: servers.Kind, grammar: str | None = None) -> dict[str, Any]:
    if kind == "vllm":
        return {"structured_outputs": {"grammar": grammar or LARK}}
    return {"grammar": grammar or GBNF}


def body(prompt: str = "Write a conversation.", **fields: Any) -> dict[str, Any]:
    asked = {
        "model": servers.MODEL_NAME,
        "messages": [{"role": "user", "content": prompt}],
        "temperature": 1.0,
    }
    return {**asked, "max_tokens": MORE_THAN_ENOUGH_TOKENS, **fields}


def ask(server: servers.LiveServer, **fields: Any) -> httpx.Response:
    return httpx.post(
        f"{server.base_url}/v1/chat/completions", json=body(**fields), timeout=120.0, trust_env=False
    )


def answer(server: servers.LiveServer, **fields: Any) -> tuple[str, str]:
    """Text and finish reason."""
    response = ask(server, **fields)
    assert response.status_code == 200, response.text
    choice = response.json()["choices"][0]
    return choice["message"]["content"], choice["finish_reason"]


def get(server: servers.LiveServer, path: str) -> httpx.Response:
    response = httpx.get(f"{server.base_url}{path}", timeout=30.0, trust_env=False)
    assert response.status_code == 200, response.text
    return response


@pytest.mark.parametrize("seed", range(3))
def test_a_grammar_is_enforced_and_the_tiny_model_ends_under_it(
    any_server: servers.LiveServer, seed: int
) -> None:
    text, finish_reason = answer(any_server, seed=seed, **grammar_field(any_server.kind))
    assert finish_reason == "stop"
    assert CONVERSATION.fullmatch(text), text
    for call in re.findall(r"<tool>(.*?)</tool>\n", text, re.DOTALL):
        assert {"to", "max_results"} <= json.loads(call).keys()


def test_without_the_grammar_the_same_request_keeps_no_structure(any_server: servers.LiveServer) -> None:
    text, _ = answer(any_server, seed=0)
    assert not CONVERSATION.fullmatch(text)


@pytest.mark.parametrize("temperature", [0.0, 0.3, 1.0])
def test_a_json_schema_is_enforced_at_any_temperature(
    any_server: servers.LiveServer, temperature: float
) -> None:
    schema = {
        "type": "json_schema",
        "json_schema": {"name": "arguments", "schema": ARGUMENTS, "strict": True},
    }
    text, finish_reason = answer(any_server, seed=1, temperature=temperature, response_format=schema)
    assert finish_reason == "stop"
    assert isinstance(json.loads(text)["max_results"], int)


async def probed(server: servers.LiveServer, dialect: Dialect | None) -> tuple[EndpointFacts, list[str]]:
    """What the probe finds, and answers to other seeds under its grammar, at a temperature at which the tiny
    model does as it likes."""
    async with open_transport() as transport:
        client = EndpointClient(EndpointSpec(url=server.base_url, dialect=dialect), transport)
        found = await probe(client, timeout_s=120, now=time.monotonic)
        assert isinstance(found, EndpointFacts), found
        answers = []
        for seed in range(6):
            sampling = Sampling(max_tokens=200, temperature=1.0, seed=seed)
            request = Request(
                "c1", "probe", (Message("user", "Hi"),), sampling, timeout_s=60, grammar=ProbeGrammar()
            )
            answers.append((await complete(request, found, client, time.monotonic)).text)
        return found, answers


@pytest.mark.parametrize(
    ("kind", "dialect"),
    [(kind, dialect) for kind in ("vllm", "llamacpp") for dialect in SERVERS[kind].DIALECTS],
)
def test_each_dialect_of_a_server_is_enforced(
    kind: servers.Kind, dialect: Dialect, request: pytest.FixtureRequest
) -> None:
    facts, answers = anyio.run(probed, request.getfixturevalue(f"{kind}_server"), dialect)
    assert facts.enforces and (facts.kind, facts.dialect) == (kind, dialect)
    assert all(map(ProbeGrammar().allows, answers)), answers


def test_the_best_dialect_is_found_at_once(any_server: servers.LiveServer) -> None:
    facts, _ = anyio.run(probed, any_server, None)
    assert facts.dialect == SERVERS[any_server.kind].DIALECTS[0]
    assert facts.passed_over == () == facts.notes


def test_a_malformed_grammar_is_refused_and_the_server_lives_on(any_server: servers.LiveServer) -> None:
    response = ask(any_server, **grammar_field(any_server.kind, 'root ::= "a" ('))
    assert response.status_code == 400, response.text
    assert get(any_server, "/health")


def test_a_prompt_that_is_too_long_is_refused(any_server: servers.LiveServer) -> None:
    response = ask(any_server, prompt="word " * (servers.SLOT_CONTEXT + 100), max_tokens=10)
    assert response.status_code == 400
    error = response.json()["error"]
    if any_server.kind == "llamacpp":
        assert error["type"] == "exceed_context_size_error"
        assert error["n_ctx"] == servers.SLOT_CONTEXT < error["n_prompt_tokens"]
    else:
        assert str(servers.VLLM_CONTEXT) in error["message"]


def test_many_long_prompts_with_seeds_at_once_all_end(any_server: servers.LiveServer) -> None:
    """More requests than either server takes at a time, with prompts that do not fit one default step of
    vLLM together."""

    def one(seed: int) -> tuple[str, str]:
        return answer(
            any_server, prompt="Plan for today. " * 500, seed=seed, **grammar_field(any_server.kind)
        )

    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(one, range(24)))
    assert {reason for _, reason in answers} == {"stop"}
    assert len({text for text, _ in answers}) == 24


def test_a_stream_ends_with_usage_and_done(any_server: servers.LiveServer) -> None:
    asked = body(
        seed=0, stream=True, stream_options={"include_usage": True}, **grammar_field(any_server.kind)
    )
    with httpx.stream(
        "POST", f"{any_server.base_url}/v1/chat/completions", json=asked, timeout=120.0
    ) as response:
        assert response.status_code == 200
        events = [line.removeprefix("data: ") for line in response.iter_lines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    text = "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])
    assert CONVERSATION.fullmatch(text), text
    assert chunks[-1]["usage"]["completion_tokens"] > 20


def test_vllm_tells_model_context_and_version(vllm_server: servers.LiveServer) -> None:
    model = get(vllm_server, "/v1/models").json()["data"][0]
    assert (model["id"], model["max_model_len"]) == (servers.MODEL_NAME, servers.VLLM_CONTEXT)
    assert re.match(r"\d+\.\d+", get(vllm_server, "/version").json()["version"])


def test_vllm_counts_requests_tokens_and_cache(vllm_server: servers.LiveServer) -> None:
    answer(vllm_server, max_tokens=5)
    metrics = get(vllm_server, "/metrics").text
    for name in (
        "num_requests_running",
        "num_requests_waiting",
        "kv_cache_usage_perc",
        "num_preemptions_total",
    ):
        assert f"vllm:{name}" in metrics
    assert re.search(r"^vllm:generation_tokens_total\{.*\} [1-9]", metrics, re.MULTILINE)


def test_vllm_ignores_unknown_fields_among_them_the_removed_guided_grammar(
    vllm_server: servers.LiveServer,
) -> None:
    text, _ = answer(vllm_server, seed=0, guided_grammar=LARK)
    assert not CONVERSATION.fullmatch(text)


def test_llama_server_tells_slots_and_context(llamacpp_server: servers.LiveServer) -> None:
    properties = get(llamacpp_server, "/props").json()
    assert properties["total_slots"] == 2
    assert properties["default_generation_settings"]["n_ctx"] == servers.SLOT_CONTEXT
    assert get(llamacpp_server, "/v1/models").json()["data"][0]["meta"]["n_ctx"] == servers.SLOT_CONTEXT
    assert len(get(llamacpp_server, "/slots").json()) == 2


def test_llama_server_counts_requests_and_tokens(llamacpp_server: servers.LiveServer) -> None:
    answer(llamacpp_server, max_tokens=5)
    metrics = get(llamacpp_server, "/metrics").text
    for name in ("requests_processing", "requests_deferred", "tokens_predicted_total", "prompt_tokens_total"):
        assert f"llamacpp:{name}" in metrics
