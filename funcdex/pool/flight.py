"""One request on its way: sent to an endpoint, and not yet back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Literal

import anyio

from funcdex.endpoints.chat import max_tokens_that_fit
from funcdex.endpoints.client import complete
from funcdex.endpoints.facts import ServerKind
from funcdex.endpoints.http import CalledOff
from funcdex.endpoints.stream import complete_streamed
from funcdex.errors import EndpointError, Stalled
from funcdex.pool.member import Lease
from funcdex.pool.progress import Progress
from funcdex.pool.waiting import Job
from funcdex.types.request import Completion, Request

Stream = Literal["auto", "always", "never"]


@dataclass(slots=True, eq=False)
class Flight:
    """`load`: how many requests its endpoint had when it was sent. `heard_s`: when it was sent, or the newest
    piece of its answer came; `silence_s` is the longest time between two such, `pieces` how many came. Times
    are of the pool's clock."""

    job: Job
    lease: Lease
    streamed: bool
    load: int
    heard_s: float
    silence_s: float = 0.0
    pieces: int = 0
    broken: EndpointError | None = None
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    async def fly(self, now: Callable[[], float]) -> Completion | None:
        """Sends it, once; None if it was called off. Raises EndpointError, also where it was broken off."""
        request, facts, client = self.job.request, self.lease.facts, self.lease.member.client
        try:
            if self.streamed:
                return await complete_streamed(request, facts, client, now, self.heard, self.scope)
            return await complete(request, facts, client, now, self.scope)
        except CalledOff:
            if self.broken is not None:
                raise self.broken from None
            return None

    @property
    def _progress(self) -> Progress:
        return self.lease.member.progress[self.job.request.stage]

    def call_off(self) -> None:
        """Its answer is not needed any more."""
        self.scope.cancel()

    def break_off(self, fault: EndpointError) -> None:
        """No answer is to be expected, which is the fault that it ends with."""
        if not self.scope.cancel_called:
            self.broken = fault
            self.scope.cancel()

    def heard(self, at_s: float) -> None:
        """A piece of the answer came."""
        self.silence_s = max(self.silence_s, at_s - self.heard_s)
        self.heard_s = at_s
        self.pieces += 1

    def landed(self, completion: Completion) -> None:
        """The answer can be believed: what it took is a measure for others."""
        lease = self.lease
        self._progress.answered(
            latency_s=lease.ended_s - lease.sent_s,
            tokens=completion.completion_tokens,
            longest_silence_s=self.silence_s if self.pieces else None,
            # The lower of two, so that what is usual at a higher load is not taken for too little.
            load=max(1, min(self.load, lease.member.load_there)),
        )

    def break_off_if_stalled(self, now_s: float) -> None:
        """To be asked again and again: what is usual changes while it flies."""
        silent_s = now_s - self.heard_s
        # Of thousands in flight, next to none has been silent for as long as the least that is allowed.
        if silent_s <= self._progress.floor_s:
            return
        allowed_s = self._allowed_s()
        if silent_s > allowed_s:
            fault = Stalled(
                f"no progress for {silent_s:.0f} s, and more than {allowed_s:.0f} s are not to be expected",
                where=self.lease.member.url,
                fix="Raise pool.stall_after_s if the server was only slow.",
            )
            self.break_off(fault)

    def _allowed_s(self) -> float:
        progress, load = self._progress, max(self.load, self.lease.member.load_there)
        if self.streamed and (silence_s := progress.silence_s(load)) < inf:
            return silence_s
        return progress.deadline_s(most_tokens(self.job.request, self.lease.facts.context_tokens), load)


def is_streamed(setting: Stream, kind: ServerKind) -> bool:
    """By default only where a request that is dropped would go on otherwise. What streaming costs:
    docs/decisions/0011-stragglers.md."""
    return setting == "always" or (setting == "auto" and kind == "llamacpp")


def most_tokens(request: Request, context_tokens: int | None) -> int:
    """The longest answer that the server may give: without room for `max_tokens` it is not told of them."""
    return max_tokens_that_fit(request, context_tokens) or context_tokens or request.sampling.max_tokens
