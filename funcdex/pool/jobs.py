"""Makes a job of a request: who may serve it, where it would rather go, how much work it is."""

from __future__ import annotations

from collections.abc import Sequence

from funcdex.pool.affinity import affinity_key, ranking
from funcdex.pool.member import Member
from funcdex.pool.waiting import Job
from funcdex.types.request import Request

_CHARS_PER_TOKEN = 4
_NEWEST_WEIGHT = 0.1


class Jobs:
    """Learns how long the answers of each stage are."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = members
        self._arrivals = 0
        self._answer_tokens: dict[str, float] = {}

    def of(self, request: Request) -> Job:
        """The next one to arrive."""
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

    def learn(self, stage: str, tokens: int) -> None:
        """An answer of so many tokens came."""
        known = self._answer_tokens.get(stage, float(tokens))
        self._answer_tokens[stage] = known + _NEWEST_WEIGHT * (tokens - known)

    def _home_of(self, request: Request, serving: int) -> int:
        """The endpoint of `serving` that requests like this one go to, as a bit; 0 if none is better."""
        able = tuple(member for member in self._members if member.bit & serving)
        key = affinity_key(request)
        if key is None or len(able) < 2:
            return 0
        first, *_ = ranking(key, tuple(member.url for member in able))
        return able[first].bit
