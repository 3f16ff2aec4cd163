"""JSON text as models write it: a blank after commas and colons, non-ASCII as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson


def as_json(value: object) -> str:
    """The value as JSON text. TypeError and ValueError for what is none."""
    return json.dumps(value, ensure_ascii=False)


def tool_text(tool: Mapping[str, Any]) -> str:
    """The same of a tool. A data set shows few tools, each of them thousands of times."""
    try:
        return _text_of(orjson.dumps(tool))
    except orjson.JSONEncodeError:
        return as_json(tool)


def tools_text(tools: Sequence[Mapping[str, Any]]) -> str:
    """The same of a list of tools."""
    return f"[{', '.join(map(tool_text, tools))}]"


@lru_cache(maxsize=4096)
def _text_of(tool: bytes) -> str:
    return as_json(orjson.loads(tool))
