"""Numbers that nobody said but that follow: how many, how much together, how much more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from funcdex.verify.evidence import Evidence
from funcdex.verify.quantities import canonical, numbers_in
from funcdex.verify.sources import Place, Source

MAX_NUMBERS = 12
"""In a message of the user, and under one key: among more of them, nearly every number is some sum."""


def place_of_total(value: float, factors: Sequence[float], evidence: Evidence) -> Place | None:
    """A product, sum or difference of two numbers of one user message, or the sum of what a response has
    under one key. `factors` as for `Evidence.number`."""
    wanted = {canonical(value / factor) for factor in factors}
    for source in evidence.sources:
        if source.kind == "user" and wanted & _of_two(_said(source)):
            return source.place()
        if source.kind == "response" and wanted & _sums(source.numbers_by_key()):
            return source.place()
    return None


def follows(value: float, factors: Sequence[float], evidence: Evidence) -> bool:
    """The same, and what an assistant works out from responses: sums and differences of two numbers under one
    key, a number of things at a price that was answered."""
    if place_of_total(value, factors, evidence):
        return True
    wanted = {canonical(value / factor) for factor in factors}
    by_key: dict[str, set[float]] = {}
    said: set[float] = set()
    for source in evidence.sources:
        if source.kind == "user":
            said.update(number for number in _said(source) if number <= 100)
        for key, number in source.numbers_by_key():
            by_key.setdefault(key, set()).add(number)
    groups = [tuple(numbers) for numbers in by_key.values() if len(numbers) <= MAX_NUMBERS]
    return any(wanted & _sums_and_differences(numbers) for numbers in groups) or any(
        canonical(one * two) in wanted for numbers in groups for one in numbers for two in said
    )


def longest_list(value: object, depth: int = 0) -> int:
    """How many entries the longest list of entries (objects) has; that of one level within, if it is
    longer."""
    if depth > 20:
        return 0
    if isinstance(value, dict):
        return max((longest_list(item, depth + 1) for item in value.values()), default=0)
    if isinstance(value, list):
        entries = sum(isinstance(item, dict) for item in value)
        return max(entries, sum(longest_list(item, depth + 1) for item in value))
    return 0


def _said(source: Source) -> tuple[float, ...]:
    numbers = numbers_in(source.folded)
    return tuple(numbers) if 1 < len(numbers) <= MAX_NUMBERS else ()


def _of_two(numbers: Sequence[float]) -> set[float]:
    products = {canonical(one * two) for one in numbers for two in numbers}
    return products | _sums_and_differences(numbers)


def _sums_and_differences(numbers: Sequence[float]) -> set[float]:
    return {
        made
        for place, one in enumerate(numbers)
        for two in numbers[place + 1 :]
        for made in (canonical(one + two), canonical(one - two))
    }


def _sums(pairs: Iterable[tuple[str, float]]) -> set[float]:
    totals: dict[str, float] = {}
    for key, value in pairs:
        totals[key] = totals.get(key, 0.0) + value
    return {canonical(total) for total in totals.values()}
