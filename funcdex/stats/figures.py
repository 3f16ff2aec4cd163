"""Figures of a run or a data set, gathered record by record: counts, and a sample of texts of bounded size,
so memory does not grow with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from funcdex.stats.diversity import Encode, Sampler, diversity_of
from funcdex.stats.tokens import Estimate, TokenCounter
from funcdex.stats.told import Paid, Shown, Talk, Told, option

MOST_NAMES = 20_000
"""Different names (tools, kinds, reasons...) that are counted one by one; those beyond count as REST."""
REST = "(others)"
VALUES_KEPT = 10_000
"""Different numbers of turns or calls; a larger one counts as this."""
TOKENS_STEP = 50
"""Tokens are counted exactly, and their distribution in steps of so many."""


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
    how often each parameter was given a value. `enums`: what a parameter may be, where that is an enum, and
    `chosen` what it was."""

    shown: int = 0
    called_in: int = 0
    calls: int = 0
    parameters: set[str] = field(default_factory=set)
    given: Counter[str] = field(default_factory=Counter)
    enums: dict[str, set[str]] = field(default_factory=dict)
    chosen: dict[str, set[str]] = field(default_factory=dict)

    def show(self, tool: Shown) -> None:
        """It was shown once more, perhaps with other parameters than before."""
        self.shown += 1
        if len(self.parameters) < MOST_NAMES:
            self.parameters.update(tool.parameters)
        for name, options in tool.enums.items():
            known = self.enums.setdefault(name, set()) if len(self.enums) < MOST_NAMES else set()
            if len(known) < MOST_NAMES:
                known.update(options)

    def call(self, arguments: Mapping[str, Any]) -> None:
        """It was called once more."""
        self.calls += 1
        self.given.update(arguments.keys() & self.parameters)
        for name in arguments.keys() & self.enums.keys():
            value = arguments[name]
            for one in value if isinstance(value, list) else [value]:
                if (word := option(one)) in self.enums[name]:
                    self.chosen.setdefault(name, set()).add(word)


@dataclass(slots=True)
class Group:
    """Accepted conversations of one sort."""

    conversations: int = 0
    messages: int = 0
    calls: int = 0
    arguments: int = 0
    tokens: int = 0
    tool_tokens: int = 0

    def as_json(self) -> dict[str, Any]:
        """In all, and in the mean of a conversation or call."""
        each = max(1, self.conversations)
        return {
            "conversations": self.conversations,
            "messages": self.messages,
            "calls": self.calls,
            "arguments": self.arguments,
            "tokens": self.tokens,
            "messages_each": round(self.messages / each, 2),
            "calls_each": round(self.calls / each, 2),
            "arguments_a_call": round(self.arguments / self.calls, 2) if self.calls else None,
            "tokens_each": round(self.tokens / each, 1),
            "tool_tokens_each": round(self.tool_tokens / each, 1),
        }


class Distribution:
    """How often each whole number came, in steps of `step`."""

    def __init__(self, step: int = 1) -> None:
        self.counts: Counter[int] = Counter()
        self._step = step

    def add(self, value: int) -> None:
        self.counts[min(value // self._step, VALUES_KEPT) * self._step] += 1

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
_SAID = ("user", "assistant")


class Figures:
    """All that `funcdex stats` shows. `take` adds a record. `tokens` counts tokens; the sample that diversity
    is told of follows from `seed`."""

    def __init__(self, tokens: TokenCounter | None = None, seed: int = 0) -> None:
        self.tokens = tokens or Estimate()
        self.total = Group()
        self.groups: dict[str, dict[str, Group]] = {"kind": {}, "toolkit": {}}
        self.samplers = {role: Sampler(seed) for role in _SAID}
        self.diversity: dict[str, Any] = {}
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
        self.shapes = {name: Distribution() for name in _SHAPES} | {"tokens": Distribution(TOKENS_STEP)}
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
            self._take_sizes(told, told.talk)
            for role, sampler in self.samplers.items():
                sampler.take(told.talk.said.get(role, ()))

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
        for name, shown in talk.shown.items():
            tool = _at(self.tools, name, ToolUse)
            tool.show(shown)
            tool.called_in += name in called
        for name, arguments in talk.called:
            self.shapes["arguments_of_a_call"].add(len(arguments))
            if name in talk.shown:
                _at(self.tools, name, ToolUse).call(arguments)
            else:
                self.not_shown += 1

    def _take_sizes(self, told: Told, talk: Talk) -> None:
        tokens, tool_tokens = self.tokens.count(talk.texts), self.tokens.count_tools(talk.tools)
        self.shapes["tokens"].add(tokens)
        arguments = sum(len(given) for _, given in talk.called)
        groups = self.groups["kind"], self.groups["toolkit"]
        for group in (
            self.total,
            _at(groups[0], told.kind, Group),
            _at(groups[1], told.toolkit, Group),
        ):
            group.conversations += 1
            group.messages += talk.messages
            group.calls += len(talk.called)
            group.arguments += arguments
            group.tokens += tokens
            group.tool_tokens += tool_tokens

    def compare_texts(self, encode: Encode | None = None) -> None:
        """Looks at the sample of texts, when all records were taken; `encode` also tells what they mean."""
        self.diversity = {
            role: diversity_of(sampler.texts, encode) for role, sampler in self.samplers.items()
        }

    @property
    def duplicates(self) -> int:
        """Conversations that were given up because they were there already."""
        return sum(count for (_, reason), count in self.reasons.items() if reason.startswith("duplicate"))

    @property
    def coverage(self) -> dict[str, Any]:
        """Of the tools, parameters and values of enums that were shown, how many were ever used."""
        tools = self.tools.values()
        options = sum(len(one) for tool in tools for one in tool.enums.values())
        chosen = sum(len(one) for tool in tools for one in tool.chosen.values())
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
            "enum_values_shown": options,
            "enum_values_given": chosen,
            "enum_values_share": _share(chosen, options),
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
            "size": {"tokens_by": self.tokens.how} | self.total.as_json(),
            "size_by": {
                name: {value: one.as_json() for value, one in sorted(groups.items())}
                for name, groups in self.groups.items()
            },
            "shape": {name: one.as_json() for name, one in self.shapes.items()},
            "diversity": self.diversity,
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
            left = {
                parameter: sorted(options - tool.chosen.get(parameter, set()))
                for parameter, options in sorted(tool.enums.items())
            }
            yield (
                name,
                {
                    "shown": tool.shown,
                    "called_in": tool.called_in,
                    "calls": tool.calls,
                    "given": dict(tool.given.most_common()),
                    "never_given": never,
                    "values_never_given": {parameter: values for parameter, values in left.items() if values},
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
