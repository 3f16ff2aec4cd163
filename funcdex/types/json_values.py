"""The texts and numbers in a JSON value, however it is nested."""

from __future__ import annotations

from collections.abc import Iterator

from funcdex.types.conversation import JsonValue

MOST_VALUES = 20_000
"""Values of one JSON value that are looked at, objects and lists included."""


def plain_values(value: JsonValue, most: int = MOST_VALUES) -> Iterator[str | int | float]:
    """Every text and number in it but for `true`, `false` and keys, in no certain order."""
    left, looked_at = [value], 0
    while left and looked_at < most:
        one = left.pop()
        looked_at += 1
        if isinstance(one, dict):
            left += one.values()
        elif isinstance(one, list):
            left += one
        elif isinstance(one, str | int | float) and not isinstance(one, bool):
            yield one
