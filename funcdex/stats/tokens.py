"""How many tokens texts are: counted with a tokenizer that the user names, else estimated by their length.

`tokenizers` is imported only for a tokenizer: `pip install 'funcdex[tokens]'`.
"""

from __future__ import annotations

import importlib.util
import os
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from funcdex.errors import ConfigError
from funcdex.stats.told import as_text
from funcdex.types.conversation import JsonValue

CHARACTERS_A_TOKEN = 4
ESTIMATE = f"an estimate: {CHARACTERS_A_TOKEN} characters are a token"
_MOST_TOOLS_KEPT = 20_000
"""Definitions whose tokens are remembered: data sets show the same tools again and again."""


class TokenCounter(Protocol):
    """Counts tokens. `how` says by what, for people."""

    how: str

    def count(self, texts: Sequence[str]) -> int:
        """Tokens of the texts, each by itself, without those that a chat template adds."""

    def count_tools(self, tools: Sequence[JsonValue]) -> int:
        """Tokens of the definitions as JSON."""


class Estimate:
    """By the length of texts."""

    how = ESTIMATE

    def count(self, texts: Sequence[str]) -> int:
        """See `TokenCounter.count`."""
        return round(sum(map(len, texts)) / CHARACTERS_A_TOKEN)

    def count_tools(self, tools: Sequence[JsonValue]) -> int:
        """See `TokenCounter.count_tools`."""
        return self.count([as_text(tool) for tool in tools])


class Tokenized:
    """By a tokenizer: a `tokenizer.json`, a folder that has one, or the name of a model on the Hub."""

    def __init__(self, name: str) -> None:
        self._tokenizer = _tokenizer(name)
        # As a model's file may ask for, and both would be counted.
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.how = name
        self._tools: OrderedDict[str, int] = OrderedDict()

    def count(self, texts: Sequence[str]) -> int:
        """See `TokenCounter.count`."""
        try:
            found = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        except (TypeError, UnicodeEncodeError):  # A lone surrogate, which is in no vocabulary.
            whole = [text.encode("utf-8", "replace").decode() for text in texts]
            found = self._tokenizer.encode_batch_fast(whole, add_special_tokens=False)
        return sum(len(one) for one in found)

    def count_tools(self, tools: Sequence[JsonValue]) -> int:
        """See `TokenCounter.count_tools`."""
        return sum(self._count_tool(as_text(tool)) for tool in tools)

    def _count_tool(self, text: str) -> int:
        if (known := self._tools.get(text)) is None:
            known = self._tools[text] = self.count([text])
            if len(self._tools) > _MOST_TOOLS_KEPT:
                self._tools.popitem(last=False)
        return known


def token_counter(name: str | None) -> TokenCounter:
    """By the tokenizer of this name or path; estimated without one. Raises ConfigError."""
    return Estimate() if name is None else Tokenized(name)


def _tokenizer(name: str) -> Any:
    if importlib.util.find_spec("tokenizers") is None:
        raise ConfigError(
            "counting tokens needs the package tokenizers, which is not installed",
            where="--tokenizer",
            fix="Run: pip install 'funcdex[tokens]', or leave it out for an estimate.",
        )
    from tokenizers import Tokenizer

    path = Path(name, "tokenizer.json") if os.path.isdir(name) else Path(name)
    try:
        return Tokenizer.from_file(str(path)) if os.path.isfile(path) else Tokenizer.from_pretrained(name)
    except Exception as error:  # The library raises nothing narrower.
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(
            f"cannot read the tokenizer: {first[:200]}",
            where=f"--tokenizer {name}",
            fix="Name a tokenizer.json, a folder with one, or a model of the Hub that can be reached.",
        ) from error
