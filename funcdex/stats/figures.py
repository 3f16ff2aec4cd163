"""Figures of a run or a data set, gathered record by record: counts alone, so memory does not grow with
it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from funcdex.stats.told import Paid, Talk, Told

MOST_NAMES = 20_000
"""Different names (tools, kinds, reasons...) that are counted one by one; those beyond count as REST."""
REST = "(others)"
VALUES_KEPT = 10_000
"""Different numbers of turns or calls; a larger one counts as this."""


@dataclass(slots=True)
class Yield:
    """Of conversations of one sort: how many were accepted, and how many given up."""

    accepted: int = 0
    rejected: int = 0

    def as_json(self) -> dict[str, Any]:
        ended = self.accepted + self.rejected
        share = round(self.accepted / ended, 4) if ended else None
        return {"accepted": self.accepted, "rejected": self.rejected, "share": share}


@dataclass(slots=True)
class Cost:
    """What one stage took."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add(self, paid: Paid) -> None:
        self.requests += 1
        self.prompt_tokens += paid.prompt_tokens
        self.completion_tokens += paid.completion_tokens


@dataclass(slots=True)
class ToolUse:
    """`shown`: conversations that had it; `called_in`: those that called it, `calls` times in all. `given`:
    how often each parameter was given a value."""

    shown: int = 0
    called_in: int = 0
    calls: int = 0
    parameters: set[str] = field(default_factory=set)
    given: Counter[str] = field(default_factory=Counter)


