"""A file's text as parsed JSON, from JSON or YAML, with limits on what a file may do to this process."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

from funcdex.errors import ToolDefinitionError
from funcdex.ordinary_file import read_ordinary
from funcdex.yaml_text import LARGEST_EXPANSION, parse_yaml

LARGEST_BYTES = 64 * 1024 * 1024
YAML_SUFFIXES = (".yaml", ".yml")
SUFFIXES = (".json", *YAML_SUFFIXES)


def load_document(
    path: Path, most_bytes: int = LARGEST_BYTES, most_yaml_values: int = LARGEST_EXPANSION
) -> Any:
    """What the file says, as parsed JSON. Raises ToolDefinitionError with file and line."""
    is_yaml = path.suffix.lower() in YAML_SUFFIXES
    return document_of(read_text(path, most_bytes), str(path), is_yaml, most_yaml_values)


def document_of(text: str, file: str, may_be_yaml: bool, most_yaml_values: int = LARGEST_EXPANSION) -> Any:
    """What a text says that was read from `file`. Raises ToolDefinitionError with file and line."""
    if not text.strip():
        raise ToolDefinitionError("the file is empty", where=file, fix="Write a tool definition.")
    try:
        if may_be_yaml and text.lstrip()[0] not in "{[":
            return parse_yaml(text, file, ToolDefinitionError, most_yaml_values)
        return _parse_json(text, file)
    except RecursionError as error:
        fix = "Flatten it; no tool needs that."
        raise ToolDefinitionError("the file is nested too deep to read", where=file, fix=fix) from error


def decoded(data: bytes, file: str) -> str:
    """The text of a file's bytes. Raises ToolDefinitionError if they are not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"byte {error.start} is not UTF-8"
        raise ToolDefinitionError(what, where=file, fix="Save the file as UTF-8.") from error


def read_text(path: Path, most_bytes: int = LARGEST_BYTES) -> str:
    """The file's text. Raises ToolDefinitionError if it is absent, no file, too large or not UTF-8."""
    try:
        data = read_ordinary(path, most_bytes)
    except OSError as error:
        what = f"the file cannot be read: {error.strerror or error}"
        raise ToolDefinitionError(what, where=str(path), fix="Name a file that can be read.") from error
    return decoded(data, str(path))


def _parse_json(text: str, file: str) -> Any:
    try:
        return json_value(text)
    except json.JSONDecodeError as error:
        what = f"not JSON: {error.msg}"
        where = f"{file}, line {error.lineno}, column {error.colno}"
        raise ToolDefinitionError(what, where=where, fix="Correct the file there.") from error
    except ValueError as error:  # what int() and the three below refuse
        raise ToolDefinitionError(f"not JSON: {error}", where=file, fix="Correct it.") from error


def json_value(text: str) -> Any:
    """`text` as parsed JSON, without NaN, infinities and keys that stand twice, of which readers take this
    one or that. Raises ValueError (JSONDecodeError is one)."""
    return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {twice[:60]!r} stands twice in one object")
    return made


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{digits[:40]} is too large a number")
    return number
