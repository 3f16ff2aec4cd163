"""What a server spends on a grammar that it has never seen: the compile, told apart from the mask.

For a set of tools that was never sent before, the prompt is sent without a grammar, so that the server has
read it, then with the grammar, then with the same grammar again. What the second takes longer than the third
is the compile.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from funcdex.bench.load import Answered, Seen, Target, ask
from funcdex.bench.result import Constraint, FirstUse
from funcdex.bench.work import Work
from funcdex.off_loop import off_loop
from funcdex.types.level import STRICT
from funcdex.types.request import Request

WORTH_MEASURING: tuple[Constraint, ...] = ("names", *STRICT)
"""The grammar of `markup` knows no tools, so a server sees one of it in its life."""

_TOKENS = 8


async def first_uses(
    work: Work,
    targets: Sequence[Target],
    constraints: Sequence[Constraint],
    *,
    sets: int,
    now: Callable[[], float] = time.monotonic,
) -> list[FirstUse]:
    """So many fresh sets of tools for each endpoint and constraint, one request at a time. A set with which
    a request failed is left out."""
    found: list[FirstUse] = []
    for target in targets:
        for constraint in constraints:
            if constraint in WORTH_MEASURING:
                found += [
                    one
                    for index in range(sets)
                    if (one := await _first_use(work, target, constraint, index, now)) is not None
                ]
    return found


async def _first_use(
    work: Work, target: Target, constraint: Constraint, index: int, now: Callable[[], float]
) -> FirstUse | None:
    nonce = secrets.token_hex(4)
    request = await off_loop(_request, work, target, constraint, index, nonce)
    assert request.grammar is not None
    seen = Seen()
    answers = [
        await ask(one, target, seen, now) for one in (replace(request, grammar=None), request, request)
    ]
    if any(answer.sample.fault for answer in answers):
        return None
    _, fresh_s, repeated_s = map(_time_s, answers)
    size = len(request.grammar.render(target.facts.dialect).encode())
    return FirstUse(target.facts.base_url, constraint, fresh_s, repeated_s, size)


def _request(work: Work, target: Target, constraint: Constraint, index: int, nonce: str) -> Request:
    """With its grammar rendered."""
    request = work.request(work.never_sent(index, nonce), constraint, nonce, index)
    assert request.grammar is not None
    request.grammar.render(target.facts.dialect)
    return replace(request, sampling=replace(request.sampling, max_tokens=_TOKENS))


def _time_s(answered: Answered) -> float:
    sample = answered.sample
    return sample.latency_s if sample.ttft_s is None else sample.ttft_s
