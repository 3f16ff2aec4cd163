"""`funcdex generate` against a real vLLM and a real llama.cpp server at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running import records, run_command

from funcdex.grammar.check import fault_at
from funcdex.order import tools_of_conversation
from funcdex.rundir.layout import RunDir
from funcdex.rundir.reading import read_journal
from funcdex.stages.grammars import grammar_of
from funcdex.stages.kinds import form_of
from live import servers

COUNT = 8
OF_FORM = {"markup", "unknown_tool", "invalid_arguments", "invalid_response", "not_json", "not_a_record"}
"""What grammars are for. What a random model says has no sense, and is found to have none."""
OF_A_RANDOM_MODEL = {"length", "repetition"}
"""Why it may not get to the end of a conversation, however often it is asked: it gets lost in thoughts."""

# A random model rambles: what is asked of it is short, and what breaks off is drawn again.
CONFIG = """
generation:
  min_user_turns: 1
  max_user_turns: {turns}
  distractor_tools: 0
  max_tools: 2
  max_stage_retries: 20
  max_corrections: 1
  max_regenerations: 6
  kinds: {{happy_path: 1}}
  check_plans: false
verify: {{grounding: false, statements: false, placeholders: false, repetition: false, language: false,
         roles: false}}
judge: {{min_tool_use_quality: 1}}
dedup: {{enabled: false}}
sampling:
  scenario: {{max_tokens: 400, temperature: 1.0}}
  persona: {{max_tokens: 400, temperature: 1.0}}
  outline: {{max_tokens: 2000, temperature: 1.0}}
  tools: {{max_tokens: 400, temperature: 1.0}}
  conversation: {{max_tokens: 3000, temperature: 1.0}}
  correction: {{max_tokens: 3000, temperature: 1.0}}
  system_prompt: {{max_tokens: 400, temperature: 1.0}}
  judge: {{max_tokens: 1000, temperature: 1.0}}
pool: {{max_in_flight: 4}}
"""


@pytest.mark.parametrize("thoughts", [False, True], ids=["without thoughts", "with thoughts"])
def test_both_servers_write_conversations_that_their_grammar_accepts(
    tmp_path: Path, vllm_server: servers.LiveServer, llamacpp_server: servers.LiveServer, thoughts: bool
) -> None:
    config, run = tmp_path / "live.yaml", RunDir(tmp_path / "run")
    config.write_text(CONFIG.format(turns=1 if thoughts else 2), "utf-8")
    urls = (vllm_server.base_url, llamacpp_server.base_url)

    result = run_command(
        "generate", config, "--endpoints", ",".join(urls), "--run", run.path,
        "--toolkits", "gmail,todoist,jira+gmail", "--count", COUNT,
        "--thoughts" if thoughts else "--no-thoughts", timeout_s=900,
    )  # fmt: skip

    assert result.returncode in (0, 5), result.stderr
    state = read_journal(run)
    assert len(state.settled) == COUNT
    written = records(run.output("conversations"))
    assert len(written) >= 2, result.stdout
    assert {rejected["reason"] for rejected in records(run.output("rejected"))} <= OF_A_RANDOM_MODEL
    for record in written:
        tools, settings, draft = tools_of_conversation(run.path, record["id"])
        grammar = grammar_of(tools, settings.generation, form_of(draft, settings.generation))
        assert fault_at(grammar, record["conversation_dml"]) is None
        assert not record["simulated"]
    usage = [used for entry in records(run.journal) for used in entry.get("usage", ())]
    assert {used["endpoint"] for used in usage if used["stage"] == "conversation"} == set(urls)
    found = json.loads(run_command("validate", run.path, "--json", "-").stdout)
    assert not {fault["reason"] for fault in found} & OF_FORM


NATIVE = CONFIG.replace("kinds: {{happy_path: 1}}", "kinds: {{irrelevant_request: 1}}").replace(
    "generation:", "generation:\n  mode: turn_by_turn\n  assistant_calls: native"
)


def test_assistants_are_given_tools_by_the_chat_api_of_both_servers(
    tmp_path: Path, any_server: servers.LiveServer
) -> None:
    """A random model calls nothing, so these are conversations in which nothing is to be called."""
    config, run = tmp_path / "native.yaml", RunDir(tmp_path / "run")
    config.write_text(NATIVE.format(turns=1), "utf-8")

    result = run_command(
        *("generate", config, "--endpoints", any_server.base_url, "--run", run.path),
        *("--toolkits", "todoist", "--count", 2),
        timeout_s=600,
    )

    assert result.returncode in (0, 5), result.stderr
    usage = [used for entry in records(run.journal) for used in entry.get("usage", ())]
    assert "assistant_turn_native" in {used["stage"] for used in usage}
    assert {one["reason"] for one in records(run.output("rejected"))} <= OF_A_RANDOM_MODEL
    assert len(read_journal(run).settled) == 2
