"""Keeps scenarios distinct while hundreds of conversations ask at once.

One worker takes whatever is waiting, decides in a thread, and answers: check and insert are one step, so
of two like scenarios that arrive together one is refused, and the sentence model sees batches.

What words and vectors do not settle is adjudicated by who asked, in its own task, while the worker answers
others. Such a scenario counts as there from the moment the worker has seen it. If it turns out to repeat an
earlier one it stays known, as another wording of that one, so whatever repeats it is refused rightly in
either case, and nobody has to wait for the outcome.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import anyio
import anyio.to_thread

from funcdex.dedup.examples import Examples
from funcdex.dedup.protocol import Adjudicate, Duplicate, Layer, Unsettled, Verdict, decided

MAX_BATCH = 64
RESTORED_AT_ONCE = 1024
"""Scenarios of an earlier session taken in by one call of a thread."""


@dataclass(slots=True)
class _Question:
    group: str
    text: str
    answered: anyio.Event = field(default_factory=anyio.Event)
    answer: Verdict = None
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
        with_examples: bool = True,
    ) -> None:
        self._layers = layers
        self._clock = clock
        self._earlier = earlier or {}
        self._with_examples = with_examples
        self._waiting: deque[_Question] = deque()
        self._asked = anyio.Event()
        self._examples: dict[str, Examples] = {}
        if with_examples:
            for group, texts in self._earlier.items():
                self._examples_of(group).add(texts)

    async def admit(
        self, group: str, text: str, adjudicate: Adjudicate | None = None, *, asker: str = ""
    ) -> Duplicate | None:
        """See `Guard.admit`. Nobody asks again here: what was decided is forgotten with who asked."""
        question = _Question(group, text)
        self._waiting.append(question)
        self._asked.set()
        await question.answered.wait()
        if question.fault:
            raise question.fault
        duplicate = question.answer
        if isinstance(duplicate, Unsettled):
            duplicate = await adjudicated(text, duplicate, adjudicate)
        if duplicate is None and self._with_examples:
            self._examples_of(group).add([text])
        return duplicate

    def examples(self, group: str, most: int, about: str = "") -> list[str]:
        """Up to `most` scenarios of a group for the writer to differ from; see `Examples.shown`."""
        return self._examples_of(group).shown(most, about)

    def _examples_of(self, group: str) -> Examples:
        return self._examples.setdefault(group, Examples(group))

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

    def _decide(self, batch: Sequence[_Question]) -> list[Verdict]:
        return decided(self._layers, [(question.group, question.text) for question in batch])

    def _answer(
        self, batch: Sequence[_Question], answers: Sequence[Verdict], fault: Exception | None
    ) -> None:
        for question, answer in zip(batch, answers, strict=True):
            question.answer, question.fault = answer, fault
            question.answered.set()


async def adjudicated(text: str, verdict: Unsettled, adjudicate: Adjudicate | None) -> Duplicate | None:
    """Asks about one candidate after the other until one is the same, or there is no answer."""
    if adjudicate is None:
        return None
    for candidate in verdict.candidates:
        same = await adjudicate(text, candidate.of)
        if same is None:
            return None
        if same:
            return replace(candidate, near=tuple(each.of for each in verdict.candidates))
    return None
