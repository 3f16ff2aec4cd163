"""How long a value is as JSON text, found in microseconds."""

from __future__ import annotations

import json
from typing import Any

import orjson


def json_chars(value: Any) -> int:
    """Characters of `value` as compact JSON, about: letters beyond ASCII count as their bytes."""
    try:
        return len(orjson.dumps(value))
    except TypeError:  # numbers beyond 64 bits, and half surrogate pairs
        return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False))
