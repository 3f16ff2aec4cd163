"""What every layer of the duplicate guard offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Why a scenario is refused: the layer, how near ((cosine + 1) / 2; 1.0 if exact), and to which text."""

    layer: str
    similarity: float
    of: str


class Layer(Protocol):
    """One way to find duplicates. `group` is a toolkit set: scenarios of different groups never compare.

    Called from one thread at a time, never from the event loop's. `admit` decides and inserts in order: the
    second of two equal texts in one call is a duplicate of the first.
    """

    def insert(self, group: str, texts: Sequence[str]) -> None:
        """Takes texts in without a decision (those of an earlier session of the run)."""

    def admit(self, items: Sequence[tuple[str, str]]) -> list[Duplicate | None]:
        """For each (group, text): None and it is inserted, or what it duplicates and it is not."""

    def upkeep(self) -> bool:
        """Does a slice of work that was put off, for some tenths of a second; whether there may be more."""
