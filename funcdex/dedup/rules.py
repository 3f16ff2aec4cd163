"""What is decided of two scenarios by how alike they are: the thresholds, and what overrules them.

No threshold alone tells a reworded duplicate from an opposite request in the same words. So likeness only
says that two may be the same, and what sets them apart (`contrast.py`) has the last word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from funcdex.dedup.contrast import Contrast, contrast
from funcdex.dedup.profile import LEAST_WORDS, Profile, overlap, rouge_l

Measure = Literal["words", "rouge_l", "embedding"]
LEAST_IN_COMMON = 0.4
"""Overlap of content words below which the order of all words means nothing: a writer may well put everything
into sentences of one build, `NAME, a ROLE at NAME, needs to ... before DATE`."""
OFF = 2.0
"""A threshold that nothing reaches."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on a pair counts as near, by each measure; measured in docs/decisions/0012-dedup-layers.md.

    `words` is the overlap of content words in any order, `rouge_l` that of masked tokens in order, where
    enough words are the same, `embedding` (cosine + 1) / 2. From `unsettled` on, on the scale of the last, a
    pair that is not near is possible.
    """

    words: float = 0.6
    rouge_l: float = 0.8
    embedding: float = 0.95
    unsettled: float = 0.8


Kind = Literal["same", "likely", "possible", "other"]
"""`likely`: near, but something sets them apart that may mean nothing. `possible`: not near by words, and as
near by meaning as other wordings often are, and other requests too."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is ruled of two texts; `value` is how alike they are by `measure`, the one that decided."""

    kind: Kind
    measure: Measure
    value: float


_BY_CONTRAST: dict[Contrast, Kind] = {"none": "same", "unclear": "likely", "plain": "other"}


def measures(one: Profile, other: Profile, similarity: float | None) -> dict[Measure, float]:
    """How alike two texts are, in [0, 1]. Texts of hardly any words are not compared by them."""
    found: dict[Measure, float] = {}
    if min(len(one.words), len(other.words)) >= LEAST_WORDS:
        in_common = overlap(one, other)
        found = {"words": in_common, "rouge_l": rouge_l(one, other) if _same_frame(one, other) else 0.0}
    if similarity is not None:
        found["embedding"] = similarity
    return found


def _same_frame(one: Profile, other: Profile) -> bool:
    """Whether the order of words may mean something: enough of them are the same, and among these what
    somebody wants to do. Else it is but the same build of sentences."""
    return overlap(one, other) >= LEAST_IN_COMMON and one.infinitives == other.infinitives


def _far(in_common: float, similarity: float | None, thresholds: Thresholds) -> bool:
    """Whether neither words nor vectors bring two texts near, so that nothing else has to be looked at. So it
    is with almost all of the pairs that are new at the same time."""
    if in_common >= min(LEAST_IN_COMMON, thresholds.words) or thresholds.rouge_l <= 0.0:
        return False
    return similarity is None or similarity < min(thresholds.embedding, thresholds.unsettled)


def _other(in_common: float, similarity: float | None) -> Ruling:
    if similarity is None or similarity <= in_common:
        return Ruling("other", "words", in_common)
    return Ruling("other", "embedding", similarity)


def ruling(one: Profile, other: Profile, similarity: float | None, thresholds: Thresholds) -> Ruling:
    """Whether one repeats the other; `similarity` is that of their vectors, if it is known."""
    in_common = overlap(one, other) if min(len(one.words), len(other.words)) >= LEAST_WORDS else None
    if in_common is not None and _far(in_common, similarity, thresholds):
        return _other(in_common, similarity)
    found = measures(one, other, similarity)
    near = [(value, measure) for measure, value in found.items() if value >= getattr(thresholds, measure)]
    if near:
        value, measure = max(near)
        return Ruling(_BY_CONTRAST[contrast(one, other)], measure, value)
    if similarity is not None and similarity >= thresholds.unsettled:
        return Ruling("possible", "embedding", similarity)
    value, measure = max(((value, measure) for measure, value in found.items()), default=(0.0, "words"))
    return Ruling("other", measure, value)
