"""Several opinions on one conversation become one: the majority decides, and who disagreed is kept.

Verdicts and scores have an order, so what decides is the middle one, each opinion counting by its weight.
Where more than half of the weight says the same, that is it; between two halves the worse one is taken.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from funcdex.stages.rubric import ASPECTS, OF_THE_ASSISTANT, SCALE, SCORES, VERDICTS, Opinion

Value = TypeVar("Value", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Vote:
    """An opinion, whose it is and how much it weighs."""

    opinion: Opinion
    model: str
    endpoint: str
    weight: float = 1.0


def decided(said: Sequence[tuple[Value, float]], worst_to_best: Sequence[Value]) -> Value:
    """The middle of what was said, each with its weight; the worse of two in the middle."""
    half = sum(weight for _, weight in said) / 2
    weighed = 0.0
    for value in worst_to_best:
        weighed += sum(weight for one, weight in said if one == value)
        if weighed >= half and weighed > 0:
            return value
    raise ValueError("nothing was said that is known")


def scores_of(votes: Sequence[Vote]) -> dict[str, Any]:
    """The scores of the whole; the reasoning is that of the first who agrees with them most."""
    scores = {
        name: decided([(vote.opinion.scores[name], vote.weight) for vote in votes], SCALE) for name in SCORES
    }
    nearest = min(
        votes, key=lambda vote: sum(abs(vote.opinion.scores[name] - scores[name]) for name in SCORES)
    )
    return {"reasoning": nearest.opinion.reasoning, **scores}


def verdicts_of(votes: Sequence[Vote], failed: Sequence[str] = ()) -> dict[str, Any]:
    """What was decided turn by turn, who voted, and how far they agreed.

    `turns`: for each its number, from 1, the verdict on each aspect, `verdict`: the worst of those on the
    assistant, and `reasons` by aspect for those that are not good. `agreement`: the share of the weight, from
    0 to 1, that said what was decided, over all verdicts; None with fewer than two votes. `dissent`: what
    was said otherwise. `failed`: what became of votes that were none.
    """
    turns, dissent, agreeing = [], [], 0.0
    total = sum(vote.weight for vote in votes)
    count = len(votes[0].opinion.turns)
    for index in range(count):
        entry: dict[str, Any] = {"turn": index + 1}
        reasons: dict[str, str] = {}
        for aspect in ASPECTS:
            said = [(vote, vote.opinion.turns[index][aspect]) for vote in votes]
            verdict = decided([(one.verdict, vote.weight) for vote, one in said], VERDICTS)
            entry[aspect] = verdict
            for vote, one in said:
                if one.verdict != verdict:
                    dissent.append(_dissent(index + 1, aspect, vote, one.verdict, one.reason))
                    continue
                agreeing += vote.weight / total
                if one.reason:
                    reasons.setdefault(aspect, one.reason)
        entry["verdict"] = min((entry[aspect] for aspect in OF_THE_ASSISTANT), key=VERDICTS.index)
        turns.append(entry | ({"reasons": reasons} if reasons else {}))
    told: dict[str, Any] = {
        "turns": turns,
        "agreement": round(agreeing / (count * len(ASPECTS)), 4) if len(votes) > 1 else None,
        "votes": [_vote(vote) for vote in votes],
    }
    return told | ({"dissent": dissent} if dissent else {}) | ({"failed": list(failed)} if failed else {})


def unscored(why: str, failed: Sequence[str]) -> dict[str, Any]:
    """What stands in the place of verdicts where there are none."""
    return {"unscored": why, "failed": list(failed)}


def _vote(vote: Vote) -> dict[str, Any]:
    return {"model": vote.model, "endpoint": vote.endpoint, "weight": vote.weight, **vote.opinion.scores}


def _dissent(turn: int, aspect: str, vote: Vote, verdict: str, reason: str) -> Mapping[str, Any]:
    said = {"turn": turn, "aspect": aspect, "verdict": verdict, "model": vote.model}
    return said | ({"reason": reason} if reason else {})
