"""Refuses a finished conversation that goes like an earlier one of the same toolkits.

Scenarios that differ may still end in the same talk. Two conversations are one if the user says the same but
for particulars, or if the same tools are called in the same order with arguments of the same shape, and the
user's words are much the same. Of a conversation some 400 bytes are kept, and no text.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from funcdex.dedup.exact import digest
from funcdex.dedup.minhash import BandedSets, HashArray, signature
from funcdex.dedup.profile import Profile
from funcdex.dedup.protocol import Duplicate, Verdict
from funcdex.dml.parser import parse
from funcdex.errors import MarkupError
from funcdex.types.conversation import Conversation, JsonValue, ToolCall

CANDIDATES = 16
"""Earlier conversations looked at."""
LEAST_WORDS = 8
"""Of content, distinct, from which on equal words of a user are no chance."""
MOST_LEVELS = 8
"""Of arguments inside arguments that are told apart."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is kept: digests of all the user says (None if that is next to nothing) and of the calls, and the
    MinHash of the user's words."""

    said: bytes | None
    calls: int
    words: HashArray


NOUNS_WITH_CAPITALS = frozenset(("de", "gsw", "lb"))
"""Languages in which a capital makes no name."""


def sketch_of(text: str, *, names: bool = True) -> Sketch | None:
    """Of a conversation in markup; None if it is none. `names` as for `masked_tokens`."""
    try:
        conversation = parse(text)
    except MarkupError:
        return None
    profile = Profile.of("\n".join(turn.user for turn in conversation.turns), names=names)
    said = digest_of(profile) if len(profile.words) >= LEAST_WORDS else None
    return Sketch(said, calls_of(conversation), signature(profile.words))


def digest_of(profile: Profile) -> bytes:
    """16 bytes that stand for all tokens of a profile, in order."""
    return blake2b(profile.codes.tobytes(), digest_size=16).digest()


def calls_of(conversation: Conversation) -> int:
    """64 bits that stand for the names and argument shapes of all calls, in order."""
    return int.from_bytes(digest("\n".join(map(call_shape, conversation.calls)))[:8])


def call_shape(call: ToolCall) -> str:
    """`SEND{"to":s,"copies":[n]}`, keys sorted; no value is in it."""
    return call.name + _shape(call.arguments, MOST_LEVELS)


def _shape(value: JsonValue, levels: int) -> str:
    if isinstance(value, bool):
        return "b"
    if isinstance(value, int | float):
        return "n"
    if isinstance(value, str):
        return "s"
    if value is None:
        return "0"
    if not levels:
        return "..."
    if isinstance(value, list):
        return f"[{'|'.join(sorted({_shape(one, levels - 1) for one in value}))}]"
    return f"{{{','.join(f'{key!r}:{_shape(value[key], levels - 1)}' for key in sorted(value))}}}"


class ConversationLayer:
    """`threshold` is on the share of the user's content words that two conversations with the same calls have
    in common (Jaccard, estimated); `language` is what the user speaks, as `en` or `pt-BR`."""

    def __init__(self, threshold: float, language: str = "en") -> None:
        self._threshold = threshold
        self._names = language.lower().partition("-")[0] not in NOUNS_WITH_CAPITALS
        self._said: defaultdict[str, set[bytes]] = defaultdict(set)
        self._calls: defaultdict[str, array[int]] = defaultdict(lambda: array("Q"))
        self._words: defaultdict[str, BandedSets] = defaultdict(BandedSets)

    def insert(self, group: str, texts: Iterable[str]) -> None:
        """See `Layer.insert`."""
        for text in texts:
            if sketch := sketch_of(text, names=self._names):
                self._add(group, sketch)

    def admit(self, items: Sequence[tuple[str, str]]) -> list[Verdict]:
        """See `Layer.admit`."""
        return [self._admit_one(group, sketch_of(text, names=self._names)) for group, text in items]

    def upkeep(self) -> bool:
        """See `Layer.upkeep`."""
        return False

    def _admit_one(self, group: str, sketch: Sketch | None) -> Verdict:
        if sketch is None:
            return None
        if sketch.said in self._said[group]:
            return Duplicate("user_turns", 1.0, "an earlier conversation")
        for row, likeness in self._words[group].like(sketch.words, CANDIDATES):
            if self._calls[group][row] == sketch.calls and likeness >= self._threshold:
                return Duplicate("calls_and_words", likeness, "an earlier conversation")
        self._add(group, sketch)
        return None

    def _add(self, group: str, sketch: Sketch) -> None:
        if sketch.said is not None:
            self._said[group].add(sketch.said)
        self._calls[group].append(sketch.calls)
        self._words[group].add(sketch.words)
