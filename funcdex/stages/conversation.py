"""The conversation itself, under a grammar of the very tools it is shown, and checked before it counts.

A sample with faults is corrected a few times; when that does not help, a new one is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from funcdex.dml.checks import Rules, check
from funcdex.dml.parser import parse
from funcdex.errors import MarkupError
from funcdex.off_loop import off_loop
from funcdex.settings.tree import GenerationSettings
from funcdex.stages.context import Context, Dialogue
from funcdex.stages.grammars import conversation_grammar_of, grammar_note
from funcdex.types.fault import Fault
from funcdex.types.record import Draft, Rejected, StageDone
from funcdex.types.request import Completion, Grammar
from funcdex.types.tools import Tool
from funcdex.verify.verify import verify


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What one sample is worth. `broken_off`: the end is missing, so there is nothing to correct."""

    text: str
    faults: tuple[Fault, ...]
    broken_off: bool


async def write_conversation(draft: Draft, context: Context) -> StageDone | Rejected:
    """Rejects with the code of the last sample's first fault."""
    dialogue, generation = Dialogue(context, draft, "conversation"), context.settings.generation
    tools = context.shown(draft)
    grammar = await conversation_grammar_of(tools, context.settings)
    corrections, attempt = 0, None
    for _ in range(generation.max_regenerations + 1):
        attempt = await _write(dialogue, draft, tools, grammar)
        for _ in range(generation.max_corrections):
            if attempt.broken_off or not attempt.faults:
                break
            corrections += 1
            attempt = await _correct(dialogue, attempt, tools, grammar)
        if not attempt.faults:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            return dialogue.done(
                dml=attempt.text, corrections=corrections, written_at=now, grammar=grammar_note(grammar)
            )
    assert attempt is not None
    fault = attempt.faults[0]
    return dialogue.rejected(fault.reason, fault.detail)


def rules_of(generation: GenerationSettings) -> Rules:
    """The form that the settings ask of a conversation."""
    return Rules(
        thoughts=generation.thoughts,
        parallel_calls=generation.parallel_calls,
        min_user_turns=generation.min_user_turns,
        max_user_turns=generation.max_user_turns,
    )


def tool_as_text(tool: Tool) -> str:
    """A tool as the writer and the judge see it: one line of JSON, response schema included."""
    fields = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "response": tool.response,
    }
    return orjson.dumps(fields).decode()


async def _write(dialogue: Dialogue, draft: Draft, tools: Sequence[Tool], grammar: Grammar) -> _Attempt:
    generation = dialogue.context.settings.generation
    completion = await dialogue.ask(
        "conversation",
        grammar=grammar,
        tools=[tool_as_text(tool) for tool in tools],
        thoughts=generation.thoughts,
        parallel_calls=generation.parallel_calls,
        scenario=draft.scenario,
        persona=draft.persona,
        clarity=generation.clarity_levels[draft.plan.clarity].description,
        outline=draft.outline,
        min_turns=generation.min_user_turns,
        max_turns=generation.max_user_turns,
    )
    return await off_loop(_judged, completion, tools, generation)


async def _correct(
    dialogue: Dialogue, attempt: _Attempt, tools: Sequence[Tool], grammar: Grammar
) -> _Attempt:
    generation = dialogue.context.settings.generation
    completion = await dialogue.ask(
        "correction",
        grammar=grammar,
        tools=[tool_as_text(tool) for tool in tools],
        thoughts=generation.thoughts,
        conversation=attempt.text,
        faults=[_said(fault) for fault in attempt.faults],
    )
    return await off_loop(_judged, completion, tools, generation)


def _said(fault: Fault) -> str:
    return fault.detail if fault.turn is None else f"turn {fault.turn + 1}: {fault.detail}"


def _judged(completion: Completion, tools: Sequence[Tool], generation: GenerationSettings) -> _Attempt:
    text = completion.text.strip()
    if completion.finish_reason != "stop":
        detail = f"the answer broke off ({completion.finish_reason})"
        return _Attempt(text, (Fault(completion.finish_reason, detail),), broken_off=True)
    return _Attempt(text, faults_of(text, tools, generation), broken_off=False)


def faults_of(text: str, tools: Sequence[Tool], generation: GenerationSettings) -> tuple[Fault, ...]:
    """All that is wrong with a written conversation: its markup, else its form, tools and arguments."""
    try:
        conversation = parse(text)
    except MarkupError as error:
        return (Fault("markup", str(error)),)
    return (*check(conversation, rules_of(generation)), *verify(conversation, tools))
