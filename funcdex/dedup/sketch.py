"""What is kept of a finished conversation to find another one like it: some 300 bytes, and no text."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from funcdex.dedup.exact import digest
from funcdex.dedup.minhash import HashArray, signature
from funcdex.dedup.profile import Profile
from funcdex.dml.parser import parse
from funcdex.errors import MarkupError
from funcdex.types.conversation import Conversation, JsonValue, ToolCall

SAID_BYTES = 16
LEAST_WORDS = 8
"""Of content, distinct, from which on equal words of a user are no chance."""
_NOUNS_WITH_CAPITALS = frozenset(("de", "gsw", "lb"))
MOST_LEVELS = 8
"""Of arguments inside arguments that are told apart."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is kept: digests of all the user says (None if that is next to nothing) and of the calls, and the
    MinHash of the user's words."""

    said: bytes | None
    calls: int
    words: HashArray


def capitals_are_names(language: str) -> bool:
    """Whether a capital makes a word a name in a language (`en`, `pt-BR`)."""
    return language.lower().partition("-")[0] not in _NOUNS_WITH_CAPITALS


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
    """SAID_BYTES that stand for all tokens of a profile, in order."""
    return blake2b(profile.codes.tobytes(), digest_size=SAID_BYTES).digest()


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
