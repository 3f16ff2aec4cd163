"""Requests that wait for an endpoint: higher priority first, then order of arrival.

Endpoints are bits of an int. Requests that the same endpoints can serve, and that would rather go to the
same one (`affinity.py`), share a heap, so that finding the best one looks at the tops of a few heaps, however
many requests wait.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush

import anyio

from funcdex.errors import EndpointError, FuncdexError
from funcdex.pool.member import Lease
from funcdex.pool.retry import Faults
from funcdex.types.request import Request


@dataclass(slots=True, eq=False)
class Job:
    """A request on its way through the pool.

    `serving`: the endpoints that may take it. `home`: the one of them it would rather go to, 0 if that is all
    the same. `avoid`: those where it failed, which take it again only if no other can. `refusal`: what the
    first that refused it said, which is its end, too, if those left to be asked are lost; `opinions` counts
    refusals that weigh. `arrival` orders it
    among its priority, and stays when it is sent again.
    """

    request: Request
    arrival: int
    serving: int
    tokens: float
    home: int = 0
    avoid: int = 0
    faults: Faults = field(default=Faults())
    refusal: EndpointError | None = None
    opinions: int = 0
    attempts: int = 0
    asked_s: float = 0.0
    queued_s: float = 0.0
    lease: Lease | None = None
    lost: FuncdexError | None = None
    woken: anyio.Event | None = None
    waits: bool = False

    def wake(self) -> None:
        """Ends its wait; `lease` or `lost` says how."""
        self.waits = False
        if self.woken is not None:
            self.woken.set()


OVERTAKEN_BY = 256
"""How much later than the oldest a job may have come that is taken before it, for an endpoint it prefers."""

_Entry = tuple[int, int, Job]
_Class = tuple[int, int, int]
"""serving, avoid, home"""


class Waiting:
    """The queue. A job that was withdrawn stays in its heap until it comes to the top."""

    def __init__(self) -> None:
        self._heaps: dict[_Class, list[_Entry]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def push(self, job: Job) -> None:
        """Lets a job wait for an endpoint of `serving`."""
        job.waits = True
        self._count += 1
        heap = self._heaps.setdefault((job.serving, job.avoid, job.home), [])
        heappush(heap, (-job.request.priority, job.arrival, job))

    def take(self, room: int, up: int) -> tuple[Job, int] | None:
        """The best job for endpoints in `room`, and those of them that may take it; None if there is none.

        The best has the highest priority, and of those waits the longest, but that one with its home in
        `room` comes first if it is not much younger. `up` are the endpoints that could take a job now or
        soon: what a job avoids is used if it leaves none.
        """
        tops = [
            (top, key, able)
            for key in list(self._heaps)
            if (able := _able(key, up) & room) and (top := self._top(key)) is not None
        ]
        if not tops:
            return None
        urgency, arrival, _ = min(tops)[0]
        at_home = [
            (top, key, able)
            for top, key, able in tops
            if key[2] & able and top[0] == urgency and top[1] <= arrival + OVERTAKEN_BY
        ]
        _, key, able = min(at_home or tops)
        _, _, job = heappop(self._heaps[key])
        self._count -= 1
        return job, able

    def withdraw(self, job: Job) -> None:
        """A job that nobody waits for any more."""
        if job.waits:
            job.waits = False
            self._count -= 1

    def take_stranded(self, lost: int) -> list[Job]:
        """Removes the jobs that only endpoints in `lost` could serve."""
        stranded = [key for key in self._heaps if not key[0] & ~lost]
        jobs = [job for key in stranded for _, _, job in sorted(self._heaps.pop(key)) if job.waits]
        self._count -= len(jobs)
        return jobs

    def _top(self, key: _Class) -> _Entry | None:
        heap = self._heaps[key]
        while heap and not heap[0][2].waits:
            heappop(heap)
        if heap:
            return heap[0]
        del self._heaps[key]
        return None


def _able(key: _Class, up: int) -> int:
    serving, avoid, _ = key
    return serving & up & ~avoid or serving & up
