"""Refuses a finished conversation that goes like an earlier one of the same toolkits.

Scenarios that differ may still end in the same talk. Two conversations are one if the user says the same but
for particulars, or if the same tools are called in the same order with arguments of the same shape, and the
user's words are much the same. Of a conversation a sketch is kept, and no text.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence

from funcdex.dedup.kept_sketches import KeptSketches
from funcdex.dedup.minhash import BandedSets
from funcdex.dedup.protocol import Duplicate, Verdict
from funcdex.dedup.sketch import Sketch, capitals_are_names, sketch_of

CANDIDATES = 16
"""Earlier conversations looked at."""
WITHDRAWN = 0
"""In place of the digest of a conversation's calls: equal to none, but by a chance of 1 in 2 ** 64."""


class ConversationLayer:
    """`threshold` is on the share of the user's content words that two conversations with the same calls have
    in common (Jaccard, estimated); `language` is what the user speaks, as `en` or `pt-BR`."""

    def __init__(self, threshold: float, language: str = "en", kept: KeptSketches | None = None) -> None:
        self._threshold = threshold
        self._names = capitals_are_names(language)
        self._kept = kept
        self._said: defaultdict[str, set[bytes]] = defaultdict(set)
        self._calls: defaultdict[str, array[int]] = defaultdict(lambda: array("Q"))
        self._words: defaultdict[str, BandedSets] = defaultdict(BandedSets)

    def insert(self, group: str, texts: Sequence[str]) -> None:
        """See `Layer.insert`."""
        drawn = self._kept.recall(texts) if self._kept else map(self._sketch_of, texts)
        for sketch in drawn:
            if sketch:
                self.insert_sketch(group, sketch)

    def admit(self, items: Sequence[tuple[str, str]]) -> list[Verdict]:
        """See `Layer.admit`."""
        sketches = [self._sketch_of(text) for _, text in items]
        verdicts: list[Verdict] = [
            self.admit_sketch(group, sketch) for (group, _), sketch in zip(items, sketches, strict=True)
        ]
        if self._kept:
            texts = (text for _, text in items)
            of_all = zip(texts, sketches, verdicts, strict=True)
            self._kept.keep([(text, sketch) for text, sketch, verdict in of_all if sketch and not verdict])
        return verdicts

    def _sketch_of(self, text: str) -> Sketch | None:
        return sketch_of(text, names=self._names)

    def upkeep(self) -> bool:
        """See `Layer.upkeep`."""
        return False

    def admit_sketch(self, group: str, sketch: Sketch | None) -> Duplicate | None:
        """The same of one conversation whose sketch is there already."""
        if sketch is None:
            return None
        if sketch.said in self._said[group]:
            return Duplicate("user_turns", 1.0, "an earlier conversation")
        for row, likeness in self._words[group].like(sketch.words, CANDIDATES):
            if self._calls[group][row] == sketch.calls and likeness >= self._threshold:
                return Duplicate("calls_and_words", likeness, "an earlier conversation")
        self.insert_sketch(group, sketch)
        return None

    def withdraw(self, group: str, sketch: Sketch) -> None:
        """Forgets one that was taken in and came to nothing."""
        if sketch.said is not None:
            self._said[group].discard(sketch.said)
        for row, likeness in self._words[group].like(sketch.words, CANDIDATES):
            if likeness == 1 and self._calls[group][row] == sketch.calls:
                self._calls[group][row] = WITHDRAWN
                return

    def insert_sketch(self, group: str, sketch: Sketch) -> None:
        """Takes in one without a decision."""
        if sketch.said is not None:
            self._said[group].add(sketch.said)
        self._calls[group].append(sketch.calls)
        self._words[group].add(sketch.words)
