"""Whether constrained answers are in the language of their grammar. Looked at after the clock has stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from funcdex.bench.load import Answered
from funcdex.bench.metrics import Sample
from funcdex.pool.trust import stray_at


def judged(answers: Sequence[Answered], begun_s: float) -> list[Sample]:
    """The samples, judged, with times from `begun_s` on, in the order in which they were sent. Takes
    milliseconds for each answer."""
    return sorted((_judged(one, begun_s) for one in answers), key=lambda sample: sample.sent_s)


def _judged(answered: Answered, begun_s: float) -> Sample:
    sample = answered.sample
    return replace(
        sample,
        sent_s=_from(sample.sent_s, begun_s),
        ended_s=_from(sample.ended_s, begun_s),
        first_token_s=None if sample.first_token_s is None else _from(sample.first_token_s, begun_s),
        last_token_s=None if sample.last_token_s is None else _from(sample.last_token_s, begun_s),
        valid=None if sample.fault else is_valid(answered),
    )


def is_valid(answered: Answered) -> bool | None:
    """None without a grammar. Of an answer that was cut off, whether it begins as the grammar allows."""
    if answered.grammar is None:
        return None
    whole = answered.sample.finish_reason != "length"
    return stray_at(answered.grammar, answered.text, whole) is None


def _from(at_s: float, begun_s: float) -> float:
    return round(at_s - begun_s, 6)
