"""What an evaluation cost, from a table of prices that the user keeps.

gpt-oss-120b: {prompt: 0.15, completion: 0.6}   # per million tokens, in a currency of your own
"Qwen3-1.7B": {prompt: 0.01, completion: 0.03}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from funcdex.errors import ConfigError
from funcdex.ordinary_file import read_ordinary
from funcdex.settings.tree import Price
from funcdex.yaml_text import parse_yaml

MOST_BYTES = 1_000_000
_MOST_VALUES = 50_000
_FIX = "A line is `MODEL: {prompt: 0.15, completion: 0.6}`, prices per million tokens."


def read_prices(path: Path) -> dict[str, Price]:
    """Model -> price. Raises ConfigError."""
    try:
        text = read_ordinary(path, MOST_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"cannot read it: {error.strerror}", where=str(path), fix=_FIX) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"byte {error.start} is not UTF-8", where=str(path), fix=_FIX) from None
    data = parse_yaml(text, str(path), ConfigError, _MOST_VALUES)
    if not isinstance(data, dict):
        raise ConfigError("prices are a mapping of models to prices", where=str(path), fix=_FIX)
    return {str(model): _price(model, told, path) for model, told in data.items()}


def _price(model: str, told: object, path: Path) -> Price:
    try:
        return Price.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in (model, *first["loc"]))
        raise ConfigError(first["msg"], where=f"{key} in {path}", fix=_FIX) from None


def cost_of(tokens: Mapping[str, tuple[int, int]], prices: Mapping[str, Price]) -> float | None:
    """Prompt tokens x their price + completion tokens x theirs; None unless every model has a price."""
    if not tokens or not tokens.keys() <= prices.keys():
        return None
    return sum(
        prompt * prices[model].prompt + completion * prices[model].completion
        for model, (prompt, completion) in tokens.items()
    ) / 1e6  # fmt: skip
