"""JSON inside a conversation: text <-> value, strict both ways.

Python's `json` reads and writes more than JSON says and than later steps can carry: NaN, `1e999` as
infinity, the last of two equal keys, half of a surrogate pair, any depth until the stack ends. All of
that is refused here, in both directions, so that what was read can be written and the other way round.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping

from funcdex.errors import MarkupError
from funcdex.types.conversation import JsonValue

MAX_DEPTH = 64
"""Most arrays and objects inside one another. Checking a value against a schema that refers to itself
takes about 6 stack frames a level, of the 1,000 that Python allows."""

_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


def decode(text: str, start: int) -> tuple[JsonValue, int]:
    """The JSON value that begins exactly at `start`, and the offset behind it.

    Linear in the length of the value. Raises MarkupError.
    """
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise MarkupError(f"expected JSON, found a fault in it: {error.msg}", position=error.pos) from error
    except _DuplicateKey as error:
        raise MarkupError(f"the key {error} stands twice in a JSON object", position=start) from error
    except RecursionError as error:
        raise MarkupError(_TOO_DEEP, position=start) from error
    except ValueError as error:  # int() refuses more than 4,300 digits
        raise MarkupError("a JSON number has too many digits", position=start) from error
    flaw = flaw_of(value)
    if flaw is not None:
        raise MarkupError(flaw, position=start)
    return value, end


def encode(value: JsonValue) -> str:
    """The value as JSON text, the way models write it: `{"a": 1, "b": [2, 3]}`, non-ASCII as it is.

    Raises ValueError where `decode` would refuse the text or read another value from it.
    """
    flaw = flaw_of(value)
    if flaw is not None:
        raise ValueError(flaw)
    return json.dumps(value, ensure_ascii=False)


def flaw_of(value: JsonValue) -> str | None:
    """Why the value cannot stand as JSON in a conversation, as a sentence; None if it can."""
    pending: list[tuple[JsonValue, int]] = [(value, 0)]
    while pending:
        item, depth = pending.pop()
        flaw = _flaw_of_item(item, depth)
        if flaw is not None:
            return flaw
        if isinstance(item, dict):
            pending.extend((part, depth + 1) for pair in item.items() for part in pair)
        elif isinstance(item, list):
            pending.extend((part, depth + 1) for part in item)
    return None


def lone_surrogate(text: str) -> int | None:
    """The offset of the first half of a surrogate pair, which no UTF-8 file can hold; None without one."""
    found = None if text.isascii() else _LONE_SURROGATE.search(text)
    return None if found is None else found.start()


def _flaw_of_item(item: JsonValue, depth: int) -> str | None:
    if isinstance(item, str):
        return None if lone_surrogate(item) is None else "a JSON string holds half of a surrogate pair"
    if isinstance(item, float):
        return None if math.isfinite(item) else "NaN, Infinity and numbers beyond 1.8e308 are not JSON"
    if isinstance(item, dict):
        if not all(isinstance(key, str) for key in item):
            return "a key of a JSON object is not a string"
        return _TOO_DEEP if depth >= MAX_DEPTH else None
    if isinstance(item, list):
        return _TOO_DEEP if depth >= MAX_DEPTH else None
    return None if item is None or isinstance(item, int) else f"{type(item).__name__} is not a JSON type"


_TOO_DEEP = f"JSON is nested deeper than {MAX_DEPTH} levels"


class _DuplicateKey(ValueError):
    pass


def _object(pairs: Iterable[tuple[str, JsonValue]]) -> Mapping[str, JsonValue]:
    value: dict[str, JsonValue] = {}
    for key, item in pairs:
        if key in value:
            raise _DuplicateKey(json.dumps(key[:60]))
        value[key] = item
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_object)
