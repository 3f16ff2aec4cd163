"""Tokens: an estimate without a tokenizer, exact with one, whatever the texts are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from funcdex.errors import ConfigError
from funcdex.stats.tokens import ESTIMATE, token_counter

TOOL = {"type": "function", "function": {"name": "send", "parameters": {"type": "object"}}}


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    """One token a word; its file asks for texts to be cut and filled up to four."""
    library = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    made = library.Tokenizer(library.models.WordLevel({"[UNK]": 0, "a": 1, "b": 2}, unk_token="[UNK]"))
    made.pre_tokenizer = library.pre_tokenizers.Whitespace()
    made.enable_truncation(4)
    made.enable_padding(length=4)
    made.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def test_without_a_tokenizer_it_is_called_an_estimate() -> None:
    counter = token_counter(None)
    assert counter.how == ESTIMATE and "estimate" in counter.how
    assert counter.count(["12345678", "1234"]) == 3
    assert counter.count_tools([TOOL]) == round(len(json.dumps(TOOL, separators=(",", ":"))) / 4)


def test_a_tokenizer_counts_all_of_a_text_and_nothing_else(tokenizer: Path) -> None:
    for name in (tokenizer, tokenizer / "tokenizer.json"):
        counter = token_counter(str(name))
        assert counter.count(["a b a b a b", "a", ""]) == 7
        assert counter.how == str(name)


def test_half_a_character_is_counted_too(tokenizer: Path) -> None:
    assert token_counter(str(tokenizer)).count(["a \ud800 b"]) == 3


def test_a_tool_is_counted_once_and_remembered(tokenizer: Path) -> None:
    counter = token_counter(str(tokenizer))
    assert counter.count_tools([TOOL, TOOL]) == 2 * counter.count_tools([TOOL]) > 0


@pytest.mark.parametrize("content", ["", "{}", "[" * 5000, '{"model": 1}'])
def test_a_file_that_is_no_tokenizer_is_refused_in_one_message(tmp_path: Path, content: str) -> None:
    pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    (tmp_path / "t.json").write_text(content, "utf-8")
    with pytest.raises(ConfigError, match="cannot read the tokenizer"):
        token_counter(str(tmp_path / "t.json"))


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"funcdex\[tokens\]"):
        token_counter("x")


def test_the_library_is_loaded_only_for_a_tokenizer() -> None:
    told = (
        "import sys; from funcdex.stats.tokens import token_counter; token_counter(None); "
        "print('tokenizers' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
