"""Entries of the journal as lines of JSON, and what is taken for one when it is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import UnionType
from typing import get_args, get_origin, get_type_hints

import msgspec

from funcdex.types.record import Draft, Entry, Rejected, StageDone


def entry_line(entry: Entry) -> bytes:
    """The entry as one line, newline included; `entry_of` is the inverse."""
    try:
        return msgspec.json.encode(entry) + b"\n"
    except UnicodeEncodeError:
        # A lone surrogate, which a model may well write: as an escape, which is read again.
        return json.dumps(msgspec.to_builtins(entry), allow_nan=False).encode() + b"\n"


def entry_of(line: bytes) -> Entry:
    """The entry of a line. ValueError if it is none: no JSON, or not what this version of funcdex writes or
    an earlier one wrote."""
    try:
        entry = _READER.decode(line)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, RecursionError):
        entry = _of_other_json(line)
    if type(entry) is StageDone or type(entry) is Rejected:
        for name, value in entry.value.items():
            if not isinstance(value, _TYPES_OF_VALUE.get(name, ())):
                raise ValueError(f"no draft takes such a value: {name}")
    return entry


_READER: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)


def _of_other_json(line: bytes) -> Entry:
    """What msgspec does not read and Python's own reader does: escapes of lone surrogates."""
    try:
        entry: Entry = msgspec.convert(json.loads(line), Entry)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return entry


_AS_READ: Mapping[object, type] = {tuple: list, Mapping: dict}


def _types_as_read(hint: object) -> tuple[type, ...]:
    """What JSON makes of a value of such a type: `tuple[str, ...] | None` -> (list, NoneType)."""
    options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    kinds = [get_origin(option) or option for option in options]
    return tuple(_AS_READ.get(kind, kind) for kind in kinds)


_NOT_ADDED = {"plan", "usage", "begun", "done"}
_TYPES_OF_VALUE: Mapping[str, tuple[type, ...]] = {
    name: _types_as_read(hint) for name, hint in get_type_hints(Draft).items() if name not in _NOT_ADDED
}
"""What a draft takes of the value of a stage: of the draft itself, so that a resume knows what stages add."""
