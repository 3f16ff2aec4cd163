"""The layers of the duplicate guard on labelled pairs, and what they cost.

    python bench/dedup_layers.py [PAIRS.jsonl] [--scenarios 10000] [--no-embedding] [--record]

Pairs of a file are also told by halves, even and odd ones of each kind, so that rules can be found on one and
reported on the other. Fresh scenarios are made up from templates (likeness/made.py), several seeds; without
a file the pairs are such ones too, which show that nothing is broken, not how well paraphrases are found. The
cost is CPU beside the sentence model, for a scenario that arrives in a group of so many, 16 at once.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path

import numpy as np
from likeness.made import made_pairs
from record import record, record_option, verdict
from scale.vectors import synthetic

from funcdex.dedup.exact import ExactLayer
from funcdex.dedup.index import FloatArray
from funcdex.dedup.likeness import LikenessLayer
from funcdex.dedup.masked import masked_layer
from funcdex.dedup.meaning import MeaningFinder
from funcdex.dedup.model_process import ModelProcess
from funcdex.dedup.pairs import Pair, read_pairs
from funcdex.dedup.protocol import Duplicate, Layer
from funcdex.dedup.rules import Thresholds
from funcdex.dedup.scoring import LAYERS, Score, compared, score
from funcdex.dedup.wording import WordingFinder
from funcdex.sim.lexicon import ADJECTIVES, NOUNS, VERBS

AT_ONCE = 16
ASKED = 512
MADE = 280
SEEDS = 5


class Drawn:
    """Vectors that lie like those of scenarios, and cost next to nothing."""

    def __init__(self, count: int) -> None:
        self._vectors = synthetic()(count)
        self._next = 0

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """The next ones."""
        rows = (np.arange(len(texts)) + self._next) % len(self._vectors)
        self._next += len(texts)
        vectors: FloatArray = self._vectors[rows]
        return vectors


def cost_ms(count: int) -> tuple[float, float]:
    """CPU for one scenario more in a group of so many, in ms, and the share of those refused."""
    texts = _all_new(count + ASKED)
    layers: list[Layer] = [
        ExactLayer(),
        masked_layer(),
        LikenessLayer([WordingFinder(), MeaningFinder(Drawn(count + ASKED))], Thresholds()),
    ]
    for layer in layers:
        layer.insert("gmail", texts[:count])
    refused = 0
    began_s = time.process_time()
    for at in range(count, count + ASKED, AT_ONCE):
        items = [("gmail", text) for text in texts[at : at + AT_ONCE]]
        for layer in layers:
            verdicts = layer.admit(items)
            refused += sum(isinstance(one, Duplicate) for one in verdicts)
            items = [item for item, one in zip(items, verdicts, strict=True) if one is None]
            if not items:
                break
    return 1000 * (time.process_time() - began_s) / ASKED, refused / ASKED


def _all_new(count: int) -> list[str]:
    """Texts as long as scenarios that share words by chance only."""
    dice = random.Random(1)
    words = [*NOUNS, *ADJECTIVES, *(one for pair in VERBS for one in pair)]
    return [
        f"Ada has to {' '.join(dice.choices(words, k=26))} for all of them by Monday." for _ in range(count)
    ]


def shown(found: Score) -> None:
    """The tables."""
    print(f"{'layer':12} threshold   AUC  precision recall   F1   false rejection")
    for each in found.layers:
        quality = each.quality
        print(
            f"{each.layer:12} {each.threshold:9.3f} {each.auc or 0:5.3f} {quality.precision or 0:9.3f} "
            f"{quality.recall or 0:7.3f} {quality.f1 or 0:5.3f} {quality.false_rejection:10.4f}"
        )
    all_of = found.together
    print(
        f"{'together':29} {all_of.precision or 0:8.3f} {all_of.recall or 0:7.3f} {all_of.f1 or 0:5.3f} "
        f"{all_of.false_rejection:10.4f}\n"
    )
    print(
        f"{'kind':24} {'pairs':>5} refused " + " ".join(f"{layer:>9}" for layer in LAYERS) + "  apart  at 5"
    )
    for kind in found.kinds:
        by = " ".join(f"{kind.by[layer]:9}" for layer in LAYERS)
        at_5 = "" if kind.candidates_at_5 is None else f"{kind.candidates_at_5:6.3f}"
        print(f"{kind.kind:24} {kind.pairs:5} {kind.refused:7.3f} {by} {kind.apart:6} {at_5}")
    print()


def scored(pairs: Sequence[Pair], model: ModelProcess | None) -> Score:
    """The score with the default thresholds."""
    return score(compared(pairs, model), Thresholds())


def halves(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Even and odd ones of each kind."""
    count: Counter[str] = Counter()
    parts: tuple[list[Pair], list[Pair]] = [], []
    for pair in pairs:
        parts[count[pair.kind] % 2].append(pair)
        count[pair.kind] += 1
    return parts


