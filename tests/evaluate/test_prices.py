"""The table of prices that the user keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from funcdex.errors import ConfigError
from funcdex.evaluate.prices import cost_of, read_prices
from funcdex.settings.tree import Price

PRICES = {"a": Price(prompt=0.5, completion=2.0), "b": Price(prompt=1.0, completion=1.0)}


def test_tokens_times_prices() -> None:
    assert cost_of({"a": (1_000_000, 500_000)}, PRICES) == 0.5 + 1.0
    assert cost_of({"a": (10, 0), "b": (0, 10)}, PRICES) == (5 + 10) / 1e6
    assert cost_of({"a": (10, 0), "c": (0, 10)}, PRICES) is None, "half a sum is none"
    assert cost_of({}, PRICES) is None


def test_prices_are_read(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text('a: {prompt: 0.5, completion: 2}\n"m/b:1": {prompt: 0, completion: 1.5}\n', "utf-8")
    assert read_prices(path) == {"a": PRICES["a"], "m/b:1": Price(prompt=0, completion=1.5)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: {prompt: -1, completion: 2}", "a.prompt"),
        ("a: {prompt: 1}", "a.completion"),
        ("a: 3", "a in"),
        ("- a", "mapping"),
        ("a: {prompt: 1, completion: 2, currency: EUR}", "a.currency"),
        ("a: {", "line"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=told):
        read_prices(path)
    with pytest.raises(ConfigError, match="cannot read"):
        read_prices(tmp_path / "nowhere.yaml")