class Distribution:
    """How often each whole number came."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()

    def add(self, value: int) -> None:
        self.counts[min(value, VALUES_KEPT)] += 1

    def at(self, share: float) -> int | None:
        """The smallest number that at least this share of all do not exceed; None without any."""
        needed, seen = share * self.counts.total(), 0
        for value in sorted(self.counts):
            seen += self.counts[value]
            if seen >= needed:
                return value
        return None

    def as_json(self) -> dict[str, Any]:
        total = self.counts.total()
        mean = sum(value * count for value, count in self.counts.items()) / total if total else None
        return {
            "mean": None if mean is None else round(mean, 2),
            "least": min(self.counts, default=None),
            "median": self.at(0.5),
            "p90": self.at(0.9),
            "most": max(self.counts, default=None),
            "counts": {str(value): self.counts[value] for value in sorted(self.counts)},
        }


_SHAPES = ("user_turns", "messages", "calls", "arguments_of_a_call", "tools_shown", "tools_called")


class Figures:
    """All that `funcdex stats` shows. `take` adds a record."""

    def __init__(self) -> None:
        self.accepted = self.rejected = self.simulated = 0
        self.by: dict[str, dict[str, Yield]] = {"kind": {}, "toolkit": {}, "clarity": {}}
        self.reasons: Counter[tuple[str, str]] = Counter()
        self.costs: dict[str, Cost] = {}
        self.corrections: Counter[tuple[str, str]] = Counter()
        self.corrected = 0
        self.extra_scenarios = 0
        self.adjudicated: Counter[str] = Counter()
        self.scores: dict[str, dict[str, Counter[int]]] = {}
        self.unscored = self.agreements = 0
        self.agreement_sum = 0.0
        self.verdicts: dict[str, Counter[str]] = {}
        self.shapes = {name: Distribution() for name in _SHAPES}
        self.assistant_messages = self.trained = 0
        self.tools: dict[str, ToolUse] = {}
        self.not_shown = 0

    def take(self, told: Told) -> None:
        """One record more."""
        self._count_end(told)
        for paid in told.paid:
            _at(self.costs, paid.stage, Cost).add(paid)
        self.extra_scenarios += max(0, sum(paid.stage == "scenario" for paid in told.paid) - 1)
        self.adjudicated += told.adjudicated
        for correction, count in told.corrections.items():
            _count(self.corrections, correction, (REST, REST), count)
        self.corrected += bool(told.corrections)
        self._judge(told)
        if told.talk is not None:
            self._take_talk(told.talk)

    def _count_end(self, told: Told) -> None:
        self.simulated += told.simulated
        for name, value in (("kind", told.kind), ("toolkit", told.toolkit), ("clarity", told.clarity)):
            ended = _at(self.by[name], value, Yield)
            ended.accepted += told.rejected is None
            ended.rejected += told.rejected is not None
        if told.rejected is None:
            self.accepted += 1
        else:
            self.rejected += 1
            _count(self.reasons, told.rejected, (REST, REST))

    def _judge(self, told: Told) -> None:
        scores = _at(self.scores, told.kind, dict) if told.scores else {}
        for name, score in told.scores.items():
            _at(scores, name, Counter)[score] += 1
        # A rejected one without scores is counted by its reason.
        self.unscored += told.unscored is not None and told.rejected is None
        if told.agreement is not None:
            self.agreements += 1
            self.agreement_sum += told.agreement
        for turn in told.verdicts:
            for aspect, verdict in turn.items():
                _count(_at(self.verdicts, aspect, Counter), verdict, REST)

    def _take_talk(self, talk: Talk) -> None:
        called = {name for name, _ in talk.called}
        sizes = (talk.turns, talk.messages, len(talk.called), len(talk.shown), len(called))
        for name, size in zip(
            ("user_turns", "messages", "calls", "tools_shown", "tools_called"), sizes, strict=True
        ):
            self.shapes[name].add(size)
        self.assistant_messages += talk.assistant_messages
        self.trained += talk.assistant_messages if talk.trained is None else talk.trained
        for name, parameters in talk.shown.items():
            tool = _at(self.tools, name, ToolUse)
            tool.shown += 1
            tool.called_in += name in called
            if len(tool.parameters) < MOST_NAMES:
                tool.parameters.update(parameters)
        for name, given in talk.called:
            self.shapes["arguments_of_a_call"].add(len(given))
            if name not in talk.shown:
                self.not_shown += 1
                continue
            tool = _at(self.tools, name, ToolUse)
            tool.calls += 1
            tool.given.update(set(given) & tool.parameters)

    @property
    def duplicates(self) -> int:
        """Conversations that were given up because they were there already."""
        return sum(count for (_, reason), count in self.reasons.items() if reason.startswith("duplicate"))

    @property
    def coverage(self) -> dict[str, Any]:
        """Of the tools and parameters that were shown, how many were ever used."""
        tools = self.tools.values()
        shown = sum(len(tool.parameters) for tool in tools)
        given = sum(len(tool.given) for tool in tools)
        called = sum(tool.calls > 0 for tool in tools)
        return {
            "tools_shown": len(tools),
            "tools_called": called,
            "tools_share": _share(called, len(tools)),
            "parameters_shown": shown,
            "parameters_given": given,
            "parameters_share": _share(given, shown),
            "calls_of_tools_not_shown": self.not_shown,
        }

    def as_json(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return {
            "conversations": Yield(self.accepted, self.rejected).as_json() | {"simulated": self.simulated},
            "yield": {
                name: {value: one.as_json() for value, one in sorted(values.items())}
                for name, values in self.by.items()
            },
            "rejected": [
                {"stage": stage, "reason": reason, "count": count}
                for (stage, reason), count in self.reasons.most_common()
            ],
            "cost": {stage: self._cost(cost) for stage, cost in self.costs.items()},
            "corrections": {
                "conversations": self.corrected,
                "by": [
                    {"how": how, "reason": reason, "count": count}
                    for (how, reason), count in self.corrections.most_common()
                ],
            },
            "duplicates": {
                "conversations": self.duplicates,
                "further_scenarios": self.extra_scenarios,
                "adjudicated_same": self.adjudicated["same"],
                "adjudicated_different": self.adjudicated["different"],
                "adjudicated_unanswered": self.adjudicated["unanswered"],
            },
            "judging": self._judging(),
            "shape": {name: one.as_json() for name, one in self.shapes.items()},
            "training": {
                "assistant_messages": self.assistant_messages,
                "trained_on": self.trained,
                "share": _share(self.trained, self.assistant_messages),
            },
            "coverage": self.coverage | {"tools": dict(self._tools())},
        }

    def _cost(self, cost: Cost) -> dict[str, Any]:
        """With what each accepted conversation took, those that were given up paid for by them."""
        figures = (cost.requests, cost.prompt_tokens, cost.completion_tokens)
        names = ("requests", "prompt_tokens", "completion_tokens")
        each = [round(figure / self.accepted, 2) if self.accepted else None for figure in figures]
        return dict(zip(names, figures, strict=True)) | {
            f"{name}_per_accepted": one for name, one in zip(names, each, strict=True)
        }

    def _judging(self) -> dict[str, Any]:
        return {
            "scores_by_kind": {
                kind: {name: _histogram(counts) for name, counts in scores.items()}
                for kind, scores in sorted(self.scores.items())
            },
            "unscored": self.unscored,
            "agreement": round(self.agreement_sum / self.agreements, 4) if self.agreements else None,
            "verdicts": {aspect: dict(counts.most_common()) for aspect, counts in self.verdicts.items()},
        }

    def _tools(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for name, tool in sorted(self.tools.items()):
            never = sorted(tool.parameters - tool.given.keys())
            yield (
                name,
                {
                    "shown": tool.shown,
                    "called_in": tool.called_in,
                    "calls": tool.calls,
                    "given": dict(tool.given.most_common()),
                    "never_given": never,
                },
            )


def _histogram(counts: Counter[int]) -> dict[str, Any]:
    mean = sum(score * count for score, count in counts.items()) / counts.total()
    return {"mean": round(mean, 2), "counts": {str(score): counts[score] for score in sorted(counts)}}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _at(table: dict[str, Any], name: str, make: Any) -> Any:
    """The entry of a name, or of all beyond MOST_NAMES."""
    if name not in table and len(table) >= MOST_NAMES:
        name = REST
    if name not in table:
        table[name] = make()
    return table[name]


def _count(counter: Counter[Any], key: Any, rest: Any, count: int = 1) -> None:
    counter[key if key in counter or len(counter) < MOST_NAMES else rest] += count
