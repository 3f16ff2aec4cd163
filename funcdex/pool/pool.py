"""Many endpoints behind one `generate`.

Work is pulled: a request waits in one queue until an endpoint that may serve it has room (`dispatch.py`).
I/O happens in the task that asked. An answer under a grammar is matched here before it counts (`trust.py`).
A task for each endpoint (`Keeper`) waits out its pauses and brings it back once it can be reached again.

    async with Pool(candidates, settings) as pool:
        completion = await pool.generate(request)

Endpoints may join (`admit`) and leave (`dismiss`) while it works; `following.py` does it as they are listed.
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

from funcdex.errors import (
    ContextTooLong,
    EndpointError,
    GrammarError,
    TimedOut,
    Unreachable,
    without_frames,
)
from funcdex.pool.dispatch import Dispatcher
from funcdex.pool.events import PoolEvent, PoolSnapshot
from funcdex.pool.flight import Flight, is_streamed
from funcdex.pool.hedging import Hedge, Tail, next_hedge
from funcdex.pool.jobs import Jobs
from funcdex.pool.joining import Candidate
from funcdex.pool.keeping import HEALTH_TIMEOUT_S, Keeper
from funcdex.pool.member import Lease, Member
from funcdex.pool.reactions import Reactions, doubt_context
from funcdex.pool.retry import RetryPolicy
from funcdex.pool.telling import Teller
from funcdex.pool.trust import believe
from funcdex.pool.waiting import Job
from funcdex.pool.watching import watch_load
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.pool import PoolSettings
from funcdex.types.request import Completion, Request

LOOK_EVERY_S = 0.5
"""Time between two looks at what is in flight: whether it still gets on."""
UNANSWERED = 2
"""So many looks in a row at an endpoint that left, without an answer, and it is not there any more."""


class Pool:
    """`clock` is monotonic, in seconds; `sleep` waits by the same clock. `on_event` must return at once.
    Without `watching` neither what servers say of their load nor what is in flight is looked at.
    `patience_s`: how long a request waits for an endpoint to be admitted when none serves it."""

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
        watching: bool = True,
        patience_s: float = 0.0,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._draw = (rng or random.Random()).random
        self._teller = Teller(on_event, clock)
        self._require_enforcement = require_enforcement
        self._watching = watching
        self._candidates = tuple(candidates)
        now_s = clock()
        self._members = [
            Member(candidate.client, 1 << place, settings, now_s)
            for place, candidate in enumerate(self._candidates)
        ]
        policy = RetryPolicy(settings.max_attempts, settings.backoff_base_s, settings.backoff_max_s)
        self._reactions = Reactions(policy, self._members, clock, self._draw)
        self._by_spec = {member.client.spec: member for member in self._members}
        self._care: dict[int, anyio.CancelScope] = {}
        self._dispatcher = Dispatcher(self._members, clock, patience_s)
        self._back_offs: set[anyio.CancelScope] = set()
        self._jobs = Jobs(self._members)
        self._flights: set[Flight] = set()
        self._hedges: dict[Job, Hedge] = {}
        self._tail = Tail()
        self._tasks: TaskGroup | None = None

    async def __aenter__(self) -> Self:
        tasks = anyio.create_task_group()
        self._tasks = await tasks.__aenter__()
        for member, candidate in zip(self._members, self._candidates, strict=True):
            self._welcome(member, candidate)
        if self._watching:
            tasks.start_soon(self._oversee)
        self._dispatcher.moved()
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
        job = self._jobs.of(request)
        try:
            while True:
                self._jobs.update(job)
                lease = await self._dispatcher.lease_for(job)
                completion, fault = await self._attempt(job, lease)
                if completion is not None:
                    return replace(completion, queued_s=job.queued_s, attempts=job.attempts)
                assert fault is not None
                wait_s = self._reactions.next_try(job, lease, fault)
                if wait_s is None:
                    raise fault
                self._teller.tell("retry", lease.member, fault, request.conversation_id, str(fault))
                if wait_s:
                    await self._back_off(wait_s)
        finally:
            if (hedge := self._hedges.pop(job, None)) is not None:
                hedge.flight.call_off()

    def snapshot(self) -> PoolSnapshot:
        """All figures of this moment."""
        now_s = self._clock()
        return PoolSnapshot(
            at_s=now_s,
            endpoints=tuple(member.snapshot(now_s) for member in self._members),
            waiting=self._dispatcher.waiting,
            backing_off=len(self._back_offs),
            hedged=self._tail.sent,
            hedges_won=self._tail.won,
        )

    @property
    def capacity(self) -> int:
        """Requests that may be in flight together just now."""
        return self._dispatcher.capacity

    def admit(self, candidate: Candidate) -> None:
        """Takes an endpoint in, one that left too, and lets what waits go there. Not for one that is in."""
        spec = candidate.client.spec
        member = self._by_spec.get(spec)
        if member is None:
            member = Member(candidate.client, 1 << len(self._members), self._settings, self._clock())
            self._members.append(member)
            self._by_spec[spec] = member
            self._dispatcher.joined(member)
        else:
            self._care.pop(member.bit).cancel()
            member.come_back()
        self._welcome(member, candidate)
        self._membership_changed()

    def dismiss(self, spec: EndpointSpec, reason: str) -> None:
        """Gives an endpoint no more work. What it has in flight it may finish; if it cannot, that goes to
        others, and nothing is counted against it."""
        member = self._by_spec[spec]
        self._care.pop(member.bit).cancel()
        member.leave(reason)
        self._teller.tell("left", member)
        self._take_care(member, self._see_off)
        self._membership_changed()

    def moved(self) -> None:
        """Lets what waits look again: it may have waited long enough for an endpoint to come."""
        self._dispatcher.moved()

    def drain(self) -> None:
        """Sends nothing more: who waits, or asks from now on, gets Draining. What is in flight goes on."""
        self._dispatcher.drain()
        for pause in self._back_offs:
            pause.cancel()

    async def _attempt(self, job: Job, lease: Lease) -> tuple[Completion | None, EndpointError | None]:
        """What came of it, or of its hedge if that was quicker; the fault if neither was any good."""
        fault: EndpointError | None = None
        try:
            answer = await self._send(self._flight(job, lease))
            hedge = self._hedges.get(job)
            if answer is not None and (hedge is None or hedge.claim()):
                return self._succeeded(job, lease, answer), None
        except EndpointError as found:
            fault = without_frames(found)
            self._blame(lease, found)
        finally:
            self._dispatcher.give_back(lease)
        if (hedge := self._hedges.get(job)) is not None:
            await hedge.ended.wait()
            return hedge.completion, fault
        return None, fault

    async def _send(self, flight: Flight) -> Completion | None:
        """An answer that can be believed, or None if it was called off. Raises EndpointError."""
        self._flights.add(flight)
        try:
            completion = await flight.fly(self._clock)
        finally:
            self._flights.discard(flight)
        if completion is None:
            return None
        self._answered(flight.lease)
        if self._require_enforcement:
            await believe(flight.job.request, completion)
        flight.landed(completion)
        return completion

    def _flight(self, job: Job, lease: Lease) -> Flight:
        return Flight(
            job,
            lease,
            # Pieces of calls are not put together.
            streamed=is_streamed(self._settings.stream, lease.facts.kind),
            load=lease.member.load_there,
            heard_s=lease.sent_s,
        )

    # How it went

    def _answered(self, lease: Lease) -> None:
        """The place is free as soon as the answer is here, whatever is found in it."""
        now_s, member = self._clock(), lease.member
        before = member.state(now_s)
        member.answered(lease, now_s)
        self._teller.tell_change(member, before)
        self._dispatcher.give_back(lease)

    def _succeeded(self, job: Job, lease: Lease, completion: Completion) -> Completion:
        stage, constrained = job.request.stage, job.request.grammar is not None and self._require_enforcement
        lease.member.succeeded(lease, completion, self._clock(), constrained=constrained)
        self._jobs.learn(stage, completion.completion_tokens)
        self._tail.answered(stage, lease.ended_s - lease.sent_s, job.tokens)
        return completion

    def _blame(self, lease: Lease, fault: EndpointError) -> None:
        now_s, member = self._clock(), lease.member
        before = member.state(now_s)
        member.failed(lease, fault, now_s, self._draw())
        if isinstance(fault, ContextTooLong):
            doubt_context(member, lease.tokens, now_s)
        self._teller.tell_change(member, before, fault)
        if member.gone or member.due_s(now_s) is not None:
            member.attention.set()

    async def _back_off(self, wait_s: float) -> None:
        with anyio.CancelScope() as pause:
            self._back_offs.add(pause)
            try:
                await self._sleep(wait_s)
            finally:
                self._back_offs.discard(pause)

    # Looking after endpoints

    def _welcome(self, member: Member, candidate: Candidate) -> None:
        keeper = self._keeper_of(member)
        keeper.welcome(candidate.found)

        async def look_after(member: Member) -> None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(keeper.keep)
                if self._watching:
                    tasks.start_soon(self._watch, member)

        self._take_care(member, look_after)

    def _take_care(self, member: Member, how: Callable[[Member], Awaitable[None]]) -> None:
        """In a task that ends when the endpoint joins or leaves."""
        scope = self._care[member.bit] = anyio.CancelScope()

        async def care() -> None:
            with scope:
                await how(member)

        assert self._tasks is not None
        self._tasks.start_soon(care)

    def _membership_changed(self) -> None:
        self._jobs.changed()
        self._dispatcher.reconsider(self._jobs.update)
        for flight in self._flights:
            self._jobs.update(flight.job)  # For when it is hedged.

    async def _see_off(self, member: Member) -> None:
        """Waits for what an endpoint that left has in flight, as long as it is there to answer."""
        unanswered = 0
        while member.in_flight and unanswered < UNANSWERED:
            await self._sleep(self._settings.open_for_s)
            timeout_s = min(HEALTH_TIMEOUT_S, self._settings.probe_timeout_s)
            illness = await member.client.illness(timeout_s=timeout_s)
            unanswered = unanswered + 1 if isinstance(illness, Unreachable | TimedOut) else 0
        for flight in [one for one in self._flights if one.lease.member is member]:
            flight.break_off(
                Unreachable(
                    "it left and does not answer", where=member.url, fix="The request goes elsewhere."
                )
            )

    async def _watch(self, member: Member) -> None:
        every_s, moved = self._settings.load_poll_s, self._dispatcher.moved
        await watch_load(member, every_s, self._clock, self._sleep, moved)

    async def _oversee(self) -> None:
        while True:
            await self._sleep(LOOK_EVERY_S)
            now_s = self._clock()
            for flight in tuple(self._flights):
                flight.break_off_if_stalled(now_s)
            if self._settings.hedge == "tail" and not self._dispatcher.busy:
                self._hedge_the_last(now_s)

    def _hedge_the_last(self, now_s: float) -> None:
        assert self._tasks is not None
        while found := next_hedge(self._flights, self._hedges, self._members, self._tail, now_s):
            first, member = found
            job = first.job
            hedge = self._hedges[job] = Hedge(self._flight(job, member.lease(job.tokens, now_s)))
            self._tail.hedged(job.tokens)
            waited = f"no answer from {first.lease.member.url} for {now_s - first.lease.sent_s:.0f} s"
            self._teller.tell("hedged", member, None, job.request.conversation_id, waited)
            self._tasks.start_soon(self._send_again, first, hedge)

    async def _send_again(self, first: Flight, hedge: Hedge) -> None:
        job, lease = first.job, hedge.flight.lease
        try:
            answer = await self._send(hedge.flight)
            if answer is not None and hedge.claim():
                hedge.completion = self._succeeded(job, lease, answer)
                self._tail.won += 1
                first.call_off()
        except EndpointError as fault:
            self._blame(lease, fault)
        except GrammarError:
            pass  # The first one meets it too, and has somebody to tell.
        finally:
            self._dispatcher.give_back(lease)
            hedge.ended.set()

    def _keeper_of(self, member: Member) -> Keeper:
        return Keeper(
            member,
            self._settings,
            self._clock,
            self._sleep,
            moved=self._dispatcher.moved,
            tell=self._teller.tell,
            require_enforcement=self._require_enforcement,
        )
