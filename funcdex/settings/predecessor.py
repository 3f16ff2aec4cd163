"""Reads a Funcdex-Synthesizer configuration as it stands: its keys in our tree, a note for what has no place.

Values may hold `${VARIABLE:default}`. A key given as `${VARIABLE}` stays a reference to the variable.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?\}")

# Its path, dotted -> ours. A stage block of `llm_settings` and the endpoints are handled apart.
_SAME_MEANING = {
    "generation.include_assistant_thoughts": "generation.thoughts",
    "generation.total_conversations": "count",
    "generation.workflow_description": "generation.workflow_description",
    "generation.diversity.similarity_threshold": "dedup.similarity_threshold",
    "generation.diversity.max_scenario_retries": "dedup.max_scenario_retries",
    "generation.diversity.num_seed_scenarios": "dedup.examples_shown",
    "generation.correction.max_attempts": "generation.max_corrections",
    "generation.correction.max_retries": "generation.max_regenerations",
    "generation.min_user_messages": "generation.min_user_turns",
    "generation.max_tools_in_context": "generation.max_tools",
    "processing.max_tools_per_conversation": "generation.max_tools",
    "processing.random_seed": "seed",
    "scoring.min_tool_use_quality": "judge.min_tool_use_quality",
    "scoring.temperature": "sampling.judge.temperature",
    "scoring.timeout": "sampling.judge.timeout_s",
    "embedding.model_name": "dedup.model",
    "embedding.device": "dedup.device",
    "paths.data.wanted_toolkits": "wanted_toolkits",
}
_WITHOUT_MEANING = {
    "paths.prompts": "prompts are part of funcdex",
    "paths.grammars": "grammars are built from the tools",
    "paths.output": "the run directory holds files of these names",
    "generation.correction.retry_delay": "the pool waits by the kind of fault (pool.backoff_base_s)",
    "processing.conversation_generation.n_jobs": "endpoints are kept busy by pool.max_in_flight",
    "processing.scoring.n_jobs": "endpoints are kept busy by pool.max_in_flight",
    "processing.system_prompt_generation.semaphore_limit": "endpoints are kept busy by pool.max_in_flight",
    "processing.test_conversations_per_toolkit": "a split belongs to the export",
    "scoring.reasoning_effort": "set it at the server",
}
_STAGES_OF_BLOCK = {
    "main": ("scenario", "persona", "outline", "tools"),
    "conversation": ("conversation",),
    "scorer": ("judge",),
    "system_prompt": ("system_prompt",),
}
_STAGES_OF_SAMPLING = {
    "scenario": ("scenario", "persona", "outline"),
    "conversation": ("conversation",),
    "correction": ("correction",),
    "tool_selection": ("tools",),
}
_SAMPLING_KEYS = {"timeout": "timeout_s"} | {
    key: key for key in ("temperature", "top_p", "top_k", "min_p", "max_tokens")
}
_PACKAGED_MODELS = ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2")


def is_predecessor_config(data: Mapping[str, Any]) -> bool:
    """Whether this mapping has the predecessor's sections."""
    return "llm_api" in data or "paths" in data


def translate(
    data: Mapping[str, Any], path: Path, environ: Mapping[str, str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Nested settings of ours and a note for each key that has no meaning here."""
    settings: dict[str, Any] = {}
    notes: list[str] = []
    if isinstance(llm_api := data.get("llm_api"), dict):
        _put(settings, "endpoints", _endpoints(llm_api, environ, notes))
    for key, raw in _leaves({name: part for name, part in data.items() if name != "llm_api"}):
        _translate_leaf(key, _resolved(raw, environ), settings, notes)
    if "tools" in settings:
        settings["tools"] = [_beside(path, str(tools)) for tools in settings["tools"]]
    if "wanted_toolkits" in settings:
        settings["wanted_toolkits"] = _beside(path, str(settings["wanted_toolkits"]))
    turns = settings.get("generation", {})
    # It had no upper bound; ours must not fall below the lower one that it set.
    if isinstance(fewest := turns.get("min_user_turns"), int) and fewest > 8:
        turns["max_user_turns"] = fewest + 4
    return settings, tuple(f"{note} ({path})" for note in notes)


def _translate_leaf(key: str, value: Any, settings: dict[str, Any], notes: list[str]) -> None:
    reason = next((why for name, why in _WITHOUT_MEANING.items() if (key + ".").startswith(name + ".")), None)
    if reason:
        notes.append(f"{key} has no meaning here: {reason}")
    elif key == "paths.data.tool_definitions":
        _put(settings, "tools", [value])
    elif key.startswith("generation.clarity_levels."):
        _put(settings, key, value)
    elif key.startswith("generation.llm_settings."):
        _translate_sampling(key, value, settings, notes)
    elif key == "embedding.model_name" and value in _PACKAGED_MODELS:
        _put(settings, "dedup.model", "minilm")
    elif key in _SAME_MEANING:
        _put(settings, _SAME_MEANING[key], value)
    else:
        notes.append(f"{key} is not known and has no effect")


def _translate_sampling(key: str, value: Any, settings: dict[str, Any], notes: list[str]) -> None:
    block, _, knob = key.removeprefix("generation.llm_settings.").partition(".")
    if block not in _STAGES_OF_SAMPLING or knob not in _SAMPLING_KEYS:
        notes.append(f"{key} is not known and has no effect")
        return
    for stage in _STAGES_OF_SAMPLING[block]:
        _put(settings, f"sampling.{stage}.{_SAMPLING_KEYS[knob]}", value)


def _endpoints(
    llm_api: Mapping[str, Any], environ: Mapping[str, str], notes: list[str]
) -> list[dict[str, Any]]:
    """One endpoint per block; a flat block serves every stage, blocks that are missing fall to `main`."""
    if "base_url" in llm_api:
        return [_endpoint(llm_api, (), environ)]
    blocks = {
        name: block for name, block in llm_api.items() if name in _STAGES_OF_BLOCK and isinstance(block, dict)
    }
    notes.extend(f"llm_api.{name} is not known and has no effect" for name in llm_api if name not in blocks)
    rest = tuple(stage for name, stages in _STAGES_OF_BLOCK.items() if name not in blocks for stage in stages)
    first = next(iter(blocks), None)
    return [
        _endpoint(block, _STAGES_OF_BLOCK[name] + (rest if name == first else ()), environ)
        for name, block in blocks.items()
    ]


def _endpoint(
    block: Mapping[str, Any], stages: tuple[str, ...], environ: Mapping[str, str]
) -> dict[str, Any]:
    key = block.get("api_key")
    match = _VARIABLE.fullmatch(key) if isinstance(key, str) else None
    fields = {
        "url": _resolved(block.get("base_url"), environ),
        "model": _resolved(block.get("model"), environ),
        "stages": stages,
    }
    if match and match.group(1) in environ:
        fields["api_key_env"] = match.group(1)
    elif key:
        fields["api_key"] = _resolved(key, environ)
    return fields


def _leaves(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _resolved(value: Any, environ: Mapping[str, str]) -> Any:
    if not isinstance(value, str):
        return value
    return _VARIABLE.sub(lambda match: environ.get(match.group(1), match.group(2) or ""), value)


def _put(settings: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        settings = settings.setdefault(parent, {})
    settings[last] = value


def _beside(config: Path, name: str) -> Path:
    """A path of the configuration: as seen from here, else from the configuration's folder."""
    path = Path(name)
    return path if path.is_absolute() or os.path.exists(path) else config.parent / path
