"""One JSON value, one line: how records become bytes and come back."""

from __future__ import annotations

import json
from collections.abc import Mapping

import orjson

from funcdex.types.conversation import JsonValue

Record = Mapping[str, JsonValue]


def as_line(record: Record) -> bytes:
    """The record as one line, newline included. TypeError for what JSON cannot say."""
    try:
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        # Integers of more than 64 bits and lone surrogates, which a model may well write.
        return json.dumps(record, ensure_ascii=True, allow_nan=False).encode() + b"\n"


def from_line(line: bytes) -> JsonValue:
    """The value of a line. ValueError if it holds anything else than one JSON value."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            return json.loads(line)
        except RecursionError as error:
            raise ValueError("nested too deep") from error


def is_json(line: bytes) -> bool:
    """Whether it is one JSON value."""
    try:
        from_line(line)
    except ValueError:
        return False
    return True


def is_record(line: bytes) -> bool:
    """Whether it is a whole JSON object: no beginning of an object is itself one."""
    try:
        return isinstance(from_line(line), dict)
    except ValueError:
        return False
