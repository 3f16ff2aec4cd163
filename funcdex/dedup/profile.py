"""What comparisons of words keep of a text: its masked tokens as numbers of 32 bits, and no text."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from zlib import crc32

from funcdex.dedup.masking import SENTENCE_END, masked_tokens
from funcdex.dedup.wordforms import FUNCTION_WORDS

KINDS = ("url", "address", "channel", "quoted", "amount", "number", "date", "name")
LEAST_WORDS = 4
"""Of content, distinct, in a text that is compared by its words at all."""
MOST_TOKENS = 600
"""Kept of a text; scenarios have some fifty."""


@lru_cache(maxsize=16_384)
def code(token: str) -> int:
    """The number that stands for a token: the same on every machine."""
    return crc32(token.encode("utf-8", "surrogatepass"))


NO_CONTENT = frozenset(map(code, (*FUNCTION_WORDS, *(f"<{kind}>" for kind in KINDS), SENTENCE_END)))
"""Function words and kinds of particulars."""
_TO = code("to")


@dataclass(frozen=True)
class Profile:
    """The masked tokens of a text, as `code` has them, in order."""

    codes: array[int]

    @classmethod
    def of(cls, text: str, *, names: bool = True) -> Profile:
        """Of a text of any length; what comes after its first `MOST_TOKENS` is not seen. `names` as for
        `masked_tokens`."""
        return cls(array("I", map(code, masked_tokens(text, names=names)[:MOST_TOKENS])))

    @cached_property
    def distinct(self) -> frozenset[int]:
        """Every token once."""
        return frozenset(self.codes)

    @cached_property
    def words(self) -> frozenset[int]:
        """The words that carry content."""
        return self.distinct - NO_CONTENT

    @cached_property
    def infinitives(self) -> frozenset[int]:
        """The words behind `to` that carry content: mostly what somebody wants to do."""
        pairs = zip(self.codes, self.codes[1:], strict=False)
        return frozenset(word for to, word in pairs if to == _TO) - NO_CONTENT


@lru_cache(maxsize=2048)
def profile_of(text: str) -> Profile:
    """The profile of a text that several layers ask for one after the other."""
    return Profile.of(text)


class PackedProfiles:
    """A list of profiles that only grows: 4 bytes a token and 4 a profile."""

    def __init__(self) -> None:
        self._codes = array("I")
        self._ends = array("I", [0])

    def append(self, profile: Profile) -> None:
        """Adds one at the end."""
        self._codes.extend(profile.codes)
        self._ends.append(len(self._codes))

    def __getitem__(self, row: int) -> Profile:
        return Profile(self._codes[self._ends[row] : self._ends[row + 1]])

    def __len__(self) -> int:
        return len(self._ends) - 1


def overlap(one: Profile, other: Profile) -> float:
    """The share of content words that both have, in any order (Dice), in [0, 1]; 0 without any."""
    both = len(one.words) + len(other.words)
    return 2 * len(one.words & other.words) / both if both else 0.0


def rouge_l(one: Profile, other: Profile) -> float:
    """ROUGE-L (F1 of the longest common subsequence) of the masked tokens, in [0, 1]."""
    both = len(one.codes) + len(other.codes)
    return 2 * longest_common(one.codes, other.codes) / both if both else 0.0


def longest_common(one: Sequence[int], other: Sequence[int]) -> int:
    """The length of the longest common subsequence. A row of the table is the bits of one integer, so it
    takes one step for each token of `other`."""
    places: dict[int, int] = {}
    for place, token in enumerate(one):
        places[token] = places.get(token, 0) | 1 << place
    all_bits = (1 << len(one)) - 1
    row = all_bits
    for token in other:
        matched = row & places.get(token, 0)
        row = ((row + matched) | (row - matched)) & all_bits
    return len(one) - row.bit_count()
