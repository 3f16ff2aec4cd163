"""Asks every context that has no answer yet, as many at once as the pool has room for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel

from funcdex.errors import (
    CheckpointError,
    Draining,
    EndpointError,
    FuncdexError,
    NoEndpointAvailable,
    RequestRefused,
    without_frames,
)
from funcdex.evaluate.journal import AnswerLog, answer_line, fault_line
from funcdex.evaluate.questions import Question, Requests
from funcdex.types.request import Generate, Request

MOST_REFUSED = 16
"""So many contexts refused, and none answered: all of them would be."""


@dataclass(slots=True)
class Progress:
    """Counts of this session; `line` of `lines` is how far the data set has been read, `kept` how many
    answers were there already."""

    lines: int
    line: int = 0
    answered: int = 0
    unanswered: int = 0
    kept: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(slots=True)
class Asking:
    """`stopping` set: nothing more is asked. `fault` is what made it stop by itself; then `drain` is called,
    after which nobody waits for an endpoint any more."""

    generate: Generate
    requests: Requests
    log: AnswerLog
    progress: Progress
    drain: Callable[[], None]
    stopping: anyio.Event = field(default_factory=anyio.Event)
    fault: FuncdexError | None = None
    _live: int = 0
    _all_begun: bool = False
    _moved: anyio.Event = field(default_factory=anyio.Event)

    async def run(
        self, questions: Iterable[Question], is_done: Callable[[str], bool], max_live: Callable[[], int]
    ) -> None:
        """Asks each question whose key `is_done` does not know; `max_live` may change as it goes."""
        left = self._left(questions, is_done)
        async with anyio.create_task_group() as tasks:
            while not (self._all_begun or self.stopping.is_set()):
                if self._live < max_live():
                    self._live += 1
                    tasks.start_soon(self._work, left, max_live)
                    # Thousands begun in one turn of the event loop would hold it for seconds.
                    await anyio.lowlevel.checkpoint()
                else:
                    self._moved = anyio.Event()
                    await self._moved.wait()

    def stop(self) -> None:
        """Asks nothing more; what is in flight goes on."""
        self.stopping.set()
        self._moved.set()

    def _left(
        self, questions: Iterable[Question], is_done: Callable[[str], bool]
    ) -> Iterator[Question | None]:
        """None stands for one that is done: there may be many in a row."""
        for question in questions:
            self.progress.line = question.line
            yield None if is_done(question.key) else question
        self._all_begun = True

    async def _work(self, left: Iterator[Question | None], max_live: Callable[[], int]) -> None:
        """One context after another, as long as there is room for so many workers."""
        try:
            while not self.stopping.is_set() and self._live <= max_live():
                question = next(left, None)
                if question is not None:
                    await self._ask(self.requests.request_for(question))
                elif self._all_begun:
                    return
                else:
                    await anyio.lowlevel.checkpoint()
                if self._live < max_live():
                    self._moved.set()
        finally:
            self._live -= 1
            self._moved.set()

    async def _ask(self, request: Request) -> None:
        key = request.conversation_id
        try:
            try:
                completion = await self.generate(request)
            except EndpointError as fault:
                self.progress.unanswered += 1
                await self.log.put(fault_line(key, without_frames(fault)))
                self._look_at(fault)
                return
            await self.log.put(answer_line(key, completion))
            self.progress.answered += 1
            self.progress.prompt_tokens += completion.prompt_tokens
            self.progress.completion_tokens += completion.completion_tokens
        except Draining:
            pass  # It is asked next time.
        except (NoEndpointAvailable, CheckpointError) as fault:
            self._give_up(fault)

    def _look_at(self, fault: EndpointError) -> None:
        """Whether all the others would be refused as well."""
        progress = self.progress
        if not isinstance(fault, RequestRefused) or progress.answered or progress.kept:
            return
        if progress.unanswered >= MOST_REFUSED:
            self._give_up(
                FuncdexError(
                    f"{progress.unanswered} contexts were refused and none answered: {fault.what}",
                    where=fault.where,
                    fix="Does the server read its model's tool calls? See docs/eval.md, Servers.",
                )
            )

    def _give_up(self, fault: FuncdexError) -> None:
        self.fault = self.fault or fault
        self.stop()
        self.drain()
