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

    `longest_gap_s` is the longest wait between two pieces of the answer. `valid` says whether the answer is
    in the language of its grammar, or, if it was cut off, begins as the language allows; None where it had no
    grammar. `fault` is the kind of error that ended it, `first_use` whether its endpoint had not seen its
    grammar before, `estimated` whether the server gave no count of tokens and pieces were counted instead.
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
    finish_reason: str = ""
    longest_gap_s: float | None = None
    estimated: bool = False

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
    """Percentiles of one quantity; None where nothing was measured."""

    p50: float | None
    p90: float | None
    p99: float | None

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Spread:
        """By the nearest rank: every figure is one that occurred."""
        known = sorted(value for value in values if value is not None)
        return cls(*(nearest_rank(known, share) for share in (0.5, 0.9, 0.99)))


def nearest_rank(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that `share` of them do not exceed; None of none."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def median(values: Iterable[float | None]) -> float | None:
    """The one in the middle, of those that are known."""
    return Spread.of(values).p50


@dataclass(frozen=True, slots=True)
class Window:
    """A steady state."""

    begin_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """In seconds."""
        return self.end_s - self.begin_s


@dataclass(frozen=True, slots=True)
class Figures:
    """One constraint at one concurrency. `mean_tokens` are of an answer that was no failure."""

    requests: int
    failed: int
    steady_s: float
    output_tokens_per_s: float
    requests_per_s: float
    goodput_per_s: float
    ttft_s: Spread
    itl_s: Spread
    latency_s: Spread
    longest_gap_s: Spread
    mean_in_flight: float
    mean_tokens: float
    cut_off_share: float
    valid_share: float | None


def steady_state(samples: Sequence[Sample], warm_up: int) -> Window:
    """From the first request sent after the `warm_up` first ones, to the last one sent."""
    sent_s = sorted(sample.sent_s for sample in samples)
    if len(sent_s) <= warm_up:
        return Window(0.0, 0.0)
    begin_s, end_s = sent_s[warm_up], sent_s[-1]
    if end_s <= begin_s:
        # All were sent at once: there is no steady state but the whole.
        end_s = max(sample.ended_s for sample in samples)
    return Window(begin_s, end_s)


def figures(samples: Sequence[Sample], *, warm_up: int, limits: Limits = Limits()) -> Figures:
    """The figures of one round. The first `warm_up` requests, by the time they were sent, are left out."""
    return figures_of([(samples, steady_state(samples, warm_up))], limits)


def figures_of(rounds: Sequence[tuple[Sequence[Sample], Window]], limits: Limits = Limits()) -> Figures:
    """The figures of several rounds of one kind, each with its steady state.

    Rates count a request by the part of its time that lies in the steady state: a count of those that ended
    in it would be too high where requests end together. Tokens are taken to come evenly between the first and
    the last one. Times are of requests sent in the steady state.
    """
    every = [(sample, window) for samples, window in rounds for sample in samples]
    kept = [sample for sample, window in every if window.length_s and sample.sent_s >= window.begin_s]
    good = [sample for sample in kept if sample.fault is None]
    answered = [(sample, window) for sample, window in every if sample.fault is None]
    judged = [sample.valid for sample in good if sample.valid is not None]
    steady_s = sum(window.length_s for _, window in rounds)
    return Figures(
        requests=len(kept),
        failed=len(kept) - len(good),
        steady_s=steady_s,
        output_tokens_per_s=_per_s((_tokens_within(*one) for one in every), steady_s),
        requests_per_s=_per_s((_share_within(*one) for one in answered), steady_s),
        goodput_per_s=_per_s((_share_within(*one) for one in answered if limits.met_by(one[0])), steady_s),
        ttft_s=Spread.of(sample.ttft_s for sample in good),
        itl_s=Spread.of(sample.itl_s for sample in good),
        latency_s=Spread.of(sample.latency_s for sample in good),
        longest_gap_s=Spread.of(sample.longest_gap_s for sample in good),
        mean_in_flight=_per_s((_overlap(one.sent_s, one.ended_s, window) for one, window in every), steady_s),
        mean_tokens=sum(sample.completion_tokens for sample in good) / len(good) if good else 0.0,
        cut_off_share=sum(one.finish_reason == "length" for one in good) / len(good) if good else 0.0,
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


def evenness(amounts: Sequence[float]) -> float | None:
    """Jain's index: 1 where all have the same, 1/n where one has everything; None of nothing."""
    squares = sum(amount * amount for amount in amounts)
    return sum(amounts) ** 2 / (len(amounts) * squares) if squares else None


def _tokens_within(sample: Sample, window: Window) -> float:
    first_s = sample.first_token_s if sample.first_token_s is not None else sample.sent_s
    last_s = sample.last_token_s if sample.last_token_s is not None else sample.ended_s
    if last_s <= first_s:
        return float(sample.completion_tokens) if window.begin_s < last_s <= window.end_s else 0.0
    return sample.completion_tokens * _overlap(first_s, last_s, window) / (last_s - first_s)


def _share_within(sample: Sample, window: Window) -> float:
    if sample.latency_s <= 0:
        return float(window.begin_s < sample.ended_s <= window.end_s)
    return _overlap(sample.sent_s, sample.ended_s, window) / sample.latency_s


def _overlap(first_s: float, last_s: float, window: Window) -> float:
    return max(0.0, min(last_s, window.end_s) - max(first_s, window.begin_s))


def _per_s(amounts: Iterable[float], seconds: float) -> float:
    return sum(amounts) / seconds if seconds > 0 else 0.0
