"""What a fault means for the request: whether it asks again, where, and after how long.

| fault | the request |
| --- | --- |
| it does not fit the context | goes where more context is told of |
| the endpoint refuses it | asks another one, whose opinion settles it |
| the endpoint has left | asks another one at once |
| any other | waits, and rather asks another one, as often as `retry.py` allows |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from funcdex.errors import ContextTooLong, EndpointError
from funcdex.pool.member import Lease, Member
from funcdex.pool.retry import RetryPolicy, wait_before_retry
from funcdex.pool.waiting import Job

ENOUGH_OPINIONS = 2
"""So many endpoints refuse a request, and it is the request."""


@dataclass(frozen=True, slots=True)
class Reactions:
    """Those of one pool. `members` changes as endpoints come and go; `draw` gives numbers from 0 to 1."""

    policy: RetryPolicy
    members: Sequence[Member]
    clock: Callable[[], float]
    draw: Callable[[], float]

    def next_try(self, job: Job, lease: Lease, fault: EndpointError) -> float | None:
        """Seconds until the request asks again; None if it does not."""
        member = lease.member
        if isinstance(fault, ContextTooLong):
            return self._more_context(job, member, fault)
        if not fault.blames_endpoint:
            return self._second_opinion(job, member, fault)
        if member.left:
            return 0.0  # Not the request's fault; and it has no place there any more.
        faults = job.faults.after(fault, on_trial=lease.on_trial)
        if faults != job.faults:
            job.blame(faults, member)
            job.avoid = (job.avoid | member.bit) if job.serving & ~job.avoid & ~member.bit else member.bit
        return wait_before_retry(fault, faults, self.policy, self.draw(), job.unproven)

    def _second_opinion(self, job: Job, member: Member, fault: EndpointError) -> float | None:
        """What one endpoint refuses another may take: it is of another version, or behind another proxy. If
        that one refuses it too, it is the request, unless they refuse whatever they get."""
        job.refusal = job.refusal or fault
        job.opinions += not member.refuses_much
        job.serving &= sum(one.bit for one in self.members if one.up(self.clock())) & ~member.bit
        return 0.0 if job.serving and job.opinions < ENOUGH_OPINIONS else None

    def _more_context(self, job: Job, member: Member, fault: EndpointError) -> float | None:
        """Goes where more context is told of; the first time as much will do, for what is told may be old."""
        told = (member.facts and member.facts.context_tokens) or 0
        least = told + 1 if job.refusal and not member.on_trial else told
        job.refusal = job.refusal or fault
        job.serving &= ~member.bit & sum(
            other.bit
            for other in self.members
            if told and other.facts and (other.facts.context_tokens or 0) >= least
        )
        return 0.0 if job.serving else None


def doubt_context(member: Member, tokens: float, now_s: float) -> None:
    """What should fit with room to spare and does not: the server was started anew with less context. The
    probe will tell."""
    told = (member.facts and member.facts.context_tokens) or 0
    if 2 * tokens < told and not member.down:
        member.doubt(f"{tokens:.0f} tokens do not fit the {told} that it told of", now_s)
