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
    "bad_gateway",
    "gateway_timeout",
    "context_too_long",
    "bad_request",
    "unauthorized",
    "forbidden",
    "no_such_model",
    "too_large",
    "unprocessable",
    "stall",
    "stall_in_body",
    "reset",
    "truncate",
    "hang_up",
    "slow_body",
    "large_body",
    "gzip_bomb",
    "web_page",
    "redirect",
    "not_json",
    "not_utf8",
    "nan",
    "huge_number",
    "no_choices",
    "no_content",
    "no_usage",
    "cut",
    "content_filter",
    "ignore_grammar",
    "ramble",
]
"""What goes wrong with a request:

`refuse`          the connection is closed without an answer
`rate_limited`    429 with Retry-After, unless that is 0
`unavailable`     503 with Retry-After, unless that is 0
`server_error`    500, while /health is fine; so with `bad_gateway` 502, `gateway_timeout` 504,
                  `context_too_long` and `bad_request` 400, `unauthorized` 401, `forbidden` 403,
                  `no_such_model` 404, `too_large` 413, `unprocessable` 422
`stall`           nothing comes, not even headers
`stall_in_body`   headers and half of the body come, then nothing
`reset`           headers and half of the body come, then the connection is reset
`truncate`        headers and half of the body come, then the connection ends in an orderly way
`hang_up`         a good answer, after which the connection that was to be kept alive is closed
`slow_body`       one byte of the body a second
`large_body`      a body of 10 GB
`gzip_bomb`       a compressed body of 1 GB
`web_page`        a page of HTML with status 200
`redirect`        307 to the same address
`not_json`        200 with a body that is no JSON; `not_utf8`, `nan`: with one that hardly is
`huge_number`     token counts of 19 digits and below zero
`no_choices`      an empty list of choices; so `no_content`, `no_usage`
`cut`             half of an answer, with finish_reason length
`content_filter`  an empty answer, with finish_reason content_filter
`ignore_grammar`  prose, whatever the grammar says
`ramble`          the same sentence again and again, under the grammar, until the tokens are used up
"""

KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
_BY_STATUS = {
    "401": "unauthorized",
    "403": "forbidden",
    "404": "no_such_model",
    "413": "too_large",
    "422": "unprocessable",
    "429": "rate_limited",
    "500": "server_error",
    "502": "bad_gateway",
    "503": "unavailable",
    "504": "gateway_timeout",
}


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