def f1_by_kind(found: Score) -> dict[str, float]:
    """Of each kind of duplicates against all pairs that are none."""
    wrong = sum(round(kind.refused * kind.pairs) for kind in found.kinds if kind.label == "distinct")
    return {
        kind.kind: round(2 * kind.refused * kind.pairs / (kind.refused * kind.pairs + wrong + kind.pairs), 3)
        for kind in found.kinds
        if kind.label == "duplicate"
    }


def in_brief(name: str, found: Score) -> None:
    """A line of a half."""
    together = found.together
    print(f"{name}: F1 {together.f1 or 0:.3f}, false rejection {together.false_rejection:.4f}, by kind (F1):")
    print(f"  {f1_by_kind(found)}")


def false_rejections(model: ModelProcess | None) -> dict[int, float]:
    """Of made-up scenarios, by seed."""
    return {seed: scored(made_pairs(MADE, seed), model).together.false_rejection for seed in range(SEEDS)}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pairs", nargs="?", type=Path, help="labelled pairs, JSON Lines")
    parser.add_argument("--scenarios", type=int, default=10_000, help="in the group that is asked")
    parser.add_argument("--no-embedding", action="store_true", help="without the sentence model")
    record_option(parser)
    chosen = parser.parse_args()
    pairs = read_pairs(chosen.pairs) if chosen.pairs else made_pairs(MADE)
    with ExitStack() as closing_it:
        model = None
        if not chosen.no_embedding:
            model = closing_it.enter_context(closing(ModelProcess("minilm", "cpu")))
        found = scored(pairs, model)
        parts = {name: scored(half, model) for name, half in zip(("even", "odd"), halves(pairs), strict=True)}
        fresh = false_rejections(model)
    shown(found)
    for name, part in parts.items():
        in_brief(f"{name} half", part)
    print(f"false rejection of {MADE} made-up scenarios, by seed: {fresh}")
    each_ms, refused = cost_ms(chosen.scenarios)
    recall = {kind.kind: kind.refused for kind in found.kinds}
    print(verdict("false rejection", found.together.false_rejection, 0.01))
    fresh_mean = sum(fresh.values()) / len(fresh)
    print(verdict(f"false rejection, {SEEDS} x {MADE} made-up", fresh_mean, 0.01))
    for kind in ("entity_swap", "reorder"):
        print(verdict(f"recall of {kind}", recall.get(kind, 0.0), 0.95, at_least=True))
    if found.candidates_at_5 is not None:
        print(verdict("candidates at 5", found.candidates_at_5, 0.97, at_least=True))
    print(verdict(f"CPU a scenario at {chosen.scenarios:,}, ms", each_ms, 2.0))
    print(f"{refused:.1%} of these scenarios were refused")
    if chosen.record:
        figures = asdict(found) | {"scenarios": chosen.scenarios, "cpu_ms": round(each_ms, 3)}
        figures |= {"f1_by_kind": f1_by_kind(found), "false_rejection_made_up": fresh}
        figures["halves"] = {
            name: asdict(part.together) | {"f1_by_kind": f1_by_kind(part)} for name, part in parts.items()
        }
        record("dedup_layers", figures, versions=("numpy", "faiss-cpu", "sentence-transformers"))


if __name__ == "__main__":
    main()
