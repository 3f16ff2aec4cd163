"""Whether one of the last requests is sent a second time, and where to. Pure: decisions, no I/O.

A run ends with its slowest request. Once nothing waits and places are free, one that takes far longer than
its kind is sent to an idle endpoint as well, with the same seed; the first answer that can be believed wins.
(Dean and Barroso, The Tail at Scale, 2013.) What that may cost is bounded beforehand.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass, field
from math import inf

import anyio

from funcdex.pool.flight import Flight
from funcdex.pool.member import Member
from funcdex.pool.waiting import Job
from funcdex.types.request import Completion

LAST = 0.1
"""Only this share of a stage's latest requests can be late: as long as more are in flight, those that have
ended are the short ones, and a long one would be taken for a slow one."""
BEYOND = 2.0
"""How many times what all but the slowest took, beyond which a request is late."""
SHARE = 0.05
"""Most work that is done twice, of all the work done, in expected tokens of prompt and answer."""
WINDOW = 512
FEWEST = 20


@dataclass(slots=True, eq=False)
class Hedge:
    """The second sending of a job."""

    flight: Flight
    ended: anyio.Event = field(default_factory=anyio.Event)
    completion: Completion | None = None
    _claimed: bool = False

    def claim(self) -> bool:
        """Whoever has a believed answer asks; the first gets True, and answers the job."""
        first, self._claimed = not self._claimed, True
        return first


class Tail:
    """What requests of each stage took of late, over all endpoints, and what was sent twice."""

    def __init__(self) -> None:
        self._took_s: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=WINDOW))
        self._done_tokens = self._twice_tokens = 0.0
        self.sent = self.won = 0

    def answered(self, stage: str, took_s: float, tokens: float) -> None:
        """A request of so many expected tokens was answered."""
        self._took_s[stage].append(took_s)
        self._done_tokens += tokens

    def hedged(self, tokens: float) -> None:
        """One was sent twice."""
        self.sent += 1
        self._twice_tokens += tokens

    def affords(self, tokens: float) -> bool:
        """Whether one more of so many tokens may be."""
        return self._twice_tokens + tokens <= SHARE * self._done_tokens

    def late_after_s(self, stage: str, in_flight: int) -> float:
        """Seconds after which one of a stage's requests in flight is late; infinite if none can be."""
        took_s = self._took_s[stage]
        if len(took_s) < FEWEST or in_flight > LAST * len(took_s):
            return inf
        return BEYOND * sorted(took_s)[int((1 - LAST) * len(took_s))]


def next_hedge(
    flights: Collection[Flight], hedged: Container[Job], members: Sequence[Member], tail: Tail, now_s: float
) -> tuple[Flight, Member] | None:
    """The flight to send a second time, and the endpoint for it; None if there is none. To be asked when no
    request waits. The longest in flight comes first."""
    in_flight = Counter(flight.job.request.stage for flight in flights)
    late_after_s = {stage: tail.late_after_s(stage, count) for stage, count in in_flight.items()}
    late = [
        flight
        for flight in flights
        if flight.job not in hedged
        and now_s - flight.lease.sent_s > late_after_s[flight.job.request.stage]
        and tail.affords(flight.job.tokens)
    ]
    for flight in sorted(late, key=lambda one: (one.lease.sent_s, one.job.arrival)):
        if (member := _idle(flight, members, now_s)) is not None:
            return flight, member
    return None


def _idle(flight: Flight, members: Sequence[Member], now_s: float) -> Member | None:
    """Another endpoint that may serve it, in good health and at most half full; of several the idlest."""
    job, here = flight.job, flight.lease.member
    able = job.serving & ~job.avoid & ~here.bit
    idle = [
        member
        for member in members
        if member.bit & able
        and member.state(now_s) == "ready"
        and member.has_room(now_s)
        and 2 * member.in_flight < member.limiter.limit(now_s)
    ]
    return min(idle, key=lambda member: member.load(now_s), default=None)
