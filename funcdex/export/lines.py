"""What each journal entry adds to the readable outputs, in the predecessor's shapes and a little more.

Pure: the same draft and entry give the same lines, so outputs can be mended from the journal at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from funcdex.dml.parser import parse
from funcdex.export.lineage import lineage_of
from funcdex.export.loss_mask import faulty_turns, loss_mask
from funcdex.export.records import parsed_record
from funcdex.types.record import Accepted, Draft, Entry, Line, Plan, Rejected, StageDone, Usage
from funcdex.types.tools import Tool


def lines_after(draft: Draft, entry: Entry, tools: Sequence[Tool]) -> list[Line]:
    """The lines that `entry` adds, where `draft` is what is known with it and `tools` are those shown."""
    if isinstance(entry, StageDone):
        if entry.stage == "conversation":
            return [("conversations", _written(draft, tools))]
        if entry.stage == "system_prompt":
            return [("conversations_with_system_prompts", _with_system_prompt(draft, tools))]
        if entry.stage == "judge":
            return [("scored_conversations", _scored(draft, tools))]
        return []
    if isinstance(entry, Accepted):
        return [
            ("accepted_conversations", _scored(draft, tools)),
            ("parsed_conversations", _parsed(draft, tools)),
        ]
    if isinstance(entry, Rejected):
        return [("rejected", _rejected(draft, entry, tools))]
    return []


def history_lines(
    plan: Plan, entries: Iterable[Entry], tools_of: Callable[[Draft], Sequence[Tool]]
) -> list[Line]:
    """Every line that the entries of one conversation make, in order."""
    draft, lines = Draft(plan), list[Line]()
    for entry in entries:
        draft = draft.after(entry) if isinstance(entry, StageDone) else draft
        lines += lines_after(draft, entry, tools_of(draft))
    return lines


def _written(draft: Draft, tools: Sequence[Tool]) -> dict[str, Any]:
    plan = draft.plan
    metadata = {
        "scenario": draft.scenario,
        "user_persona": draft.persona,
        "disposition": draft.outline,
        "selected_toolkits": list(plan.toolkits),
        "clarity_level": plan.clarity,
        "timestamp": draft.written_at,
        "correction_attempts": draft.corrections,
        "conversation_id": plan.index,
    }
    told = {"id": plan.id, "conversation_dml": draft.dml} | _as_written(draft) | {"metadata": metadata}
    return told | _lineage(draft, tools)


def _as_written(draft: Draft) -> dict[str, Any]:
    """How the model wrote it, where that is not what is exported."""
    return {} if draft.written is None else {"written_dml": draft.written}


def _with_system_prompt(draft: Draft, tools: Sequence[Tool]) -> dict[str, Any]:
    return _written(draft, tools) | {"system_prompt": draft.system_prompt}


def _scored(draft: Draft, tools: Sequence[Tool]) -> dict[str, Any]:
    return _with_system_prompt(draft, tools) | {"scores": draft.scores}


def _parsed(draft: Draft, tools: Sequence[Tool]) -> dict[str, Any]:
    lineage = {"id": draft.plan.id} | _lineage(draft, tools, texts=True) | {"scores": draft.scores}
    assert draft.dml is not None and draft.system_prompt is not None
    record = parsed_record(
        parse(draft.dml),
        system_prompt=draft.system_prompt,
        tools=tools,
        toolkits=draft.plan.toolkits,
        extra=lineage,
    )
    return record | {"loss_mask": loss_mask(record["messages"], faulty_turns(draft.verdicts))}


def _rejected(draft: Draft, entry: Rejected, tools: Sequence[Tool]) -> dict[str, Any]:
    """With the tools only where no other output has them: of a text that was given up while it was
    written."""
    shown = {"tools": [tool.as_openai for tool in tools]} if "dml" in entry.value else {}
    draft = draft.with_value(entry.value)
    ending = {"id": draft.plan.id, "stage": entry.stage, "reason": entry.reason, "detail": entry.detail}
    known = {"scenario": draft.scenario, "conversation_dml": draft.dml, "scores": draft.scores}
    lineage = (
        _origin(draft) | shown | _grammar(draft) | _bill(draft, (*draft.usage, *entry.usage), texts=True)
    )
    return ending | lineage | {key: value for key, value in known.items() if value is not None}


def _lineage(draft: Draft, tools: Sequence[Tool], *, texts: bool = False) -> dict[str, Any]:
    """Where a record comes from: what every line of every output carries."""
    shown = {"tools": [tool.as_openai for tool in tools]}
    return _origin(draft) | shown | _grammar(draft) | _bill(draft, draft.usage, texts=texts)


def _origin(draft: Draft) -> dict[str, Any]:
    plan = draft.plan
    return {
        "toolkits": list(plan.toolkits),
        "kind": plan.kind,
        "variant": plan.variant,
        "difficulty": plan.difficulty,
        "today": plan.today,
        "blueprint": None if draft.blueprint is None else dict(draft.blueprint),
        "seed": plan.seed,
    }


def _grammar(draft: Draft) -> dict[str, Any]:
    """What it was written under. Runs of earlier versions did not note it."""
    return {} if draft.grammar is None else {"grammar": dict(draft.grammar)}


_WRITERS = frozenset({"conversation", "correction", "assistant_turn", "assistant_turn_native"})
"""Prompts whose answers are, or become part of, what the assistant says."""


def _bill(draft: Draft, usage: Sequence[Usage], *, texts: bool) -> dict[str, Any]:
    """Who wrote it, how, and for how many tokens. `model` and `endpoint` are those of the conversation."""
    writer = next((one for one in reversed(usage) if one.stage in _WRITERS), None)
    prompts: Mapping[str, str] = {one.stage: one.prompt for one in usage}
    return {
        "model": writer.model if writer else None,
        "endpoint": writer.endpoint if writer else None,
        "simulated": any(one.simulated for one in usage),
        "tokens": {
            "prompt": sum(one.prompt_tokens for one in usage),
            "completion": sum(one.completion_tokens for one in usage),
            "reasoning": sum(one.reasoning_tokens for one in usage),
        },
        "prompts": prompts,
        "lineage": lineage_of(draft, usage, texts=texts),
    }
