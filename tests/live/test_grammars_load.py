"""The servers themselves read our grammars."""

from __future__ import annotations

import json

import httpx
import pytest

from funcdex.grammar.examples import samples
from funcdex.types.request import Dialect
from live import servers

VLLM_FIELDS: dict[Dialect, str] = {
    "lark": "grammar",
    "ebnf": "grammar",
    "structural_tag": "structural_tag",
}


@pytest.mark.parametrize("name", samples("gbnf"))
def test_llama_server_reads_our_gbnf(llamacpp_server: servers.LiveServer, name: str) -> None:
    _generates(llamacpp_server, {"grammar": samples("gbnf")[name]})


@pytest.mark.parametrize("dialect", VLLM_FIELDS)
@pytest.mark.parametrize("name", samples("lark"))
def test_vllm_reads_our_grammars(vllm_server: servers.LiveServer, name: str, dialect: Dialect) -> None:
    _generates(vllm_server, {"structured_outputs": {VLLM_FIELDS[dialect]: samples(dialect)[name]}})


def test_vllm_takes_a_structural_tag_as_response_format_too(vllm_server: servers.LiveServer) -> None:
    # SGLang and TensorRT-LLM know it by this field.
    _generates(vllm_server, {"response_format": json.loads(samples("structural_tag")["schema"])})


def _generates(server: servers.LiveServer, constraint: dict[str, object]) -> None:
    body = {
        "model": servers.MODEL_NAME,
        "messages": [{"role": "user", "content": "Write."}],
        "max_tokens": 20,
        **constraint,
    }
    answer = httpx.post(f"{server.base_url}/v1/chat/completions", json=body, timeout=120.0, trust_env=False)
    assert answer.status_code == 200, answer.text
    text = answer.json()["choices"][0]["message"]["content"]
    assert text.startswith(("</user>\n", "{")), text
