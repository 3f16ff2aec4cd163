"""How well the layers decide labelled pairs, and which thresholds would decide them best.

Two questions are asked of every layer, as each alone misleads. Of a pair: is it refused, rightly or not? And
of a fresh scenario, `b` of a pair: is it refused among all the others (each `a` but its own), where it
repeats none? The second is what a run pays, for it compares a scenario with thousands; its share is the
false-rejection rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from funcdex.dedup.contrast import contrast
from funcdex.dedup.embedding import Embedder, encoded
from funcdex.dedup.exact import normalised
from funcdex.dedup.masked import masked_form
from funcdex.dedup.meaning import NEIGHBOURS
from funcdex.dedup.pairs import Pair
from funcdex.dedup.profile import Profile
from funcdex.dedup.rules import Thresholds, measures

LayerName = Literal["exact", "masked", "words", "rouge_l", "embedding"]
Graded = Literal["words", "rouge_l", "embedding"]
"""Those with a threshold."""
LAYERS: tuple[LayerName, ...] = get_args(LayerName)
MOST_COMPARED = 300_000
"""Comparisons of fresh scenarios with a pool; of more pairs fewer `a` are in the pool, evenly chosen."""
_LEAST_IN_COMMON = 0.35
"""Share of all tokens, function words too, below which two texts of a pool are not compared any further."""

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Compared:
    """What is measured of pairs.

    `values` has for each layer one number a pair, 1 or 0 where a layer knows only equal texts. `nearest` has
    the same for each `b` and the nearest among the `a` of other pairs from which nothing sets it apart.
    `apart` tells which pairs contrast overrules. `rank` is the place of each `a`, from 0, among all `a` by
    the distance of their vectors from that of `b`; None without vectors.
    """

    pairs: Sequence[Pair]
    values: Mapping[LayerName, Array]
    nearest: Mapping[LayerName, Array]
    apart: Flags
    rank: npt.NDArray[np.int64] | None

    @property
    def is_duplicate(self) -> Flags:
        """The labels."""
        return np.array([pair.is_duplicate for pair in self.pairs], bool)


@dataclass(frozen=True, slots=True)
class Quality:
    """Of decisions about pairs, where a duplicate refused is right. None where nothing is divided by nothing.

    `false_rejection` is the share of fresh scenarios that are refused for one of a pool that they do not
    repeat.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    false_rejection: float


@dataclass(frozen=True, slots=True)
class LayerScore:
    """One layer on its own. `auc` is how well its measure alone orders the pairs, 0.5 being chance."""

    layer: LayerName
    threshold: float
    auc: float | None
    quality: Quality


@dataclass(frozen=True, slots=True)
class KindScore:
    """What becomes of the pairs of one kind. `by` counts pairs by the layers that refuse them, `apart` those
    that are near and yet not refused, `false_rejection` is for their `b` among the `a` of others."""

    kind: str
    label: str
    pairs: int
    refused: float
    by: Mapping[str, int]
    apart: int
    candidates_at_5: float | None
    false_rejection: float


@dataclass(frozen=True, slots=True)
class Score:
    """All that `funcdex dedup score` tells. `candidates_at_5`: duplicates whose other text is among five
    neighbours."""

    pairs: int
    together: Quality
    candidates_at_5: float | None
    layers: Sequence[LayerScore]
    kinds: Sequence[KindScore]


@dataclass(frozen=True, slots=True)
class _Text:
    exact: str
    masked: str | None
    profile: Profile

    @classmethod
    def of(cls, text: str) -> _Text:
        return cls(normalised(text), masked_form(text), Profile.of(text))


def compared(pairs: Sequence[Pair], embedder: Embedder | None) -> Compared:
    """Measures pairs; without an embedder the layer `embedding` is 0 everywhere."""
    ours, theirs = [_Text.of(pair.a) for pair in pairs], [_Text.of(pair.b) for pair in pairs]
    similar = _similarities(pairs, embedder) if embedder else None
    to_b = [None if similar is None else similar[:, n] for n in range(len(pairs))]
    own = np.array(
        [
            _values(a, b, None if to is None else float(to[n]))
            for n, (a, b, to) in enumerate(zip(ours, theirs, to_b, strict=True))
        ]
    )
    others = np.array([_nearest(n, ours, b, to) for n, (b, to) in enumerate(zip(theirs, to_b, strict=True))])
    return Compared(
        pairs,
        {layer: own[:, place] for place, layer in enumerate(LAYERS)},
        {layer: others[:, place] for place, layer in enumerate(LAYERS)},
        np.array(
            [contrast(a.profile, b.profile) == "plain" for a, b in zip(ours, theirs, strict=True)], bool
        ),
        None if similar is None else np.sum(similar > np.diag(similar), axis=0),
    )


