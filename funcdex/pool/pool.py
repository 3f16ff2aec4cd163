"""Many endpoints behind one `generate`.

Work is pulled: a request waits in one queue until an endpoint that may serve it has room (`dispatch.py`).
I/O happens in the task that asked. An answer under a grammar is matched here before it counts (`trust.py`).
A task for each endpoint (`Keeper`) waits out its pauses and brings it back once it can be reached again.

    async with Pool(candidates, settings) as pool:
        completion = await pool.generate(request)
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup

from funcdex.endpoints.client import complete
from funcdex.errors import ContextTooLong, EndpointError
from funcdex.pool.affinity import affinity_key, ranking
from funcdex.pool.dispatch import Dispatcher
from funcdex.pool.events import EventKind, MemberState, PoolEvent, PoolSnapshot
from funcdex.pool.joining import Candidate
from funcdex.pool.keeping import Keeper
from funcdex.pool.member import Lease, Member
from funcdex.pool.retry import RetryPolicy, wait_before_retry
from funcdex.pool.trust import believe
from funcdex.pool.waiting import Job
from funcdex.pool.watching import watch_load
from funcdex.settings.tree import PoolSettings
from funcdex.types.request import Completion, Request

_CHARS_PER_TOKEN = 4
_NEWEST_WEIGHT = 0.1


class Pool:
    """`clock` is monotonic, in seconds; `sleep` waits by the same clock. `on_event` must return at once."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        settings: PoolSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        rng: random.Random | None = None,
        on_event: Callable[[PoolEvent], None] | None = None,
        require_enforcement: bool = True,
        watch_loads: bool = True,
    ) -> None:
        self._settings = settings
        self._policy = RetryPolicy(settings.max_attempts, settings.backoff_base_s, settings.backoff_max_s)
        self._clock = clock
        self._sleep = sleep
        self._draw = (rng or random.Random()).random
        self._on_event = on_event
        self._require_enforcement = require_enforcement
        self._watch_loads = watch_loads
        self._candidates = tuple(candidates)
        now_s = clock()
        self._members = tuple(
            Member(candidate.client, 1 << place, settings, now_s)
            for place, candidate in enumerate(self._candidates)
        )
        self._dispatcher = Dispatcher(self._members, clock)
        self._back_offs: set[anyio.CancelScope] = set()
        self._arrivals = 0
        self._answer_tokens: dict[str, float] = {}
        self._tasks: TaskGroup | None = None

    async def __aenter__(self) -> Self:
        tasks = anyio.create_task_group()
        self._tasks = await tasks.__aenter__()
        for member, candidate in zip(self._members, self._candidates, strict=True):
            keeper = self._keeper_of(member)
            keeper.welcome(candidate.found)
            tasks.start_soon(keeper.keep)
            if self._watch_loads:
                tasks.start_soon(self._watch, member)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if self._tasks is None:
            raise RuntimeError("a pool that was not entered")
        self._tasks.cancel_scope.cancel()
        if isinstance(error, anyio.get_cancelled_exc_class()):
            return await self._tasks.__aexit__(kind, error, trace)
        # An error of the owner's is the owner's: a task group would wrap it into an ExceptionGroup.
        await self._tasks.__aexit__(None, None, None)
        return None

    async def generate(self, request: Request) -> Completion:
        """Sends a request to an endpoint, again if need be. Cancelling it withdraws it or breaks it off.

        Raises EndpointError if it is refused or its attempts are used up, NoEndpointAvailable if there has
        been no endpoint for it for `give_up_after_s`.
        """
        job = self._job(request)
        while True:
            lease = await self._dispatcher.lease_for(job)
            try:
                completion = await complete(request, lease.facts, lease.member.client, self._clock)
                self._answered(lease)
                if self._require_enforcement:
                    await believe(request, completion)
            except EndpointError as fault:
                wait_s = self._failed(job, lease, fault)
                if wait_s is None:
                    raise
            else:
                return self._succeeded(job, lease, completion)
            finally:
                self._dispatcher.give_back(lease)
            if wait_s:
                await self._back_off(wait_s)

    def snapshot(self) -> PoolSnapshot:
        """All figures of this moment."""
        now_s = self._clock()
        return PoolSnapshot(
            at_s=now_s,
            endpoints=tuple(member.snapshot(now_s) for member in self._members),
            waiting=self._dispatcher.waiting,
            backing_off=len(self._back_offs),
        )

    def drain(self) -> None:
        """Sends nothing more: who waits, or asks from now on, gets Draining. What is in flight goes on."""
        self._dispatcher.drain()
        for pause in self._back_offs:
            pause.cancel()

    def _job(self, request: Request) -> Job:
        chars = sum(len(message.content) for message in request.messages)
        answer_tokens = self._answer_tokens.get(request.stage, request.sampling.max_tokens)
        serving = sum(
            member.bit
            for member in self._members
            if not member.client.spec.stages or request.stage in member.client.spec.stages
        )
        self._arrivals += 1
        return Job(
            request,
            self._arrivals,
            serving,
            tokens=chars / _CHARS_PER_TOKEN + answer_tokens,
            home=self._home_of(request, serving),
            avoid=sum(member.bit for member in self._members if member.url in request.avoid),
        )

    def _home_of(self, request: Request, serving: int) -> int:
        """The endpoint of `serving` that requests like this one go to, as a bit; 0 if none is better."""
        able = tuple(member for member in self._members if member.bit & serving)
        key = affinity_key(request)
        if key is None or len(able) < 2:
            return 0
        first, *_ = ranking(key, tuple(member.url for member in able))
        return able[first].bit

    # How it went

    def _answered(self, lease: Lease) -> None:
        """The place is free as soon as the answer is here, whatever is found in it."""
        now_s, member = self._clock(), lease.member
        before = member.state(now_s)
        member.answered(lease, now_s)
        self._tell_change(member, before)
        self._dispatcher.give_back(lease)

    def _succeeded(self, job: Job, lease: Lease, completion: Completion) -> Completion:
        constrained = job.request.grammar is not None and self._require_enforcement
        lease.member.succeeded(lease, completion, self._clock(), constrained=constrained)
        self._learn(job.request.stage, completion.completion_tokens)
        return replace(completion, queued_s=job.queued_s, attempts=job.attempts)

    def _learn(self, stage: str, tokens: int) -> None:
        known = self._answer_tokens.get(stage, float(tokens))
        self._answer_tokens[stage] = known + _NEWEST_WEIGHT * (tokens - known)

    def _failed(self, job: Job, lease: Lease, fault: EndpointError) -> float | None:
        """Seconds until the request asks again; None if it does not."""
        now_s, member = self._clock(), lease.member
        before = member.state(now_s)
        member.failed(lease, fault, now_s, self._draw())
        if isinstance(fault, ContextTooLong):
            _doubt_context(member, job, now_s)
        self._tell_change(member, before, fault)
        if member.refused or member.due_s(now_s) is not None:
            member.attention.set()
        wait_s = self._next_try(job, member, fault)
        if wait_s is not None:
            self._tell("retry", member, fault, job.request.conversation_id)
        return wait_s

    def _next_try(self, job: Job, member: Member, fault: EndpointError) -> float | None:
        if isinstance(fault, ContextTooLong):
            return self._more_context(job, member, fault)
        if not fault.blames_endpoint:
            return self._second_opinion(job, member, fault)
        faults = job.faults.after(fault)
        if faults != job.faults:
            job.faults = faults
            job.avoid = (job.avoid | member.bit) if job.serving & ~job.avoid & ~member.bit else member.bit
        return wait_before_retry(fault, faults, self._policy, self._draw())

    def _second_opinion(self, job: Job, member: Member, fault: EndpointError) -> float | None:
        """What one endpoint refuses another may take: it is of another version, or behind another proxy. If
        that one refuses it too, it is the request."""
        first, job.refusal = job.refusal is None, job.refusal or fault
        job.serving &= sum(one.bit for one in self._members if one.up(self._clock())) & ~member.bit
        return 0.0 if job.serving and first else None

    def _more_context(self, job: Job, member: Member, fault: EndpointError) -> float | None:
        """Goes where more context is told of; the first time as much will do, for what is told may be old."""
        told = (member.facts and member.facts.context_tokens) or 0
        least = told + 1 if job.refusal else told
        job.refusal = job.refusal or fault
        job.serving &= ~member.bit & sum(
            other.bit
            for other in self._members
            if told and other.facts and (other.facts.context_tokens or 0) >= least
        )
        return 0.0 if job.serving else None

    async def _back_off(self, wait_s: float) -> None:
        with anyio.CancelScope() as pause:
            self._back_offs.add(pause)
            try:
                await self._sleep(wait_s)
            finally:
                self._back_offs.discard(pause)

    # Looking after endpoints

    async def _watch(self, member: Member) -> None:
        every_s, moved = self._settings.load_poll_s, self._dispatcher.moved
        await watch_load(member, every_s, self._clock, self._sleep, moved)

    def _keeper_of(self, member: Member) -> Keeper:
        return Keeper(
            member,
            self._settings,
            self._clock,
            self._sleep,
            moved=self._dispatcher.moved,
            tell=self._tell,
            require_enforcement=self._require_enforcement,
        )

    # Telling

    def _tell_change(self, member: Member, before: MemberState, fault: EndpointError | None = None) -> None:
        after = member.state(self._clock())
        kind = _TOLD_AS.get(after)
        if kind is not None and after != before:
            self._tell(kind, member, fault, None)

    def _tell(
        self, kind: EventKind, member: Member, fault: EndpointError | None, conversation_id: str | None
    ) -> None:
        if self._on_event is not None:
            self._on_event(
                PoolEvent(
                    kind,
                    self._clock(),
                    member.url,
                    fault.kind if fault else None,
                    str(fault) if fault and kind == "retry" else member.reason,
                    conversation_id,
                )
            )


def _doubt_context(member: Member, job: Job, now_s: float) -> None:
    """What should fit with room to spare and does not: the server was started anew with less context. The
    probe will tell."""
    told = (member.facts and member.facts.context_tokens) or 0
    if 2 * job.tokens < told and not member.down:
        member.go_down(f"{job.tokens:.0f} tokens do not fit the {told} that it told of", now_s)


_TOLD_AS: dict[MemberState, EventKind] = {
    "open": "opened",
    "down": "down",
    "ready": "closed",
    "refused": "refused",
}
