"""How long a value is as JSON text, found in microseconds."""

from __future__ import annotations

import json
from typing import Any

import orjson


def json_chars(value: Any) -> int:
    """Characters of `value` as `json.dumps` writes it, or a few more: letters beyond ASCII count as their
    bytes, a comma or colon in a text as if a blank followed."""
    try:
        text = orjson.dumps(value)
    except TypeError:  # numbers beyond 64 bits, and half surrogate pairs
        return len(json.dumps(value, ensure_ascii=False))
    return len(text) + text.count(b",") + text.count(b":")
