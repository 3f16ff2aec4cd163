"""How long an engine takes for the masks of a text under a grammar: CPU milliseconds on one core."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from funcdex.errors import GrammarError
from funcdex.grammar_cost.engines import Engine, EngineName, Source, Walker
from funcdex.grammar_cost.places import PLACES, Place
from funcdex.grammar_cost.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Path:
    """The tokens to measure along and the place of each. Without tokens, allowed ones are drawn at random;
    `first_bytes`, the first byte of each word of the vocabulary, makes that a fair draw."""

    tokens: tuple[int, ...] = ()
    places: tuple[Place, ...] = ()
    first_bytes: bytes = b""
    seed: int = 0
    length: int = 4000


@dataclass(frozen=True, slots=True)
class Figures:
    """Times of masks, in milliseconds; means of the path's four quarters, and by place. `growth`: the last
    quarter as a multiple of the first, as if each place were as frequent in both."""

    count: int
    mean_ms: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    quarters_ms: tuple[float, ...]
    places_ms: dict[str, float]
    growth: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one engine did with one grammar. `warm_s` is for the next grammar, with the caches of the first.

    `note` says why there are fewer masks than tokens, or none: cut off, refused a token, cannot read it."""

    engine: EngineName
    first_s: float | None = None
    warm_s: float | None = None
    figures: Figures | None = None
    note: str = ""


def measure(
    engine: Engine, source: Source, following: Source, path: Path, *, limit_s: float, walks: int = 1
) -> Measurement:
    """Compiles the grammar, then the following one, then makes masks along the path for `limit_s` at most.

    Of several walks each mask counts with its quickest: the work is the same every time, and what else a
    machine does only adds to it. A walk that was cut off is not repeated."""
    try:
        start, first_s = engine.compile(source)
        warm_s = engine.compile(following)[1]
    except GrammarError as error:
        return Measurement(engine.name, note=error.what)
    ended = _Ended()
    times = [spent * 1e3 for spent in _timed(start(), path, limit_s, ended)]
    for _ in range(walks - 1 if not ended.note else 0):
        again = _timed(start(), path, limit_s, _Ended())
        times = [min(best, spent * 1e3) for best, spent in zip(times, again, strict=False)]
    return Measurement(engine.name, first_s, warm_s, _figures(times, path.places), ended.note)


def tokens_of(text: str, vocabulary: Vocabulary, tokenizer: object) -> tuple[tuple[int, ...], list[int]]:
    """The tokens of a text, and the length of each in bytes."""
    tokens = tuple(tokenizer.greedy_tokenize(text))  # type: ignore[attr-defined]
    return tokens, [len(vocabulary.words[token]) for token in tokens]


@dataclass(slots=True)
class _Ended:
    """Why a walk ended before the end of its path."""

    note: str = ""


def _timed(walker: Walker, path: Path, limit_s: float, ended: _Ended) -> Iterator[float]:
    rng = random.Random(path.seed)
    spent_s, total = 0.0, len(path.tokens) or path.length
    for n in range(total):
        begun = time.process_time()
        walker.fill()
        fill_s = time.process_time() - begun
        yield fill_s
        spent_s += fill_s
        token = path.tokens[n] if path.tokens else _drawn(walker, path.first_bytes, rng)
        if token is None:
            ended.note = f"nothing may follow after {n} tokens"
            return
        if path.first_bytes and token == len(path.first_bytes) - 1:
            ended.note = f"ended after {n + 1} tokens"
            return
        if not walker.accept(token):
            ended.note = f"refused token {n + 1} of {total}"
            return
        if spent_s > limit_s:
            ended.note = f"cut after {n + 1} of {total} tokens, {limit_s:g} s"
            return


def _drawn(walker: Walker, first_bytes: bytes, rng: random.Random) -> int | None:
    """An allowed token; first the byte it begins with is drawn, ASCII if there is any. Of all words few begin
    with a bracket or a quote, and a walk would hardly ever get out of its first text."""
    import numpy

    ids = walker.allowed()
    if not len(ids):
        return None
    begin = numpy.frombuffer(first_bytes, dtype=numpy.uint8)[ids]
    present = [int(byte) for byte in numpy.unique(begin)]
    # Zero is the byte of the token that ends the text: drawn only if nothing else may follow.
    byte = rng.choice([each for each in present if 0 < each < 128] or present)
    return int(rng.choice(ids[begin == byte]))


def _figures(times: Sequence[float], places: Sequence[Place]) -> Figures | None:
    if not times:
        return None
    import numpy

    ms = numpy.array(times)
    middle, late = numpy.percentile(ms, (50, 99))
    # No quarter is empty: of three tokens the first counts twice.
    quarter = max(1, len(ms) // 4)
    starts = [min(n * quarter, len(ms) - quarter) for n in range(3)] + [len(ms) - quarter]
    quarters = tuple(float(ms[start : start + quarter].mean()) for start in starts)
    ended = places[: len(times)]
    means = _by_place(times, ended)
    first, last = (_by_place(times[part], ended[part]) for part in (slice(quarter), slice(-quarter, None)))
    return Figures(
        len(ms), float(ms.mean()), float(middle), float(late), float(ms.max()), quarters, means,
        _growth(first, last, ended) or quarters[-1] / quarters[0],
    )  # fmt: skip


def _by_place(times: Sequence[float], places: Sequence[Place]) -> dict[str, float]:
    found: dict[str, float] = {}
    for place in PLACES:
        some = [spent for spent, at in zip(times, places, strict=False) if at == place]
        if some:
            found[place] = sum(some) / len(some)
    return found


def _growth(first: dict[str, float], last: dict[str, float], places: Sequence[Place]) -> float | None:
    """None if no place is in both."""
    shares = {place: places.count(place) for place in PLACES if place in first and place in last}
    before = sum(first[place] * share for place, share in shares.items())
    return sum(last[place] * share for place, share in shares.items()) / before if before else None
