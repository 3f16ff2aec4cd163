"""Which tools are called, whatever the arguments: names that are right, and names that nobody has shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable


def names_are_right(expected: Iterable[str], came: Iterable[str]) -> bool:
    """Whether these tools were called, each as often as expected, in any order."""
    return sorted(expected) == sorted(came)


def hallucinates(came: Iterable[str], shown: Collection[str]) -> bool:
    """Whether a tool is called that is not there. A call without a name that can be read calls none."""
    return any(name and name not in shown for name in came)
