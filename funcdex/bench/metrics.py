"""What a load test measured, in figures: computed here, once, from monotonic timestamps.

TTFT is from sent to the first token. ITL is the mean gap between tokens after the first. Goodput is
requests per second that succeed and meet every stated limit. Rates are taken over the steady state: from
the end of the warm-up to the moment when the last request was sent, while all places were taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """One request. Times are seconds of one monotonic clock; `first_token_s` is None if none came.

    `valid` says whether the answer is in the language of its grammar, None where it had none. `fault` is
    the kind of error that ended it, `first_use` whether its endpoint had not seen its grammar before.
    """

    endpoint: str
    sent_s: float
    ended_s: float
    first_token_s: float | None = None
    last_token_s: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    valid: bool | None = None
    fault: str | None = None
    first_use: bool = False

    @property
    def ttft_s(self) -> float | None:
        """None without a token."""
        return None if self.first_token_s is None else self.first_token_s - self.sent_s

    @property
    def itl_s(self) -> float | None:
        """None with fewer than two tokens."""
        if self.first_token_s is None or self.last_token_s is None or self.completion_tokens < 2:
            return None
        return (self.last_token_s - self.first_token_s) / (self.completion_tokens - 1)

    @property
    def latency_s(self) -> float:
        """From sent to the end of the answer."""
        return self.ended_s - self.sent_s


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request has to meet to count as good; None: no limit."""

    ttft_s: float | None = None
    itl_s: float | None = None
    latency_s: float | None = None

    def met_by(self, sample: Sample) -> bool:
        """A limit on something that was not measured is not met."""
        pairs = (
            (self.ttft_s, sample.ttft_s),
            (self.itl_s, sample.itl_s),
            (self.latency_s, sample.latency_s),
        )
        return all(limit is None or (value is not None and value <= limit) for limit, value in pairs)


@dataclass(frozen=True, slots=True)
class Spread:
    """Percentiles of one quantity; NaN where nothing was measured."""

    p50: float
    p90: float
    p99: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Spread:
        """By the nearest rank: every figure is one that occurred."""
        known = sorted(value for value in values if value is not None)
        return cls(*(nearest_rank(known, share) for share in (0.5, 0.9, 0.99)))


def nearest_rank(ordered: Sequence[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed; NaN of none."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


@dataclass(frozen=True, slots=True)
class Figures:
    """One round of a load test: one constraint at one concurrency."""

    requests: int
    failed: int
    steady_s: float
    output_tokens_per_s: float
    requests_per_s: float
    goodput_per_s: float
    ttft_s: Spread
    itl_s: Spread
    latency_s: Spread
    mean_in_flight: float
    valid_share: float | None


def figures(samples: Sequence[Sample], *, warm_up: int, limits: Limits = Limits()) -> Figures:
    """The figures of one round. The first `warm_up` requests, by the time they were sent, are left out.

    Rates count a request by the part of it that lies in the steady state: tokens are taken to come evenly
    between the first and the last one.
    """
    ordered = sorted(samples, key=lambda sample: sample.sent_s)
    kept = ordered[warm_up:]
    begin_s, end_s = _steady_state(ordered, warm_up)
    steady_s = end_s - begin_s
    good = [sample for sample in kept if sample.fault is None]
    ended = [sample for sample in ordered if begin_s < sample.ended_s <= end_s and sample.fault is None]
    judged = [sample.valid for sample in good if sample.valid is not None]
    return Figures(
        requests=len(kept),
        failed=len(kept) - len(good),
        steady_s=steady_s,
        output_tokens_per_s=_per_s(sum(_tokens_within(one, begin_s, end_s) for one in ordered), steady_s),
        requests_per_s=_per_s(len(ended), steady_s),
        goodput_per_s=_per_s(sum(limits.met_by(sample) for sample in ended), steady_s),
        ttft_s=Spread.of(sample.ttft_s for sample in good),
        itl_s=Spread.of(sample.itl_s for sample in good),
        latency_s=Spread.of(sample.latency_s for sample in good),
        mean_in_flight=_per_s(
            sum(_overlap(one.sent_s, one.ended_s, begin_s, end_s) for one in ordered), steady_s
        ),
        valid_share=sum(judged) / len(judged) if judged else None,
    )


def in_flight_over_time(samples: Iterable[Sample]) -> list[tuple[float, int]]:
    """(time, requests in flight from then on), at each change."""
    changes = sorted(change for one in samples for change in ((one.sent_s, 1), (one.ended_s, -1)))
    course: list[tuple[float, int]] = []
    count = 0
    for at_s, change in changes:
        count += change
        if course and course[-1][0] == at_s:
            course.pop()
        course.append((at_s, count))
    return course


def _steady_state(ordered: Sequence[Sample], warm_up: int) -> tuple[float, float]:
    """From when the last request of the warm-up had ended, or was outlived by the next, to the last start."""
    if len(ordered) <= warm_up:
        return 0.0, 0.0
    begin_s, end_s = ordered[warm_up].sent_s, ordered[-1].sent_s
    if end_s <= begin_s:
        # All were sent at once: there is no steady state but the whole.
        end_s = max(sample.ended_s for sample in ordered)
    return begin_s, end_s


def _tokens_within(sample: Sample, begin_s: float, end_s: float) -> float:
    first_s = sample.first_token_s if sample.first_token_s is not None else sample.ended_s
    last_s = sample.last_token_s if sample.last_token_s is not None else sample.ended_s
    if last_s <= first_s:
        return float(sample.completion_tokens) if begin_s < last_s <= end_s else 0.0
    return sample.completion_tokens * _overlap(first_s, last_s, begin_s, end_s) / (last_s - first_s)


def _overlap(first_s: float, last_s: float, begin_s: float, end_s: float) -> float:
    return max(0.0, min(last_s, end_s) - max(first_s, begin_s))


def _per_s(amount: float, seconds: float) -> float:
    return amount / seconds if seconds > 0 else 0.0
