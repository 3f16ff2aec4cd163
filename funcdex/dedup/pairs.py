"""Labelled pairs of scenarios, from a file of JSON Lines.

    {"a": "...", "b": "...", "label": "duplicate", "kind": "reorder"}

`label` is `duplicate` or `distinct`. `kind`, by which results are told apart, and `id` may be missing; other
keys mean nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from funcdex.errors import ConfigError
from funcdex.ordinary_file import read_ordinary

MOST_BYTES = 100_000_000
MOST_PAIRS = 20_000
LABELS = ("duplicate", "distinct")
_FORM = 'A line is {"a": TEXT, "b": TEXT, "label": "duplicate" or "distinct", "kind": NAME}.'


@dataclass(frozen=True, slots=True)
class Pair:
    """Two scenarios, and whether one repeats the other."""

    a: str
    b: str
    is_duplicate: bool
    kind: str
    id: str


def read_pairs(path: Path) -> tuple[Pair, ...]:
    """All pairs of a file. Raises ConfigError with the number of the first line that is none."""
    try:
        lines = read_ordinary(path, MOST_BYTES).splitlines()
    except OSError as error:
        raise ConfigError(
            f"cannot read it: {error.strerror or error}", where=str(path), fix="Name a file of pairs."
        ) from error
    pairs = tuple(_pair(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip())
    if not pairs or len(pairs) > MOST_PAIRS:
        raise ConfigError(
            f"it holds {len(pairs)} pairs", where=str(path), fix=f"Give 1 to {MOST_PAIRS}. {_FORM}"
        )
    return pairs


def _pair(line: bytes, where: str) -> Pair:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"no JSON: {error}", where=where, fix=_FORM) from error
    if not isinstance(value, dict):
        raise ConfigError("not a JSON object", where=where, fix=_FORM)
    if value.get("label") not in LABELS:
        raise ConfigError("`label` is neither `duplicate` nor `distinct`", where=where, fix=_FORM)
    return Pair(
        a=_text(value, "a", where),
        b=_text(value, "b", where),
        is_duplicate=value["label"] == "duplicate",
        kind=_text(value, "kind", where) if "kind" in value else value["label"],
        id=str(value.get("id", where.rpartition(":")[2])),
    )


def _text(value: Mapping[str, Any], key: str, where: str) -> str:
    text = value.get(key)
    if not isinstance(text, str) or not text.strip():
        raise ConfigError(f"`{key}` is no text", where=where, fix=_FORM)
    return text
