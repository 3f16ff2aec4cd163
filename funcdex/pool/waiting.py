"""Requests that wait for an endpoint: higher priority first, then order of arrival.

Endpoints are bits of an int. Requests that the same endpoints can serve share a heap, and those of them that
would rather go to the same one (`affinity.py`) share another. So the best one for an endpoint is on top of
one of two, however many requests and endpoints there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

import anyio

from funcdex.errors import EndpointError, FuncdexError
from funcdex.pool.member import Lease, Member
from funcdex.pool.retry import Faults
from funcdex.types.request import Request


@dataclass(slots=True, eq=False)
class Job:
    """A request on its way through the pool.

    `serving`: the endpoints that may take it. `home`: the one of them it would rather go to, 0 if that is all
    the same. `avoid`: those where it failed, which take it again only if no other can. `refusal`: what the
    first that refused it said, which is its end, too, if those left to be asked are lost; `opinions` counts
    refusals that weigh. `arrival` orders it among its priority, and stays when it is sent again. `place` is
    the number of its place in the queue, new each time, 0 while it does not wait. `known`: the endpoints that
    were there when `serving` was last made out, as of the membership's `version`.
    """

    request: Request
    arrival: int
    serving: int
    tokens: float
    home: int = 0
    avoid: int = 0
    faults: Faults = field(default=Faults())
    blamed_at: list[tuple[Member, int]] = field(default_factory=list)
    refusal: EndpointError | None = None
    opinions: int = 0
    attempts: int = 0
    asked_s: float = 0.0
    queued_s: float = 0.0
    lease: Lease | None = None
    lost: FuncdexError | None = None
    woken: anyio.Event | None = None
    place: int = 0
    known: int = 0
    version: int = 0

    def blame(self, faults: Faults, member: Member) -> None:
        """One more fault befell it at `member`; `faults` are all so far."""
        if faults.blamed > self.faults.blamed:
            self.blamed_at.append((member, member.proofs))
        self.faults = faults

    @property
    def unproven(self) -> int:
        """Faults, but for the newest, after which the endpoint gave no good answer to anything."""
        return sum(member.proofs == proofs for member, proofs in self.blamed_at[:-1])

    @property
    def waits(self) -> bool:
        """Whether it is in the queue."""
        return self.place > 0

    def wake(self) -> None:
        """Ends its wait; `lease` or `lost` says how."""
        if self.woken is not None:
            self.woken.set()


OVERTAKEN_BY = 256
"""How much later than the oldest a job may have come that is taken before it, for an endpoint it prefers."""

_Entry = tuple[int, int, int, Job]
"""Priority negated, arrival, place, job."""
_STALE_KEPT = 64


class _Heap:
    """Jobs that wait, and some that have left since: these go when they come to the top, or are too many."""

    def __init__(self) -> None:
        self.waiting = 0
        self._entries: list[_Entry] = []

    def push(self, job: Job) -> None:
        self.waiting += 1
        heappush(self._entries, (-job.request.priority, job.arrival, job.place, job))

    def one_left(self) -> None:
        """One of its jobs has no place any more."""
        self.waiting -= 1
        if len(self._entries) > 2 * self.waiting + _STALE_KEPT:
            self._entries = list(self._present())
            heapify(self._entries)

    def top(self) -> _Entry | None:
        while self._entries and self._entries[0][2] != self._entries[0][3].place:
            heappop(self._entries)
        return self._entries[0] if self._entries else None

    def in_order(self) -> list[Job]:
        return [job for *_, job in sorted(self._present())]

    def _present(self) -> Iterator[_Entry]:
        return (entry for entry in self._entries if entry[2] == entry[3].place)


class _Group:
    """Jobs that the same endpoints may take: all of them, and by home those that have one."""

    def __init__(self) -> None:
        self.all = _Heap()
        self.at_home: dict[int, _Heap] = {}

    def push(self, job: Job) -> None:
        self.all.push(job)
        if job.home:
            self.at_home.setdefault(job.home, _Heap()).push(job)

    def one_left(self, home: int) -> None:
        self.all.one_left()
        if home:
            heap = self.at_home[home]
            heap.one_left()
            if not heap.waiting:
                del self.at_home[home]

    def best_at_home(self, able: int) -> Iterator[_Entry]:
        """The best job of each endpoint in `able`."""
        if able in self.at_home:  # One endpoint, as is usual while there is more work than room.
            heaps = [self.at_home[able]]
        else:
            heaps = [heap for home, heap in self.at_home.items() if home & able]
        return (top for heap in heaps if (top := heap.top()) is not None)


class Waiting:
    """The queue."""

    def __init__(self) -> None:
        self._groups: dict[tuple[int, int], _Group] = {}  # by `serving` and `avoid`
        self._count = 0
        self._places = 0

    def __len__(self) -> int:
        return self._count

    def push(self, job: Job) -> None:
        """Lets a job wait for an endpoint of `serving`."""
        self._places += 1
        job.place = self._places
        self._count += 1
        self._groups.setdefault((job.serving, job.avoid), _Group()).push(job)

    def take(self, room: int, up: int) -> tuple[Job, int] | None:
        """The best job for endpoints in `room`, and those of them that may take it; None if there is none.

        The best has the highest priority, and of those waits the longest, but that one with its home in
        `room` comes first if it is not much younger. `up` are the endpoints that could take a job now or
        soon: what a job avoids is used if it leaves none.
        """
        open_to = [
            (group, able)
            for (serving, avoid), group in self._groups.items()
            if (able := (serving & up & ~avoid or serving & up) & room)
        ]
        tops = [(top, able) for group, able in open_to if (top := group.all.top()) is not None]
        if not tops:
            return None
        best = min(tops)
        urgency, arrival, *_ = best[0]
        at_home = [
            (top, able)
            for group, able in open_to
            for top in group.best_at_home(able)
            if top[0] == urgency and top[1] <= arrival + OVERTAKEN_BY
        ]
        (*_, job), able = min(at_home or tops)
        self._remove(job)
        return job, able

    def withdraw(self, job: Job) -> None:
        """A job that nobody waits for any more."""
        if job.waits:
            self._remove(job)

    def take_stranded(self, lost: int) -> list[Job]:
        """Removes the jobs that only endpoints in `lost` could serve."""
        stranded = [key for key in self._groups if not key[0] & ~lost]
        jobs = [job for key in stranded for job in self._groups.pop(key).all.in_order()]
        for job in jobs:
            job.place = 0
        self._count -= len(jobs)
        return jobs

    def _remove(self, job: Job) -> None:
        key = job.serving, job.avoid
        job.place = 0
        self._count -= 1
        group = self._groups[key]
        group.one_left(job.home)
        if not group.all.waiting:
            del self._groups[key]
