"""What was written of one document's schemas, kept for the next operation that refers to the same ones.

What is written of a schema depends on how it was reached only where it contains itself: on which of the
references inside it led there. So each entry knows the references that were met while it was written, and
is used again where the same of them are on the trail. References are bits of a number, a trail is their sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Trail = int
"""The references that led somewhere: one that comes again is a schema that contains itself."""

MOST_ENTRIES = 100_000
MOST_BYTES = 64 * 1024 * 1024
"""Bounds on what is kept; beyond them all is forgotten, and written anew."""

_ENTRY_BYTES = 400
# Schemas that contain themselves are reached in many ways.
_MOST_WAYS = 6
_INNER = frozenset(("$ref", "properties", "additionalProperties", "items", "allOf", "anyOf", "oneOf"))

Key = tuple[int | str, str, int, int, bool]


@dataclass(frozen=True, slots=True)
class Written:
    """`made` is what stands for the schema, None for nothing; `chars` what that cost, `changes` the notes to
    make. If not `whole`, it was given up after so many characters. `schema` is kept so that no other gets
    its id."""

    schema: Any
    made: dict[str, Any] | None
    chars: int
    changes: frozenset[str]
    met: Trail
    cut: Trail
    whole: bool


class Memo:
    """Entries of one document, by schema, side and level of detail. What it gives is shared: change nothing
    in it."""

    def __init__(self) -> None:
        self._entries: dict[Key, tuple[Written, ...]] = {}
        self._bits: dict[str, Trail] = {}
        self._bytes = 0
        self.targets: dict[str, Any] = {}
        """What references lead to, by their text."""

    def bit(self, reference: str) -> Trail:
        """The number that stands for a reference in trails."""
        return self._bits.setdefault(reference, 1 << len(self._bits))

    def get(self, key: Key, trail: Trail) -> Written | None:
        """What was written where the trail means the same to it."""
        for entry in self._entries.get(key, ()):
            if entry.met & trail == entry.cut:
                return entry
        return None

    def add(self, key: Key, entry: Written) -> None:
        """Keeps an entry, in place of one that it says more than."""
        self._bytes += _ENTRY_BYTES + len(self._bits) // 4
        if len(self._entries) >= MOST_ENTRIES or self._bytes > MOST_BYTES:
            self._entries.clear()
            self._bytes = 0
        others = tuple(one for one in self._entries.get(key, ()) if one.whole)
        self._entries[key] = (entry, *others)[:_MOST_WAYS]


def is_worth_keeping(schema: Mapping[str, Any]) -> bool:
    """Whether other schemas are inside; any other is written as fast as it is looked up."""
    return not _INNER.isdisjoint(schema)


def identity(schema: Mapping[str, Any]) -> int | str:
    """Tells one schema from another; of a mere reference, its text: each operation has one of its own."""
    reference = schema.get("$ref")
    return reference if isinstance(reference, str) and len(schema) == 1 else id(schema)
