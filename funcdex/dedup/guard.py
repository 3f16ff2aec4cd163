"""Keeps scenarios distinct while hundreds of conversations ask at once.

One worker takes whatever is waiting, decides in a thread, and answers: check and insert are one step, so
of two like scenarios that arrive together one is refused, and the sentence model sees batches.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import anyio
import anyio.to_thread

from funcdex.dedup.protocol import Duplicate, Layer

MAX_BATCH = 64
RECENT_KEPT = 50
"""Latest scenarios kept per group as examples."""
RESTORED_AT_ONCE = 1024
"""Scenarios of an earlier session taken in by one call of a thread."""


@dataclass(slots=True)
class _Question:
    group: str
    text: str
    answered: anyio.Event = field(default_factory=anyio.Event)
    answer: Duplicate | None = None
    fault: Exception | None = None


class ScenarioGuard:
    """`layers` are asked in order; the cheap ones first. Make one per run, and `serve` it in a task.

    `earlier` are the scenarios of earlier sessions by group, in their order. Questions wait until these are
    taken in; nothing else does.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        earlier: Mapping[str, Sequence[str]] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._layers = layers
        self._clock = clock
        self._earlier = earlier or {}
        self._waiting: deque[_Question] = deque()
        self._asked = anyio.Event()
        self._recent: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=RECENT_KEPT))
        for group, texts in self._earlier.items():
            self._recent[group].extend(texts[-RECENT_KEPT:])

    async def admit(self, group: str, text: str) -> Duplicate | None:
        """None if the scenario is new, and it counts from now on; else what it duplicates."""
        question = _Question(group, text)
        self._waiting.append(question)
        self._asked.set()
        await question.answered.wait()
        if question.fault:
            raise question.fault
        return question.answer

    def recent(self, group: str, most: int) -> list[str]:
        """Up to `most` of the latest scenarios of a group: examples for the writer to differ from."""
        return list(self._recent[group])[-most:] if most else []

    async def serve(self) -> None:
        """Answers until cancelled. Work that was put off is done while nobody asks, and between answers for
        as long as these took: a graph that is not built makes answers slow, and must not wait for them."""
        await self._restore()
        while True:
            began_s = self._clock()
            if self._waiting:
                await self._answer_some()
            until_s = 2 * self._clock() - began_s
            while (unfinished := await anyio.to_thread.run_sync(self._upkeep)) and self._clock() < until_s:
                pass
            if not unfinished and not self._waiting:
                self._asked = anyio.Event()
                await self._asked.wait()

    async def _restore(self) -> None:
        for group, texts in self._earlier.items():
            for at in range(0, len(texts), RESTORED_AT_ONCE):
                for layer in self._layers:
                    await anyio.to_thread.run_sync(layer.insert, group, texts[at : at + RESTORED_AT_ONCE])
        self._earlier = {}

    async def _answer_some(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
        try:
            answers = await anyio.to_thread.run_sync(self._decide, batch)
        except Exception as fault:  # handed to those who asked; the worker goes on
            self._answer(batch, [None] * len(batch), fault)
        else:
            self._answer(batch, answers, None)

    def _upkeep(self) -> bool:
        return any(layer.upkeep() for layer in self._layers)

    def _decide(self, batch: Sequence[_Question]) -> list[Duplicate | None]:
        answers: list[Duplicate | None] = [None] * len(batch)
        for layer in self._layers:
            open_rows = [row for row, answer in enumerate(answers) if answer is None]
            verdicts = (
                layer.admit([(batch[row].group, batch[row].text) for row in open_rows]) if open_rows else []
            )
            for row, verdict in zip(open_rows, verdicts, strict=True):
                answers[row] = verdict
        return answers

    def _answer(
        self, batch: Sequence[_Question], answers: Sequence[Duplicate | None], fault: Exception | None
    ) -> None:
        for question, answer in zip(batch, answers, strict=True):
            question.answer, question.fault = answer, fault
            if fault is None and answer is None:
                self._recent[question.group].append(question.text)
            question.answered.set()
