"""The probe tells what an endpoint is, and refuses one that cannot be relied on."""

from __future__ import annotations

import time

import pytest

from endpoints.scripted_server import (
    Play,
    ScriptedServer,
    chat_answer,
    fails,
    resets,
    says,
    says_bytes,
    serving,
    stalls,
)
from funcdex.endpoints.facts import EndpointFacts, Refused
from funcdex.endpoints.http import EndpointClient, open_transport
from funcdex.endpoints.probe import probe
from funcdex.settings.endpoint_spec import EndpointSpec, Kind


async def _probe(
    server: ScriptedServer,
    *,
    model: str | None = None,
    kind: Kind = "auto",
    require_enforcement: bool = True,
    timeout_s: float = 20,
) -> EndpointFacts | Refused:
    async with open_transport() as transport:
        client = EndpointClient(EndpointSpec(url=server.url, model=model, kind=kind), transport)
        return await probe(
            client, timeout_s=timeout_s, now=time.monotonic, require_enforcement=require_enforcement
        )


async def _facts(server: ScriptedServer, *, kind: Kind = "auto") -> EndpointFacts:
    async with serving(server):
        found = await _probe(server, kind=kind)
    assert isinstance(found, EndpointFacts), found
    return found


async def _refusal(server: ScriptedServer, *, model: str | None = None, timeout_s: float = 20) -> Refused:
    async with serving(server):
        found = await _probe(server, model=model, timeout_s=timeout_s)
    assert isinstance(found, Refused), found
    return found


async def test_vllm_is_recognised() -> None:
    server = ScriptedServer(models=("model-a", "lora-b"))
    facts = await _facts(server)
    assert (facts.kind, facts.server_version, facts.dialect) == ("vllm", "0.32.0", "ebnf")
    assert (facts.model, facts.models) == ("model-a", ("model-a", "lora-b"))
    assert (facts.context_tokens, facts.slots) == (8192, None)
    assert facts.enforces and facts.metrics and not facts.simulated
    assert facts.latency_s > 0
    assert facts.base_url == server.url


async def test_llamacpp_is_recognised_with_its_slots() -> None:
    facts = await _facts(ScriptedServer(kind="llamacpp", slots=6, context_tokens=2048, metrics=False))
    assert (facts.kind, facts.server_version, facts.dialect) == ("llamacpp", "b6700-abc", "gbnf")
    assert (facts.context_tokens, facts.slots) == (2048, 6)
    assert facts.enforces
    assert facts.notes == ("no /metrics: start llama-server with --metrics.",)


async def test_an_unknown_server_is_spoken_to_as_vllm() -> None:
    facts = await _facts(ScriptedServer(kind="unknown"))
    assert (facts.kind, facts.server_version, facts.context_tokens) == ("vllm", "unknown", None)
    assert facts.enforces


async def test_a_named_kind_is_believed_where_the_server_says_nothing() -> None:
    server = ScriptedServer(kind="unknown")
    async with serving(server):
        found = await _probe(server, kind="llamacpp", require_enforcement=False)
    assert isinstance(found, EndpointFacts)
    assert found.dialect == "gbnf"
    assert "grammar" in server.probes[0].body


async def test_a_simulated_endpoint_says_so() -> None:
    assert (await _facts(ScriptedServer(simulated=True))).simulated


async def test_a_server_that_ignores_the_grammar_is_refused_with_what_it_said() -> None:
    refusal = await _refusal(ScriptedServer(enforces=False, text="Hello! How can I help?"))
    assert refusal.final
    assert "ignores the grammar" in refusal.reason
    assert "qv7-maple-0413" in refusal.reason and "Hello! How can I help?" in refusal.reason


async def test_a_server_that_ignores_the_grammar_will_do_where_none_is_needed() -> None:
    server = ScriptedServer(enforces=False)
    async with serving(server):
        found = await _probe(server, require_enforcement=False)
    assert isinstance(found, EndpointFacts)
    assert not found.enforces
    assert "ignores the grammar" in found.notes[0]


async def test_a_server_that_refuses_grammars_is_refused() -> None:
    server = ScriptedServer(probed=fails(400, "unknown field structured_outputs"))
    refusal = await _refusal(server)
    assert refusal.final
    assert "unknown field structured_outputs" in refusal.reason


async def test_a_reasoning_model_passes() -> None:
    facts = await _facts(ScriptedServer(text="<think>Hello?</think>qv7-maple-0413", enforces=False))
    assert facts.enforces


async def test_a_model_that_never_stops_reasoning_is_refused_for_that() -> None:
    answer = chat_answer(None, reasoning="so...")
    answer["choices"][0]["finish_reason"] = "length"
    server = ScriptedServer(probed=says(answer))
    assert "on reasoning before the answer began" in (await _refusal(server)).reason


@pytest.mark.parametrize("play", [fails(503, "loading"), fails(500), resets])
async def test_a_server_in_trouble_may_come_later(play: Play) -> None:
    assert not (await _refusal(ScriptedServer(probed=play))).final


async def test_a_missing_model_is_refused_with_the_nearest_one() -> None:
    refusal = await _refusal(ScriptedServer(models=("qwen3-32b", "gpt-oss-20b")), model="gpt-oss-120b")
    assert refusal.final
    assert "'gpt-oss-120b'" in refusal.reason and "Did you mean 'gpt-oss-20b'?" in refusal.reason


async def test_a_missing_model_with_none_near_is_refused_with_what_is_served() -> None:
    refusal = await _refusal(ScriptedServer(models=("alpha", "beta")), model="zzz")
    assert "It serves 'alpha', 'beta'." in refusal.reason


async def test_a_server_without_a_model_is_refused() -> None:
    assert "serves no model" in (await _refusal(ScriptedServer(models=()))).reason


async def test_an_unreachable_server_may_come_later() -> None:
    server = ScriptedServer()
    async with serving(server):
        pass
    found = await _probe(server)
    assert isinstance(found, Refused)
    assert not found.final
    assert "no connection" in found.reason


async def test_a_probe_that_takes_too_long_may_succeed_later() -> None:
    refusal = await _refusal(ScriptedServer(probed=stalls), timeout_s=0.05)
    assert not refusal.final


@pytest.mark.parametrize("listing", [b"<html>", b"[]", b'{"data": [{}]}', b'{"models": []}'])
async def test_what_is_no_model_server_is_refused(listing: bytes) -> None:
    refusal = await _refusal(ScriptedServer(listing=says_bytes(listing)))
    assert "OpenAI-compatible" in refusal.reason


async def test_a_wrong_key_is_refused_for_good() -> None:
    refusal = await _refusal(ScriptedServer(listing=fails(401, "Unauthorized")))
    assert refusal.final
    assert "API key" in refusal.reason
