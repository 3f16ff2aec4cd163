"""Adds up what every answered context showed: by conversation, toolkit, kind and turn depth.

Memory is that of the conversations and groups, not of the contexts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from funcdex.evaluate.answers import Answer
from funcdex.evaluate.bootstrap import Interval, intervals
from funcdex.evaluate.faults import ErrorCounts
from funcdex.evaluate.measures import MEASURES, Terms, added, terms_of, values_of
from funcdex.evaluate.prices import cost_of
from funcdex.evaluate.verdict import Verdict
from funcdex.export.contexts import Context
from funcdex.settings.tree import Price

DEEPEST_TURN = 6
"""Turns from this one on are one group."""
NO_NAME = "(none)"
_SORTS = ("toolkit", "kind", "turn")


@dataclass(slots=True)
class _Talk:
    """One conversation: its groups, and what its contexts add, by turn."""

    toolkit: str
    kind: str
    by_turn: dict[str, Terms] = field(default_factory=dict)

    def values_of(self, name: str) -> Iterable[str]:
        """Its groups of a sort."""
        return self.by_turn if name == "turn" else (getattr(self, name),)


@dataclass(slots=True)
class Used:
    """Tokens of one model."""

    prompt: int = 0
    completion: int = 0
    reasoning: int = 0


@dataclass(slots=True)
class Figures:
    """`unanswered` counts contexts that no endpoint answered, by kind of fault; they are in no measure."""

    contexts: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    right: int = 0
    unanswered: Counter[str] = field(default_factory=Counter)
    flaws: Counter[str] = field(default_factory=Counter)
    errors: ErrorCounts = field(default_factory=ErrorCounts)
    tokens: dict[str, Used] = field(default_factory=dict)
    simulated: bool = False
    _talks: dict[str, _Talk] = field(default_factory=dict)

    def take(self, context: Context, answer: Answer, verdict: Verdict) -> None:
        """One more answered context."""
        self.contexts[context.sort] += 1
        self.answered += 1
        self.right += verdict.right
        self.simulated |= answer.simulated
        for code in {flaw.code for flaw in verdict.flaws}:
            self.flaws[code] += 1
        self.errors.take(context, verdict)
        used = self.tokens.setdefault(answer.model, Used())
        used.prompt += answer.prompt_tokens
        used.completion += answer.completion_tokens
        used.reasoning += answer.reasoning_tokens
        self._add(context, terms_of(context, answer, verdict))

    def miss(self, context: Context, kind: str) -> None:
        """One that nobody answered."""
        self.contexts[context.sort] += 1
        self.unanswered[kind] += 1

    def as_json(self, prices: Mapping[str, Price], seed: int) -> dict[str, Any]:
        """Everything, ready for JSON."""
        cost = cost_of({model: (used.prompt, used.completion) for model, used in self.tokens.items()}, prices)
        return {
            "contexts": {"all": self.contexts.total(), **dict(sorted(self.contexts.items()))},
            "answered": self.answered,
            "right": self.right,
            "unanswered": dict(self.unanswered.most_common()),
            "simulated": self.simulated,
            **self._scores(seed),
            "flaws": dict(sorted(self.flaws.items(), key=lambda one: (-one[1], one[0]))),
            "errors": self.errors.as_json(),
            "tokens": {
                model: {
                    "prompt": used.prompt,
                    "completion": used.completion,
                    "reasoning": used.reasoning,
                    "cost": cost_of({model: (used.prompt, used.completion)}, prices),
                }
                for model, used in sorted(self.tokens.items())
            },
            "cost": cost,
        }

    def _add(self, context: Context, terms: Terms) -> None:
        sample = context.sample
        talk = self._talks.get(sample.id)
        if talk is None:
            talk = self._talks[sample.id] = _Talk(sample.toolkit or NO_NAME, sample.kind or NO_NAME)
        turn = str(context.turn) if context.turn < DEEPEST_TURN else f"{DEEPEST_TURN}+"
        before = talk.by_turn.get(turn)
        talk.by_turn[turn] = terms if before is None else added((before, terms))

    def _scores(self, seed: int) -> dict[str, Any]:
        """`scores` of all contexts, and those `by` toolkit, kind and turn."""
        groups = [("", "", self._members("", ""))]
        for name in _SORTS:
            values = {value for talk in self._talks.values() for value in talk.values_of(name)}
            groups += [(name, value, self._members(name, value)) for value in sorted(values)]
        sums = [[one for _, one in members] for _, _, members in groups]
        numbers = [[number for number, _ in members] for _, _, members in groups]
        between = intervals(list(zip(numbers, sums, strict=True)), len(self._talks), seed)
        by: dict[str, dict[str, Any]] = {name: {} for name in _SORTS}
        told = [_told(added(one), bounds) for one, bounds in zip(sums, between, strict=True)]
        for (name, value, _), scores in list(zip(groups, told, strict=True))[1:]:
            by[name][value] = scores
        return {"scores": told[0], "by": by}

    def _members(self, name: str, value: str) -> list[tuple[int, Terms]]:
        """The conversations of a group by their numbers, and what each adds; all of them without a name."""
        return [
            (number, talk.by_turn[value] if name == "turn" else added([*talk.by_turn.values()]))
            for number, talk in enumerate(self._talks.values())
            if not name or value in talk.values_of(name)
        ]


def _told(sums: Terms, between: Sequence[Interval]) -> dict[str, Any]:
    """Each measure that applies: its value, its interval, and over how much it is taken."""
    values = values_of(sums)
    return {
        name: {
            "value": value,
            "low": bounds[0] if (bounds := between[place]) else None,
            "high": bounds[1] if bounds else None,
            "of": round(sums[2 * place + 1]),
        }
        for place, name in enumerate(MEASURES)
        if (value := values[name]) is not None
    }
