"""Tokenizers of every form are read as the bytes of their words."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funcdex.errors import ConfigError
from funcdex.grammar_cost.engines import tokenizer_of
from funcdex.grammar_cost.measure import tokens_of
from funcdex.grammar_cost.vocabulary import read_vocabulary

WORDS = [b"a", b" the", b"\xc3", b"\xa9", b'",', b"\n"]


def written(folder: Path, form: str) -> Path:
    encoded = [base64.b64encode(word).decode() for word in WORDS]
    if form == "tiktoken":
        path, text = folder / "x.tiktoken", "\n".join(f"{word} {n}" for n, word in enumerate(encoded))
    elif form == "js":
        ranks = json.dumps({"bpe_ranks": f"! 0 {' '.join(encoded[:4])}\n! 4 {' '.join(encoded[4:])}\n"})
        path, text = folder / "x.js", f"export default {ranks};"
    else:
        vocab = {"a": 0, "\u0120the": 1, "\u00c3": 2, "\u00a9": 3, '",': 4, "\u010a": 5}
        path, text = folder / "tokenizer.json", json.dumps({"model": {"type": "BPE", "vocab": vocab}})
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("form", ["tiktoken", "js", "hf"])
def test_each_form_gives_the_same_words(tmp_path: Path, form: str) -> None:
    vocabulary = read_vocabulary(written(tmp_path, form))
    assert list(vocabulary.words[: len(WORDS)]) == WORDS
    assert {bytes([value]) for value in range(256)} <= set(vocabulary.words[: vocabulary.end])


def test_word_pieces_begin_with_a_space_unless_they_go_on(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    vocab = {"mail": 0, "##s": 1, "##": 2}
    model = {"type": "WordPiece", "continuing_subword_prefix": "##", "vocab": vocab}
    path.write_text(json.dumps({"model": model}), "utf-8")
    assert read_vocabulary(path).words[:3] == (b" mail", b"s", b" ##")


def test_the_packaged_vocabulary_says_that_it_is_small() -> None:
    vocabulary = read_vocabulary(None)
    assert len(vocabulary.words) > 30_000 and "30k words" in vocabulary.note


PACKAGED = read_vocabulary(None)
TOKENIZER = tokenizer_of(PACKAGED)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_the_tokens_of_a_text_are_its_bytes(text: str) -> None:
    tokens, lengths = tokens_of(text, PACKAGED, TOKENIZER)
    assert b"".join(PACKAGED.words[token] for token in tokens) == text.encode()
    assert sum(lengths) == len(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '{"model": {"type": "Unigram", "vocab": []}}',
        '{"model": {"type": "BPE", "vocab": {}}}',
        '{"model": {"type": "BPE", "vocab": {"a": 99999999999}}}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_tokenizer_is_refused(tmp_path: Path, text: str) -> None:
    for name in ("tokenizer.json", "x.js", "x.tiktoken"):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        with pytest.raises(ConfigError, match="cannot read a vocabulary"):
            read_vocabulary(path)
    with pytest.raises(ConfigError):
        read_vocabulary(tmp_path / "missing.json")
