"""A run directory as a long run leaves it, made through funcdex's own journal and guard."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
import numpy as np
from overhead.mock import PIPELINE_MODEL
from overhead.script import conversation_with, prose

from funcdex.dedup.index import FloatArray
from funcdex.dedup.kept import KeptVectors
from funcdex.dedup.model_process import ModelProcess
from funcdex.export.lines import history_lines
from funcdex.order import Order, order_from, prepare
from funcdex.rundir.journal import open_journal
from funcdex.settings.tree import Settings
from funcdex.stages.plan import plan_at, shown_tools
from funcdex.types.record import STAGES, Accepted, Entry, Line, StageDone, Usage

AT_ONCE = 64
SHOWN = 7
GRAMMAR = {"key": "0123456789abcdef", "relaxed_total": 0, "relaxed": []}
SCORES = {"reasoning": prose(50), "user_query_clarity": 4, "tool_use_quality": 5}


def order_of(path: Path, url: str, conversations: int, unfinished: int, *, guard: bool) -> Order:
    """The run: gmail, and one conversation more than were begun."""
    settings = Settings.model_validate(
        {
            "endpoints": [f"{url};model={PIPELINE_MODEL}"],
            "toolkits": ["gmail"],
            "count": conversations + unfinished + 1000,
            # Generated scenarios are much alike.
            "dedup": {"enabled": guard, "layers": ["embedding"]},
            "grammar": {"max_tool_sets": 1},
            # The mock writes conversations of one kind.
            "generation": {"kinds": {"happy_path": 1}},
        }
    )
    return order_from(path, settings)


async def write_run(order: Order, conversations: int, unfinished: int) -> None:
    """So many conversations from their scenario to their acceptance, and others that stopped on the way, as
    many after each stage."""
    prepare(order)
    histories = Histories(order)
    async with open_journal(order.run) as journal:
        for numbers in batches(conversations + unfinished):
            entries: list[Entry] = []
            lines: list[Line] = []
            for number in numbers:
                more, theirs = histories.of(number, whole=number <= conversations)
                entries += more
                lines += theirs
            await journal.append(entries, lines)
    if order.settings.dedup.enabled:
        await anyio.to_thread.run_sync(_keep_vectors, order, conversations + unfinished)


def batches(count: int) -> Iterator[Sequence[int]]:
    """The numbers from 1, some at a time."""
    numbers = iter(range(1, count + 1))
    while some := tuple(itertools.islice(numbers, AT_ONCE)):
        yield some


def scenario(number: int) -> str:
    """One that no other is like, word by word."""
    return f"Case {number}: {_SCENARIO}"


class Histories:
    """Of conversations that all say the same but for scenario and number."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._values = _values(order)
        # Made once: the writer of a run spends most of its time elsewhere, this one would spend it here.
        self._lines = [self._first_lines(reached) for reached in range(len(STAGES) + 1)]

    def of(self, number: int, *, whole: bool) -> tuple[list[Entry], list[Line]]:
        """The entries of a conversation and the lines that they make."""
        id = plan_at(number, self._order.settings, self._order.bundles).id
        reached = len(STAGES) if whole else number % len(STAGES)
        lines: list[Line] = [(name, _numbered(record, id, number)) for name, record in self._lines[reached]]
        return self._entries(id, number, reached), lines

    def _entries(self, id: str, number: int, reached: int) -> list[Entry]:
        values: list[dict[str, Any]] = [{"scenario": scenario(number)}, *self._values]
        entries: list[Entry] = [
            StageDone(id, stage, value, (_usage(stage, number),))
            for stage, value in zip(STAGES[:reached], values, strict=False)
        ]
        return [*entries, Accepted(id)] if reached == len(STAGES) else entries

    def _first_lines(self, reached: int) -> list[Line]:
        plan = plan_at(1, self._order.settings, self._order.bundles)
        bundles = self._order.bundles
        entries = self._entries(plan.id, 1, reached)
        return history_lines(plan, entries, lambda draft: shown_tools(draft, bundles))


def _values(order: Order) -> tuple[dict[str, Any], ...]:
    """What the stages after the scenario add."""
    tools = order.bundles[0].tools[:SHOWN]
    written = {"corrections": 0, "written_at": "2026-01-01T00:00:00+00:00", "grammar": GRAMMAR}
    return (
        {"persona": _PERSONA},
        {"outline": _OUTLINE},
        {"shown": [tool.name for tool in tools]},
        {"dml": conversation_with(tuple(tool.as_text for tool in tools)), **written},
        {"system_prompt": _SYSTEM_PROMPT},
        {"scores": SCORES},
    )


def _numbered(record: Mapping[str, Any], id: str, number: int) -> Mapping[str, Any]:
    told = {**record, "id": id}
    if "metadata" in record:
        told["metadata"] = {**record["metadata"], "scenario": scenario(number), "conversation_id": number}
    return told


def _usage(stage: str, number: int) -> Usage:
    tokens = 300 + number % 700
    return Usage(stage, "abcdef012345", "http://gpu1:8000", "mock", 4 * tokens, tokens, 0, 2.5, False)


def _keep_vectors(order: Order, count: int) -> None:
    """Random ones; only that of the probe is the model's own, which a resume compares."""
    settings = order.settings.dedup
    model = ModelProcess(settings.model, settings.device)
    try:
        kept = KeptVectors(order.run.vectors, settings.model, model)
        dimension = model.encode(["dimension"]).shape[1]
        draws = np.random.default_rng(0)
        for numbers in batches(count):
            texts = [scenario(number) for number in numbers]
            kept.keep(texts, _unit(draws.standard_normal((len(texts), dimension), dtype=np.float32)))
        kept.close()
    finally:
        model.close()


def _unit(vectors: FloatArray) -> FloatArray:
    scaled: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


_SCENARIO, _PERSONA, _OUTLINE, _SYSTEM_PROMPT = (prose(count) for count in (45, 70, 160, 120))
