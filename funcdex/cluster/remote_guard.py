"""The guard of a range: it embeds here and has elsewhere decided.

What comes within some milliseconds is embedded together by this process's sentence model, then goes to those
who decide on its toolkit set, again in batches: while one is under way the next gathers. A call costs both
sides as much as several decisions. What words and vectors do not settle is adjudicated here, by who asked, as
on one machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import anyio.to_thread
import numpy as np

from funcdex.cluster.decisions import Question
from funcdex.dedup.embedding import Embedder, encoded
from funcdex.dedup.examples import Examples
from funcdex.dedup.guard import adjudicated
from funcdex.dedup.protocol import Adjudicate, Duplicate, Unsettled, Verdict
from funcdex.dedup.sketch import sketch_of
from funcdex.errors import FuncdexError

MOST_AT_ONCE = 256
"""Questions of one call."""
EMBEDDED_AT_ONCE = 64
GATHERED_S = 0.25
"""How long the first of a batch waits for others: little beside the seconds that a model takes to answer."""

Ask = Callable[[int, Sequence[Question]], Awaitable[Sequence[Verdict]]]
"""The answers of an actor, by its number. Raises FuncdexError."""
Prepare = Callable[[Sequence[tuple[str, str, str]]], Sequence[Question]]
"""Questions of (asker, group, text). Blocks. Raises DedupError."""


@dataclass(slots=True, eq=False)
class _Waiting:
    asker: str
    group: str
    text: str
    question: Question | None = None
    answered: anyio.Event = field(default_factory=anyio.Event)
    answer: Verdict = None
    fault: FuncdexError | None = None


class _Line:
    """What waits for one step."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._called = anyio.Event()

    def put(self, one: _Waiting) -> None:
        """At the end."""
        self._waiting.append(one)
        self._called.set()

    async def next(self, most: int, gathered_s: float = 0.0) -> list[_Waiting]:
        """Up to so many, once there is one and has waited `gathered_s` for more."""
        while not self._waiting:
            self._called = anyio.Event()
            await self._called.wait()
        if len(self._waiting) < most:
            await anyio.sleep(gathered_s)
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]


class RemoteGuard:
    """See `Guard`. `shard_of` says who decides on a toolkit set. `serve` it in a task.

    `examples` are those of earlier sessions by group; what this range admits is added, what others do is not.
    """

    def __init__(
        self,
        ask: Ask,
        prepare: Prepare,
        shard_of: Mapping[str, int],
        examples: Mapping[str, Examples] | None,
    ) -> None:
        self._ask = ask
        self._prepare = prepare
        self._shard_of = shard_of
        self._examples = dict(examples) if examples is not None else None
        self._to_prepare = _Line()
        self._to_ask = {shard: _Line() for shard in set(shard_of.values())}

    async def admit(
        self, group: str, text: str, adjudicate: Adjudicate | None = None, *, asker: str = ""
    ) -> Duplicate | None:
        """See `Guard.admit`."""
        waiting = _Waiting(asker, group, text)
        self._to_prepare.put(waiting)
        await waiting.answered.wait()
        if waiting.fault:
            raise waiting.fault
        answer = waiting.answer
        duplicate = await adjudicated(text, answer, adjudicate) if isinstance(answer, Unsettled) else answer
        if duplicate is None and self._examples is not None:
            self._of(group).add([text])
        return duplicate

    def examples(self, group: str, most: int, about: str = "") -> list[str]:
        """See `Guard.examples`."""
        return self._of(group).shown(most, about) if self._examples is not None else []

    async def serve(self) -> None:
        """Until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._prepare_some)
            for shard, line in self._to_ask.items():
                tasks.start_soon(self._ask_some, shard, line)

    def _of(self, group: str) -> Examples:
        assert self._examples is not None
        return self._examples.setdefault(group, Examples(group))

    async def _prepare_some(self) -> None:
        while True:
            some = await self._to_prepare.next(EMBEDDED_AT_ONCE, GATHERED_S)
            told = [(one.asker, one.group, one.text) for one in some]
            try:
                questions = await anyio.to_thread.run_sync(self._prepare, told)
            except FuncdexError as fault:
                _answer(some, [None] * len(some), fault)
                continue
            for one, question in zip(some, questions, strict=True):
                one.question = question
                self._to_ask[self._shard_of[one.group]].put(one)

    async def _ask_some(self, shard: int, line: _Line) -> None:
        while True:
            some = await line.next(MOST_AT_ONCE)
            questions = [one.question for one in some if one.question is not None]
            try:
                answers = await self._ask(shard, questions)
            except FuncdexError as fault:
                _answer(some, [None] * len(some), fault)
            else:
                _answer(some, answers, None)


def _answer(some: Sequence[_Waiting], answers: Sequence[Verdict], fault: FuncdexError | None) -> None:
    for one, answer in zip(some, answers, strict=True):
        one.answer, one.fault = answer, fault
        one.answered.set()


@asynccontextmanager
async def serving(guard: RemoteGuard | None) -> AsyncIterator[RemoteGuard | None]:
    """The guard answers as long as the block."""
    async with anyio.create_task_group() as tasks:
        if guard is not None:
            tasks.start_soon(guard.serve)
        yield guard
        tasks.cancel_scope.cancel()


def embedded(embedder: Embedder | None, told: Sequence[tuple[str, str, str]]) -> list[Question]:
    """Questions about scenarios; without a model there are no vectors. Blocks."""
    if embedder is None:
        return [Question(asker, group, text) for asker, group, text in told]
    vectors = encoded(embedder, [text for _, _, text in told]).astype("<f2")
    return [
        Question(asker, group, text, np.ascontiguousarray(vector).tobytes())
        for (asker, group, text), vector in zip(told, vectors, strict=True)
    ]


def sketched(names: bool, told: Sequence[tuple[str, str, str]]) -> list[Question]:
    """Questions about conversations; `names` as for `masked_tokens`. Blocks."""
    return [Question(asker, group, sketch=sketch_of(text, names=names)) for asker, group, text in told]
