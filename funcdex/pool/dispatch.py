"""Brings waiting requests and endpoints together: leases are granted here, and given back.

Choosing is synchronous, so it needs no lock: of the endpoints that may serve the best waiting request and
have room, the one it prefers takes it, or the one with the least to do.

How each endpoint stands is remembered, and looked at again when something happened to it, so a request does
not go through all of them. What only time brings about (a pause ends, an open circuit may
be tried, an endpoint is given up) its keeper waits for, and calls `moved`.

Where endpoints come and go, a request that no endpoint serves waits for one to come, `patience_s` at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import anyio

from funcdex.errors import Draining, NoEndpointAvailable
from funcdex.pool.affinity import preferred
from funcdex.pool.member import Lease, Member
from funcdex.pool.waiting import Job, Waiting

_ALL_MEMBERS = -1  # every bit set


class Dispatcher:
    """The queue of one pool. `clock` is monotonic, in seconds. `members` may grow: `joined` tells of it."""

    def __init__(
        self, members: Sequence[Member], clock: Callable[[], float], patience_s: float = 0.0
    ) -> None:
        self._members = members
        self._clock = clock
        self._patience_s = patience_s
        self._waiting = Waiting()
        self._draining = False
        self._by_bit = {member.bit: member for member in members}
        self._limits = dict.fromkeys(self._by_bit, 0)
        self._loads = dict.fromkeys(self._by_bit, 0.0)
        self._capacity = 0
        self._all = sum(self._by_bit)
        self._up = self._room = self._lost = 0

    @property
    def capacity(self) -> int:
        """Requests that may be in flight together, by the limits of endpoints that are not refused."""
        return self._capacity

    @property
    def waiting(self) -> int:
        """Requests that wait for an endpoint."""
        return len(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether a free place is needed for what waits, or nothing more is to be sent."""
        return self._draining or bool(self._waiting)

    async def lease_for(self, job: Job) -> Lease:
        """Waits for an endpoint. Raises NoEndpointAvailable, and Draining once `drain` was called."""
        if self._draining:
            raise _draining()
        job.asked_s = self._clock()
        job.woken = None
        self._waiting.push(job)
        self._dispatch()
        if job.waits and not job.serving & ~self._lost:
            self._release_stranded()
        if job.waits:
            job.woken = anyio.Event()
            try:
                await job.woken.wait()
            except BaseException:
                self._withdraw(job)
                raise
        if job.lost is not None:
            raise job.lost
        lease, job.lease = job.lease, None
        if lease is None:
            raise RuntimeError("a job was woken with nothing")
        return lease

    def give_back(self, lease: Lease) -> None:
        """The next one's turn. May be called again for the same lease, when more is known of its endpoint."""
        lease.member.give_back(lease)
        self._look_at(lease.member, self._clock())
        self._dispatch()

    def moved(self) -> None:
        """Endpoints have changed: waiting requests may have somewhere to go, or nowhere."""
        now_s = self._clock()
        for member in self._members:
            self._look_at(member, now_s)
        self._dispatch()
        self._release_stranded()

    def joined(self, member: Member) -> None:
        """One more. `reconsider` lets what waits go there, too."""
        self._by_bit[member.bit] = member
        self._limits[member.bit], self._loads[member.bit] = 0, 0.0
        self._all |= member.bit

    def reconsider(self, may_go: Callable[[Job], None]) -> None:
        """Has `may_go` say anew, for each request that waits, who may serve it."""
        for job in self._waiting.take_stranded(_ALL_MEMBERS):
            may_go(job)
            self._waiting.push(job)
        self.moved()

    def drain(self) -> None:
        """Who waits, or asks from now on, gets Draining."""
        self._draining = True
        for job in self._waiting.take_stranded(_ALL_MEMBERS):
            job.lost = _draining()
            job.wake()

    def _withdraw(self, job: Job) -> None:
        self._waiting.withdraw(job)
        if job.lease is not None:
            self.give_back(job.lease)

    def _look_at(self, member: Member, now_s: float) -> None:
        bit = member.bit
        self._up = self._up | bit if member.up(now_s) else self._up & ~bit
        self._room = self._room | bit if member.has_room(now_s) else self._room & ~bit
        self._lost = self._lost | bit if member.lost(now_s) else self._lost & ~bit
        self._loads[bit] = member.load(now_s)
        limit = 0 if member.gone else member.limiter.limit(now_s)
        self._capacity += limit - self._limits[bit]
        self._limits[bit] = limit

    def _dispatch(self) -> None:
        """Starts waiting requests for as long as an endpoint that may take one has room."""
        if not (self._room and self._waiting):
            return
        now_s = self._clock()
        while self._room and (taken := self._waiting.take(self._room, self._up)) is not None:
            job, able = taken
            member = self._by_bit[preferred(job.home, self._loads_of(able))]
            if member.has_room(now_s):
                self._grant(job, member, now_s)
            else:
                self._waiting.push(job)
            self._look_at(member, now_s)

    def _loads_of(self, able: int) -> Mapping[int, float]:
        if able == self._all:
            return self._loads
        return {bit: self._loads[bit] for bit in _bits_of(able)}

    def _grant(self, job: Job, member: Member, now_s: float) -> None:
        job.lease = member.lease(job.tokens, now_s)
        job.attempts += 1
        job.queued_s += now_s - job.asked_s
        job.wake()

    def _release_stranded(self) -> None:
        """Tells the requests that no endpoint will serve."""
        now_s = self._clock()
        for job in self._waiting.take_stranded(self._lost):
            if job.refusal is None and now_s - job.asked_s < self._patience_s:
                self._waiting.push(job)
                continue
            job.lost = job.refusal or self._no_endpoint_for(job)
            job.wake()

    def _no_endpoint_for(self, job: Job) -> NoEndpointAvailable:
        reasons = [
            f"{member.url}: {member.reason or 'overloaded'}"
            for member in self._members
            if member.bit & job.serving
        ]
        stage = job.request.stage
        return NoEndpointAvailable(
            f"no endpoint for stage {stage}",
            where="; ".join(reasons) or f"none serves {stage}",
            fix="Bring one back and resume the run; nothing that was finished is lost.",
        )


def _bits_of(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest
        bits ^= lowest


def _draining() -> Draining:
    return Draining("no more requests are sent", where="pool", fix="Resume the run to go on.")
