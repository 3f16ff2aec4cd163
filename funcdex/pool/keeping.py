"""Looks after one endpoint while the pool works: waits out its pauses, brings it back once it is up again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio

from funcdex.endpoints.facts import EndpointFacts, Refused
from funcdex.endpoints.probe import probe
from funcdex.pool.adaptive import AdaptiveLimiter
from funcdex.pool.events import EventKind
from funcdex.pool.limiter import FixedLimiter, Limiter
from funcdex.pool.member import DEFAULT_IN_FLIGHT, Member
from funcdex.settings.pool import PoolSettings

HEALTH_TIMEOUT_S = 5.0

Tell = Callable[[EventKind, Member], None]


@dataclass(frozen=True, slots=True)
class Keeper:
    """One for each endpoint. `moved` is called when waiting requests may have somewhere to go, or nowhere."""

    member: Member
    settings: PoolSettings
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    moved: Callable[[], None]
    tell: Tell
    require_enforcement: bool

    async def keep(self) -> None:
        """Ends only when the endpoint is gone."""
        while not self.member.gone:
            now_s = self.clock()
            due_s = self.member.due_s(now_s)
            if due_s is None:
                self.moved()  # A short pause may have ended before this task had its turn.
                await self.member.attention.wait()
                self.member.attention = anyio.Event()
            else:
                await self._wait(due_s, now_s)
                self.moved()
        self.moved()

    async def _wait(self, due_s: float, now_s: float) -> None:
        """Until something is due, or the endpoint is given up, whichever comes first."""
        gives_up_s = self.member.gives_up_s(now_s)
        wake_s = due_s if gives_up_s is None else min(due_s, gives_up_s)
        await self.sleep(max(0.0, wake_s - now_s))
        now_s = self.clock()
        if now_s >= due_s and self.member.state(now_s) not in ("ready", "refused"):
            await self._check()

    async def _check(self) -> None:
        """What failed must be healthy, and answer a probe, before a request of the run is spent on it."""
        timeout_s = min(HEALTH_TIMEOUT_S, self.settings.probe_timeout_s)
        illness = await self.member.client.illness(timeout_s=timeout_s)
        if illness is not None:
            self._take_down(f"its /health: {illness}")
            return
        known = self.member.facts
        found = await probe(
            self.member.client,
            timeout_s=self.settings.probe_timeout_s,
            now=self.clock,
            model=known.model if known else None,
            require_enforcement=self.require_enforcement,
        )
        if isinstance(found, EndpointFacts) and not self.member.down:
            self.member.vouch()
        else:
            self.welcome(found)

    def welcome(self, found: EndpointFacts | Refused) -> None:
        """Takes a probed endpoint in, refuses it, or waits for it to be up."""
        if isinstance(found, EndpointFacts):
            self.member.join(found, self._limiter_for(found))
            self.tell("joined", self.member)
        elif found.final:
            self.member.refuse(found.reason)
            self.tell("refused", self.member)
        else:
            self._take_down(found.reason)

    def _limiter_for(self, facts: EndpointFacts) -> Limiter:
        fixed = self.member.client.spec.max_in_flight or self.settings.max_in_flight
        if fixed:
            return FixedLimiter(fixed)
        start = facts.slots or DEFAULT_IN_FLIGHT
        return AdaptiveLimiter(start, most=self.settings.most_in_flight, now_s=self.clock())

    def _take_down(self, reason: str) -> None:
        first = not self.member.down
        self.member.go_down(reason, self.clock())
        if first:
            self.tell("down", self.member)