def score(found: Compared, thresholds: Thresholds) -> Score:
    """How the layers decide with these thresholds."""
    of_layer = {"exact": 1.0, "masked": 1.0} | {
        name: getattr(thresholds, name) for name in ("words", "rouge_l", "embedding")
    }
    near = {layer: found.values[layer] >= of_layer[layer] for layer in LAYERS}
    refused = {layer: near[layer] & ~_overruled(found, layer) for layer in LAYERS}
    fresh = {layer: found.nearest[layer] >= of_layer[layer] for layer in LAYERS}
    together, wrongly = (np.any([each[layer] for layer in LAYERS], axis=0) for each in (refused, fresh))
    return Score(
        pairs=len(found.pairs),
        together=_quality(together, found.is_duplicate, wrongly),
        candidates_at_5=_among_neighbours(found, found.is_duplicate),
        layers=[
            LayerScore(
                layer,
                of_layer[layer],
                _auc(found.values[layer], found.is_duplicate),
                _quality(refused[layer], found.is_duplicate, fresh[layer]),
            )
            for layer in LAYERS
        ],
        kinds=[
            KindScore(
                kind,
                "duplicate" if found.is_duplicate[chosen].any() else "distinct",
                int(chosen.sum()),
                float(together[chosen].mean()),
                {layer: int(refused[layer][chosen].sum()) for layer in LAYERS},
                int((np.any([near[layer] for layer in LAYERS], axis=0) & ~together)[chosen].sum()),
                _among_neighbours(found, chosen & found.is_duplicate),
                float(wrongly[chosen].mean()),
            )
            for kind, chosen in _kinds(found.pairs).items()
        ],
    )


def calibrated(found: Compared, layer: LayerName, max_false_rejection: float) -> LayerScore:
    """The threshold that decides the pairs best (F1) among those that refuse no more fresh scenarios than
    allowed: half-way between the values on both sides of it. For a layer that has one."""
    values, nearest = found.values[layer], found.nearest[layer]
    seen = np.unique(np.concatenate([values, nearest, [0.0, 1.0]]))
    apart = _overruled(found, layer)
    best = 1.0, _quality(np.zeros(len(values), bool), found.is_duplicate, np.zeros(len(values), bool))
    for below, above in zip(seen[:-1], seen[1:], strict=True):
        threshold = float(below + above) / 2
        quality = _quality((values >= threshold) & ~apart, found.is_duplicate, nearest >= threshold)
        if quality.false_rejection <= max_false_rejection and (quality.f1 or 0) > (best[1].f1 or 0):
            best = threshold, quality
    return LayerScore(layer, round(best[0], 3), _auc(values, found.is_duplicate), best[1])


def _overruled(found: Compared, layer: LayerName) -> Flags:
    """Equal texts are refused whatever their words are."""
    return found.apart if layer in get_args(Graded) else np.zeros(len(found.apart), bool)


def _values(one: _Text, other: _Text, similarity: float | None) -> list[float]:
    found = measures(one.profile, other.profile, similarity)
    equal = [float(one.exact == other.exact), float(one.masked is not None and one.masked == other.masked)]
    return equal + [found.get(name, 0.0) for name in get_args(Graded)]


def _nearest(place: int, ours: Sequence[_Text], text: _Text, similar: Array | None) -> list[float]:
    """By each layer, of all `ours` but the one at `place`."""
    found = [0.0] * len(LAYERS)
    step = max(1, len(ours) ** 2 // MOST_COMPARED)
    pool = [other for other in range(place % step, len(ours), step) if _may_be_near(ours[other], text)]
    neighbours = () if similar is None else np.argsort(-similar)[: NEIGHBOURS + 1]
    for other in {*pool, *map(int, neighbours)} - {place}:
        values = _values(ours[other], text, None if similar is None else float(similar[other]))
        if contrast(ours[other].profile, text.profile) == "plain":
            values[2:] = [0.0] * (len(values) - 2)
        found = list(map(max, found, values))
    return found


def _may_be_near(one: _Text, other: _Text) -> bool:
    """Cheaper than to compare them, which is done for the nearest vectors anyway."""
    here, there = one.profile.distinct, other.profile.distinct
    return 2 * len(here & there) >= _LEAST_IN_COMMON * (len(here) + len(there))


def _similarities(pairs: Sequence[Pair], embedder: Embedder) -> Array:
    """Of each `a` (rows) and each `b` (columns), (cosine + 1) / 2."""
    ours, theirs = (
        encoded(embedder, texts) for texts in ([one.a for one in pairs], [one.b for one in pairs])
    )
    similar: Array = np.minimum(1, (ours @ theirs.T + 1) / 2).astype(np.float64)
    return similar


def _quality(refused: Flags, duplicate: Flags, fresh_refused: Flags) -> Quality:
    right = int((refused & duplicate).sum())
    precision = right / int(refused.sum()) if refused.any() else None
    recall = right / int(duplicate.sum()) if duplicate.any() else None
    both = int(refused.sum()) + int(duplicate.sum())
    return Quality(precision, recall, 2 * right / both if both else None, float(fresh_refused.mean()))


def _auc(values: Array, duplicate: Flags) -> float | None:
    """The chance that a duplicate has the higher value than a distinct pair; equal values count half."""
    high, low = values[duplicate], np.sort(values[~duplicate])
    if not len(high) or not len(low):
        return None
    below, not_above = np.searchsorted(low, high, "left"), np.searchsorted(low, high, "right")
    return float((below + not_above).mean() / (2 * len(low)))


def _among_neighbours(found: Compared, chosen: Flags) -> float | None:
    if found.rank is None or not chosen.any():
        return None
    return float((found.rank[chosen] < NEIGHBOURS).mean())


def _kinds(pairs: Sequence[Pair]) -> dict[str, Flags]:
    kinds = np.array([pair.kind for pair in pairs])
    return {str(kind): kinds == kind for kind in dict.fromkeys(kinds)}
