"""Asks every context that has no answer yet, as many at once as the pool has room for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel

from funcdex.errors import (
    CheckpointError,
    Draining,
    EndpointError,
    FuncdexError,
    NoEndpointAvailable,
    without_frames,
)
from funcdex.evaluate.journal import AnswerLog, answer_line, fault_line
from funcdex.evaluate.questions import Question, Requests
from funcdex.types.request import Generate, Request


@dataclass(slots=True)
class Progress:
    """Counts of this session; `line` of `lines` is how far the data set has been read."""

    lines: int
    line: int = 0
    answered: int = 0
    unanswered: int = 0
    kept: int = 0
    """Answers that were there already."""
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(slots=True)
class Asking:
    """`stopping` set: nothing more is asked. `fault` is what made it stop by itself."""

    generate: Generate
    requests: Requests
    log: AnswerLog
    progress: Progress
    stopping: anyio.Event = field(default_factory=anyio.Event)
    fault: FuncdexError | None = None
    _live: int = 0
    _one_less: anyio.Event = field(default_factory=anyio.Event)

    async def run(
        self, questions: Iterable[Question], is_done: Callable[[str], bool], max_live: Callable[[], int]
    ) -> None:
        """Asks each question whose key `is_done` does not know; `max_live` may change as it goes."""
        async with anyio.create_task_group() as tasks:
            for question in questions:
                self.progress.line = question.line
                if is_done(question.key):
                    continue
                while self._live >= max_live() and not self.stopping.is_set():
                    self._one_less = anyio.Event()
                    await self._one_less.wait()
                if self.stopping.is_set():
                    return
                self._live += 1
                tasks.start_soon(self._ask, self.requests.request_for(question))
                # Thousands begun in one turn of the event loop would hold it for seconds.
                await anyio.lowlevel.checkpoint()

    def stop(self) -> None:
        """Asks nothing more; what is in flight goes on."""
        self.stopping.set()
        self._one_less.set()

    async def _ask(self, request: Request) -> None:
        key = request.conversation_id
        try:
            try:
                completion = await self.generate(request)
            except EndpointError as fault:
                await self.log.put(fault_line(key, without_frames(fault)))
                self.progress.unanswered += 1
                return
            await self.log.put(answer_line(key, completion))
            self.progress.answered += 1
            self.progress.prompt_tokens += completion.prompt_tokens
            self.progress.completion_tokens += completion.completion_tokens
        except Draining:
            pass  # It is asked next time.
        except (NoEndpointAvailable, CheckpointError) as fault:
            self.fault = self.fault or fault
            self.stopping.set()
        finally:
            self._live -= 1
            self._one_less.set()
