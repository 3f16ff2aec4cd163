"""Which of very many sets of words are like one, without looking at most of them: MinHash with bands.

Two sets that share a part s of their words (Jaccard) agree in a band of ROWS hashes with probability s **
ROWS, and are found if they agree in any band. With 24 bands of 3 hashes that is 0.96 at s = 0.5, 0.86 at 0.43
(an overlap of 0.6), 0.003 at 0.05.

Not the package datasketch: it keeps a Python object and a dictionary entry for each band of each text, some 4
KB a text, and brings scipy; here it is 12 to 24 bytes for each band, in three arrays.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection

import numpy as np
import numpy.typing as npt

BANDS = 24
ROWS = 3
MOST_OF_A_BUCKET = 32
"""Latest texts of one bucket that are looked at: a phrase that all share must not make a search linear."""
_NONE = 2**32 - 1
_FIRST_SLOTS = 1024

HashArray = npt.NDArray[np.uint32]

_dice = np.random.default_rng(20_240_229)
_FACTORS = _dice.integers(0, 2**63, size=(BANDS * ROWS, 1), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_SHIFTS = _dice.integers(0, 2**63, size=(BANDS * ROWS, 1), dtype=np.uint64)
_MIX = _dice.integers(0, 2**63, size=(1, ROWS), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_PLACES = _dice.integers(0, 2**63, size=BANDS, dtype=np.uint64)
_SCRAMBLE = np.uint64(0x9E3779B97F4A7C15)


def signature(words: Collection[int]) -> HashArray:
    """The least hash of the words (numbers of 32 bits) under each of BANDS * ROWS hash functions."""
    if not words:
        return np.full(BANDS * ROWS, _NONE, np.uint32)
    # Multiply-shift on 64 bits: the upper half of each product is the hash.
    hashes = np.fromiter(words, np.uint64, len(words)) * _FACTORS + _SHIFTS
    least: HashArray = (hashes >> np.uint64(32)).min(axis=1).astype(np.uint32)
    return least


class BandedSets:
    """Sets in the order they were added, found by what they share. It only grows.

    A hash table with chains in three flat arrays: of each slot the latest entry, of each entry its key and
    the entry before in its slot. Entry `row * BANDS + band` belongs to set `row`.
    """

    def __init__(self) -> None:
        self._latest = array("I", [_NONE]) * _FIRST_SLOTS
        self._before = array("I")
        self._keys = array("I")

    def __len__(self) -> int:
        return len(self._keys) // BANDS

    def add(self, hashes: HashArray) -> None:
        """Adds the set with this signature."""
        mask = len(self._latest) - 1
        for key in _keys_of(hashes):
            self._before.append(self._latest[key & mask])
            self._latest[key & mask] = len(self._keys)
            self._keys.append(key)
        if len(self._keys) > len(self._latest):
            self._grow()

    def like(self, hashes: HashArray, most: int) -> list[tuple[int, float]]:
        """Up to `most` sets that agree with this one in a band, with an estimate of their Jaccard similarity,
        the most similar first."""
        mask = len(self._latest) - 1
        found: Counter[int] = Counter()
        for key in _keys_of(hashes):
            entry = self._latest[key & mask]
            for _ in range(MOST_OF_A_BUCKET):
                if entry == _NONE:
                    break
                if self._keys[entry] == key:
                    found[entry // BANDS] += 1
                entry = self._before[entry]
        return [(row, (agreeing / BANDS) ** (1 / ROWS)) for row, agreeing in found.most_common(most)]

    def _grow(self) -> None:
        """Four times the slots, every chain made anew."""
        slots = 4 * len(self._latest)
        slot_of = np.frombuffer(self._keys, np.uint32) & np.uint32(slots - 1)
        order = np.argsort(slot_of, kind="stable").astype(np.uint32)
        in_order = slot_of[order]
        begins = np.append(True, in_order[1:] != in_order[:-1])
        before = np.full(len(order), _NONE, np.uint32)
        before[order[1:]] = np.where(begins[1:], np.uint32(_NONE), order[:-1])
        latest = np.full(slots, _NONE, np.uint32)
        ends = np.append(begins[1:], True)
        latest[in_order[ends]] = order[ends]
        self._before, self._latest = array("I", before.tobytes()), array("I", latest.tobytes())


def _keys_of(hashes: HashArray) -> list[int]:
    """One number of 32 bits for each band of a signature; equal bands of different places differ."""
    mixed = (hashes.reshape(BANDS, ROWS).astype(np.uint64) * _MIX).sum(axis=1, dtype=np.uint64) + _PLACES
    keys: list[int] = ((mixed * _SCRAMBLE) >> np.uint64(32)).tolist()
    return keys
