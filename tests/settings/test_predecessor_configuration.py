"""A configuration of Funcdex-Synthesizer runs as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from funcdex.settings.load import api_key_of, load

WHOLE = """
llm_api:
  main: {api_key: "${WRITER_KEY:none}", base_url: "${WRITER_URL:http://writer:8000/v1}", model: big}
  scorer: {api_key: EMPTY, base_url: "http://judge:8000/v1", model: small}
paths:
  data: {tool_definitions: tools.json, wanted_toolkits: wanted.json}
  prompts: {scenario: prompts/scenario.txt}
  grammars: {with_thoughts: a.gbnf, without_thoughts: b.gbnf}
  output: {conversations: out/conversations.jsonl}
generation:
  include_assistant_thoughts: true
  total_conversations: 170
  workflow_description: "Only refunds."
  diversity: {similarity_threshold: 0.9, max_scenario_retries: 5, num_seed_scenarios: 20}
  correction: {max_attempts: 4, max_retries: 1, retry_delay: 2}
  min_user_messages: 3
  clarity_levels: {plain: {weight: 2, description: "says it plainly"}}
  llm_settings:
    scenario: {temperature: 0.9, top_p: 0.95, timeout: 100}
    conversation: {max_tokens: 9000, min_p: 0.05}
    tool_selection: {temperature: 0.1}
  max_tools_in_context: 12
processing:
  conversation_generation: {n_jobs: 32}
  scoring: {n_jobs: 32}
  system_prompt_generation: {semaphore_limit: 8}
  random_seed: 42
  test_conversations_per_toolkit: 20
scoring: {min_tool_use_quality: 3, temperature: 0.2, timeout: 60, reasoning_effort: low}
embedding: {model_name: all-MiniLM-L6-v2, device: cpu}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(WHOLE, "utf-8")
    return tmp_path / "config.yaml"


def test_every_key_with_a_meaning_finds_its_place(path: Path) -> None:
    settings = load(path).settings
    generation, dedup, sampling = settings.generation, settings.dedup, settings.sampling
    assert (settings.count, settings.seed) == (170, 42)
    assert settings.tools == (path.parent / "tools.json",)
    assert settings.wanted_toolkits == path.parent / "wanted.json"
    assert (generation.thoughts, generation.workflow_description) == (True, "Only refunds.")
    assert (generation.min_user_turns, generation.max_tools) == (3, 12)
    assert (generation.max_corrections, generation.max_regenerations) == (4, 1)
    assert {name: level.weight for name, level in generation.clarity_levels.items()} == {"plain": 2}
    assert (dedup.similarity_threshold, dedup.max_scenario_retries, dedup.examples_shown) == (0.9, 5, 20)
    assert (dedup.model, dedup.device) == ("minilm", "cpu")
    assert (sampling.persona.temperature, sampling.persona.timeout_s) == (0.9, 100)
    assert (sampling.conversation.max_tokens, sampling.conversation.min_p) == (9000, 0.05)
    assert sampling.tools.temperature == 0.1
    assert (settings.judge.min_tool_use_quality, sampling.judge.temperature) == (3, 0.2)


def test_its_endpoints_serve_the_stages_of_their_blocks(path: Path) -> None:
    writer, judge = load(path).settings.endpoints
    assert (writer.url, writer.model) == ("http://writer:8000", "big")
    assert set(writer.stages) == {"scenario", "persona", "outline", "tools", "conversation", "system_prompt"}
    assert (judge.url, judge.stages) == ("http://judge:8000", ("judge",))


def test_a_key_given_as_a_variable_stays_a_reference(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRITER_KEY", "sk-1")
    monkeypatch.setenv("WRITER_URL", "http://other:9000/v1")
    writer, _ = load(path).settings.endpoints
    assert (writer.url, writer.api_key_env, writer.api_key) == ("http://other:9000", "WRITER_KEY", None)
    key = api_key_of(writer)
    assert key and key.get_secret_value() == "sk-1"


def test_each_key_without_a_meaning_gets_a_note(path: Path) -> None:
    notes = " ".join(load(path).notes)
    for key in (
        "paths.prompts.scenario",
        "paths.grammars.with_thoughts",
        "paths.output.conversations",
        "generation.correction.retry_delay",
        "processing.scoring.n_jobs",
        "processing.test_conversations_per_toolkit",
        "scoring.reasoning_effort",
    ):
        assert f"{key} has no meaning here" in notes


def test_flags_win_over_it(path: Path) -> None:
    settings = load(path, {"endpoints": ["sim:2"], "count": 5}).settings
    assert [spec.url for spec in settings.endpoints] == ["sim:2"]
    assert settings.count == 5


def test_one_block_serves_every_stage(tmp_path: Path) -> None:
    path = tmp_path / "flat.yaml"
    path.write_text("llm_api: {api_key: x, base_url: 'http://one:1/v1', model: m}\n", "utf-8")
    (only,) = load(path).settings.endpoints
    assert (only.url, only.stages) == ("http://one:1", ())
