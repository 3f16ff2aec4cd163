"""Makes a job of a request: who may serve it, where it would rather go, how much work it is.

Endpoints may come and go meanwhile: `update` says anew who may serve a job that is on its way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from funcdex.pool.affinity import Able
from funcdex.pool.member import Member
from funcdex.pool.waiting import Job
from funcdex.types.record import PARTS
from funcdex.types.request import Request

_CHARS_PER_TOKEN = 4
_NEWEST_WEIGHT = 0.1


class Jobs:
    """Learns how long the answers of each stage are."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = members
        self._arrivals = 0
        self._answer_tokens: dict[str, float] = {}
        self._able: dict[str, Able] = {}
        self._version = 0
        self._known = sum(member.bit for member in members)

    def changed(self) -> None:
        """Endpoints came or left."""
        self._version += 1
        self._able.clear()
        self._known = sum(member.bit for member in self._members)

    def update(self, job: Job) -> None:
        """Endpoints that came since may take a job, too, and any that can if those that could have left. It
        may not wait in the queue."""
        if job.version == self._version:
            return
        request = job.request
        able = self._able_to_serve(request.stage)
        new = able.bits & ~job.known
        if job.refusal is None and not job.serving & able.bits:
            new = able.bits
        job.serving |= new
        job.avoid |= new & (able.at(request.avoid) | able.others_than(request.rather))
        job.home = able.home_of(request)
        job.known, job.version = self._known, self._version

    def of(self, request: Request) -> Job:
        """The next one to arrive."""
        answer_tokens = self._answer_tokens.get(request.stage, request.sampling.max_tokens)
        able = self._able_to_serve(request.stage)
        self._arrivals += 1
        return Job(
            request,
            self._arrivals,
            able.bits,
            tokens=request.chars / _CHARS_PER_TOKEN + answer_tokens,
            home=able.home_of(request),
            avoid=able.at(request.avoid) | able.others_than(request.rather),
            known=self._known,
            version=self._version,
        )

    def learn(self, stage: str, tokens: int) -> None:
        """An answer of so many tokens came."""
        known = self._answer_tokens.get(stage, float(tokens))
        self._answer_tokens[stage] = known + _NEWEST_WEIGHT * (tokens - known)

    def _able_to_serve(self, stage: str) -> Able:
        known = self._able.get(stage)
        if known is None:
            known = self._able[stage] = Able(tuple(self._serving(stage)))
        return known

    def _serving(self, stage: str) -> Iterator[Member]:
        """Those that name the stage or none; for a part that nobody names, those for whole conversations."""
        members = [member for member in self._members if not member.left]
        named = {one for member in members for one in member.client.spec.stages}
        wanted = "conversation" if stage in PARTS and stage not in named else stage
        for member in members:
            if not member.client.spec.stages or wanted in member.client.spec.stages:
                yield member
