"""Makes the tiny model with a vocabulary of real size, as a Hugging Face folder and as a GGUF file.

    PYTHONPATH=tests .live/vllm/bin/python -m live.wide_model WORDS.json FOLDER

The cost of a grammar grows with the vocabulary: 4,096 words hide it, o200k's 200,000 show it. WORDS.json
lists the words by rank, each in base64. The habits are those of tiny_models, so texts, strings and objects
end by themselves here too; the hidden size is 32, which gives 51 MB each.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from live import tiny_models

HIDDEN = 32


def main(words: Path, folder: Path) -> None:
    tokenizer = tokenizer_of([base64.b64decode(word) for word in json.loads(words.read_text())])
    tiny_models.VOCABULARY, tiny_models.HIDDEN = tokenizer.get_vocab_size(), HIDDEN
    folder.mkdir(parents=True, exist_ok=True)
    model = tiny_models.build_model(tokenizer)
    tiny_models.save_hf(model, tokenizer, folder / "wide")
    tiny_models.save_gguf(model, tokenizer, folder / "wide.gguf")


def tokenizer_of(words: list[bytes]) -> Any:
    """A byte-level BPE with these words in this order, and the chat markers after them."""
    ranks = {word: rank for rank, word in enumerate(words)}
    letters = byte_letters()
    vocabulary = {spelled(word, letters): rank for word, rank in ranks.items()}
    merges = [(spelled(left, letters), spelled(right, letters)) for left, right in merges_of(ranks)]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(word, special=True) for word in tiny_models.SPECIAL])
    return tokenizer


def merges_of(ranks: Mapping[bytes, int]) -> Iterator[tuple[bytes, bytes]]:
    """The two parts that each word of several bytes was made of, by rank."""
    for word, rank in ranks.items():
        if len(word) > 1:
            parts = parts_below(word, rank, ranks)
            if len(parts) == 2:
                yield parts[0], parts[1]


def parts_below(word: bytes, rank: int, ranks: Mapping[bytes, int]) -> list[bytes]:
    """The word as byte-pair encoding leaves it when only the merges before its own are known."""
    parts = [word[n : n + 1] for n in range(len(word))]
    while len(parts) > 2:
        found = [(ranks.get(left + right, rank), n) for n, (left, right) in enumerate(pairwise(parts))]
        lowest, at = min(found)
        if lowest >= rank:
            break
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return parts


def byte_letters() -> dict[int, str]:
    """How a byte-level vocabulary spells each byte: what prints as itself, the rest from U+0100 on."""
    printing = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [value for value in range(256) if value not in printing]
    return {value: chr(value) for value in printing} | {value: chr(256 + n) for n, value in enumerate(others)}


def spelled(word: bytes, letters: Mapping[int, str]) -> str:
    return "".join(letters[value] for value in word)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
