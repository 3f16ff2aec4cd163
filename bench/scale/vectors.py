"""Vectors that lie like those of real scenarios, as many as are wanted, and questions whose answer is known.

`synthetic`: topics in a space of 96 dimensions of decreasing weight, plus noise in all 384, tuned to the
cosines between real scenarios. `real_vectors`: what the packaged model makes of generated scenarios; `moved`:
each of them moved by the difference of two others.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import numpy as np
import numpy.typing as npt

from funcdex.dedup.index import FloatArray
from funcdex.dedup.model_process import ModelProcess

DIMENSION = 384
NEAR = (0.86, 0.89, 0.91, 0.95)
BATCH = 64
AnyArray = npt.NDArray[np.floating[Any]]
Source = Callable[[int], FloatArray]

WHO = (
    "dentist,school secretary,freelance translator,festival organiser,brewery owner,hospital nurse,"
    "estate agent,youth football coach,museum curator,bakery manager,lab technician,tax adviser,librarian"
)
WHAT = (
    "moves all appointments of a sick colleague,collects unpaid invoices of the last quarter,"
    "shares the minutes of a meeting,plans a trip for nine people,answers complaints about late deliveries,"
    "prepares the documents of an audit,sorts photographs of an exhibition,announces a price change,"
    "orders spare parts from two suppliers,cleans up duplicate contacts,hands a project over to a successor"
)
WHY = (
    "because the deadline was moved to Friday,before the new director starts,after a storm closed the office,"
    "since the old system is switched off,as an inspector asked for it,ahead of the summer holidays,"
    "after an intern deleted a folder,since the budget was cut by a third"
)
BUT = (
    "Only messages with attachments count.,Amounts above 500 euros need a second signature.,"
    "Half of the names are spelt in two ways.,Some dates lie on public holidays.,A summary goes to us.,"
    "Nothing may be sent before noon.,The French office needs a copy.,Old versions are kept for a year."
)


def sentences(count: int) -> list[str]:
    """Scenarios put together from parts; all different."""
    dice, made = random.Random(0), dict[str, None]()
    who, what, why, but = (parts.split(",") for parts in (WHO, WHAT, WHY, BUT))
    while len(made) < count:
        ends = " ".join(dice.sample(but, 2))
        made[f"A {dice.choice(who)} {dice.choice(what)} {dice.choice(why)}. {ends}"] = None
    return list(made)


def synthetic(seed: int = 1) -> Source:
    """See the top of the file. Sources of all seeds draw from the same topics."""
    shape, draws = np.random.default_rng(0), np.random.default_rng(seed)
    inner, topics = 96, 400
    weights = np.arange(1, inner + 1) ** -0.4
    axes = np.linalg.qr(shape.normal(size=(DIMENSION, inner + 1)))[0].T.astype(np.float32)
    spread = axes[1:] * (weights / np.linalg.norm(weights)).astype(np.float32)[:, None]
    centres = 0.65 * shape.standard_normal((topics, inner), dtype=np.float32)

    def draw(count: int) -> FloatArray:
        place = centres[draws.integers(topics, size=count)]
        place += 0.38 * draws.standard_normal((count, inner), dtype=np.float32)
        noise = draws.standard_normal((count, DIMENSION), dtype=np.float32)
        return stored(place @ spread + np.float32(0.55) * axes[0] + np.float32(0.33 / DIMENSION**0.5) * noise)

    return draw


def moved(real: FloatArray, seed: int = 0) -> Source:
    """See the top of the file."""
    draws = np.random.default_rng(seed)

    def draw(count: int) -> FloatArray:
        one, plus, minus = draws.integers(len(real), size=(3, count))
        return stored(real[one] + 0.45 * (real[plus] - real[minus]))

    return draw


def near(bases: FloatArray, others: FloatArray, seed: int) -> FloatArray:
    """A vector at the cosines of NEAR to each base: half towards the other, half anywhere."""
    base = unit(bases)
    anywhere = np.random.default_rng(seed).standard_normal(base.shape, dtype=np.float32)
    aside = across(others, base) + across(anywhere, base)
    cosine = np.resize(np.array(NEAR, np.float32), len(base))[:, None]
    return stored(cosine * base + np.sqrt(1 - cosine**2) * unit(aside))


def across(vectors: FloatArray, base: FloatArray) -> FloatArray:
    """The direction of each that is at right angles to its base."""
    return unit(vectors - (vectors * base).sum(1, keepdims=True) * base)


def unit(vectors: AnyArray) -> FloatArray:
    """Rows of norm 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: FloatArray = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled


def stored(vectors: AnyArray) -> FloatArray:
    """As the guard has them: norm 1, rounded to float16."""
    return unit(vectors).astype(np.float16).astype(np.float32)


def real_vectors(count: int) -> FloatArray:
    """What the packaged model makes of generated scenarios; prints how long that takes."""
    texts = sentences(count)
    with closing(ModelProcess("minilm", "cpu")) as model:
        began_s = time.perf_counter()
        model.encode(texts[:1])
        loaded_s = time.perf_counter() - began_s
        vectors = np.concatenate([model.encode(texts[at : at + BATCH]) for at in range(0, count, BATCH)])
        each_ms = 1000 * (time.perf_counter() - began_s - loaded_s) / count
    print(
        f"the sentence model loads in {loaded_s:.1f} s and takes {each_ms:.1f} ms a scenario, {BATCH} at once"
    )
    return vectors
