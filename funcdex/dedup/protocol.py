"""What every layer of the duplicate guard offers, and what those that compare build on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from funcdex.dedup.profile import Profile


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Why a scenario is refused: the layer, how near in [0, 1] (1.0 if exact), and to which text.

    `near` are the texts that lie nearest to it, if the layer knows: what its writer has to keep away from.
    """

    layer: str
    similarity: float
    of: str
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Words and vectors do not tell whether a text is new. It counts as there from now on, whatever comes
    out; `candidates` are what it may repeat, nearest first."""

    candidates: tuple[Duplicate, ...]


Verdict = Duplicate | Unsettled | None


Adjudicate = Callable[[str, str], Awaitable[bool | None]]
"""Whether a new scenario asks for the same as an earlier one; None if no answer could be had."""


class Guard(Protocol):
    """Keeps texts distinct, whoever asks at the same time."""

    async def admit(
        self, group: str, text: str, adjudicate: Adjudicate | None = None, *, asker: str = ""
    ) -> Duplicate | None:
        """None if the text is new in its group, and it counts from now on; else what it duplicates.

        `adjudicate` is asked where that is unsettled. Without an answer the text is taken for new. `asker` is
        the conversation that it is for: who asks again has lost the answer, or begins anew.
        """

    def examples(self, group: str, most: int, about: str = "") -> list[str]:
        """Up to `most` texts of a group for the writer of one `about` something to differ from."""


class Layer(Protocol):
    """One way to find duplicates. `group` is a toolkit set: scenarios of different groups never compare.

    Called from one thread at a time, never from the event loop's. `admit` decides and inserts in order: the
    second of two equal texts in one call is a duplicate of the first.
    """

    def insert(self, group: str, texts: Sequence[str]) -> None:
        """Takes texts in without a decision (those of an earlier session of the run)."""

    def admit(self, items: Sequence[tuple[str, str]]) -> Sequence[Verdict]:
        """For each (group, text): None and it is inserted, or what it duplicates and it is not."""

    def upkeep(self) -> bool:
        """Does a slice of work that was put off, for some tenths of a second; whether there may be more."""


@dataclass(frozen=True, slots=True)
class Item:
    """A text as it is compared."""

    group: str
    text: str
    profile: Profile


class Look(Protocol):
    """What a finder sees of several items at once, before any of them is inserted."""

    def near(self, place: int) -> Sequence[tuple[int, float | None]]:
        """Rows of the group of the item at this place that it may repeat, and how similar their vectors are
        ((cosine + 1) / 2; None if that is not known)."""

    def similarity(self, place: int, other: int) -> float | None:
        """The same for two items of this look."""

    def keep(self, places: Sequence[int]) -> None:
        """Inserts the items at these places, in order. The last call."""


class Finder(Protocol):
    """Finds what a text may repeat among very many, and decides nothing. The texts of a group are numbered
    from 0 as they are inserted, by every finder alike."""

    def insert(self, items: Sequence[Item]) -> None:
        """Takes in items of an earlier session."""

    def look(self, items: Sequence[Item]) -> Look:
        """Looks for what these items may repeat."""

    def upkeep(self) -> bool:
        """See `Layer.upkeep`."""


def decided(layers: Sequence[Layer], items: Sequence[tuple[str, str]]) -> list[Verdict]:
    """What the layers, the first one first, say of each (group, text); those that are new count now."""
    verdicts: list[Verdict] = [None] * len(items)
    for layer in layers:
        still_open = [row for row, verdict in enumerate(verdicts) if verdict is None]
        if not still_open:
            break
        told = layer.admit([items[row] for row in still_open])
        for row, verdict in zip(still_open, told, strict=True):
            verdicts[row] = verdict
    return verdicts
