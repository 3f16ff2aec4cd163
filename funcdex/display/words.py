"""Figures as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from funcdex.printable import one_line
from funcdex.rundir.replay import Tokens


def counts(by_name: Mapping[str, int]) -> str:
    """`low_score 3, markup 1`, the most frequent first."""
    ordered = sorted(by_name.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{one_line(name)} {count}" for name, count in ordered)


def total(by_name: Mapping[str, int], what: str = "") -> str:
    """`4 rejected (low_score 3, markup 1)`, or `0 rejected`."""
    total = f"{sum(by_name.values())} {what}".rstrip()
    return f"{total} ({counts(by_name)})" if by_name else total


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3.4 h`, `6.1 days`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


def pace(per_s: float) -> str:
    """`4.2 settled/s`; where that would be near 0, for a minute or an hour."""
    for unit, seconds in (("s", 1), ("min", 60)):
        if per_s * seconds >= 1:
            return f"{per_s * seconds:.1f} settled/{unit}"
    return f"{per_s * 3600:.1f} settled/h"


def tokens(used: Iterable[Tokens]) -> str:
    """`12,345 prompt and 2,345 completion tokens`."""
    prompt = completion = 0
    for one in used:
        prompt, completion = prompt + one.prompt, completion + one.completion
    return f"{prompt:,} prompt and {completion:,} completion tokens"
