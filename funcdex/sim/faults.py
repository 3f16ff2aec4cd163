"""Faults that the simulated endpoint commits on request, so that clients can be tested against them.

A rule has a kind, and says how often it strikes: with a probability, a number of times, after a number of
requests, within a window of time. Rules are tried in order, and the first that strikes decides. Written as
`rate_limited,probability=0.2,retry_after_s=2` or `stall,count=1,from_s=5,until_s=10`; the kinds that answer
with a status may be named by it, `429,probability=0.2`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from math import inf
from random import Random
from typing import Literal, get_args

from funcdex.errors import ConfigError

FaultKind = Literal[
    "refuse",
    "rate_limited",
    "unavailable",
    "server_error",
    "stall",
    "stall_in_body",
    "reset",
    "truncate",
    "not_json",
    "ignore_grammar",
    "ramble",
]
"""What goes wrong with a request:

`refuse`          the connection is closed without an answer
`rate_limited`    429 with Retry-After
`unavailable`     503 with Retry-After
`server_error`    500
`stall`           nothing comes, not even headers
`stall_in_body`   headers and half of the body come, then nothing
`reset`           headers and half of the body come, then the connection is reset
`truncate`        headers and half of the body come, then the connection ends in an orderly way
`not_json`        200 with a body that is no JSON
`ignore_grammar`  prose, whatever the grammar says
`ramble`          the same sentence again and again, under the grammar, until the tokens are used up
"""

KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
_BY_STATUS = {"429": "rate_limited", "503": "unavailable", "500": "server_error"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule. Seconds count from the start of the server; the first `after` completions are spared."""

    kind: FaultKind
    probability: float = 1.0
    count: float = inf
    from_s: float = 0.0
    until_s: float = inf
    retry_after_s: float = 1.0
    after: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise _unusable(self.kind, f"no fault is called {self.kind!r}")
        if not 0 <= self.probability <= 1:
            raise _unusable(self.kind, f"a probability of {self.probability} is not between 0 and 1")
        if min(self.count, self.after, self.retry_after_s) < 0 or not 0 <= self.from_s <= self.until_s:
            raise _unusable(self.kind, "counts and times are not negative, and from_s comes before until_s")

    def __str__(self) -> str:
        """The written form; `parse_fault` is its inverse."""
        default = asdict(Fault(self.kind))
        options = [f"{key}={value}" for key, value in asdict(self).items() if value != default[key]]
        return ",".join([self.kind, *options])


_OPTIONS = tuple(field.name for field in fields(Fault) if field.name != "kind")


def parse_fault(text: str) -> Fault:
    """A rule from its written form. Raises ConfigError."""
    kind, *options = (part.strip() for part in text.split(","))
    numbers: dict[str, float] = {}
    for option in options:
        name, equals, number = option.partition("=")
        if not equals or name not in _OPTIONS:
            raise _unusable(text, f"{option!r} is no option of a fault")
        try:
            numbers[name] = float(number)
        except ValueError as error:
            raise _unusable(text, f"{number!r} is no number") from error
    return Fault(_BY_STATUS.get(kind, kind), **numbers)  # type: ignore[arg-type]  # __post_init__ refuses any other kind


def _unusable(where: str, what: str) -> ConfigError:
    fix = f"Kinds are {', '.join(KINDS)}; options, each with =NUMBER, are {', '.join(_OPTIONS)}."
    return ConfigError(what, where=f"fault {where}", fix=fix)


class FaultPlan:
    """Decides for one request after the other. The same seed and order of requests give the same faults."""

    def __init__(self, rules: Sequence[Fault], seed: int) -> None:
        self.rules = tuple(rules)
        self._left = [rule.count for rule in rules]
        self._seen = 0
        self._rng = Random(seed)

    def draw(self, now_s: float) -> Fault | None:
        """The fault that strikes a request which arrives now, if one does."""
        self._seen += 1
        for index, rule in enumerate(self.rules):
            struck = self._rng.random() < rule.probability and self._seen > rule.after
            if struck and rule.from_s <= now_s < rule.until_s and self._left[index] >= 1:
                self._left[index] -= 1
                return rule
        return None
