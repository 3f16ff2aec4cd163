"""Entries of the journal as JSON, and what is taken for one when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from operator import itemgetter
from types import UnionType
from typing import Any, TypeGuard, get_args, get_origin, get_type_hints

from funcdex.types.record import (
    STAGES,
    Accepted,
    Draft,
    Entry,
    Rejected,
    Restarted,
    StageDone,
    TurnDone,
    Usage,
)

EntryRecord = Mapping[str, Any]
"""An entry as it stands in the journal."""


def entry_as_json(entry: Entry) -> dict[str, Any]:
    """An entry as a JSON object; `entry_from_json` is its inverse."""
    kind = type(entry)
    # Not dataclasses.asdict, which copies the value, however deep, before it is written.
    told = {"entry": _NAME_OF[kind], **_fields_of(entry, _FIELDS[kind])}
    if isinstance(entry, StageDone | TurnDone | Rejected):
        told["usage"] = [_fields_of(one, _FIELDS[Usage]) for one in entry.usage]
    if isinstance(entry, Rejected) and not entry.value:
        del told["value"]
    return told


def is_entry(value: object) -> TypeGuard[EntryRecord]:
    """Whether a JSON value has the form that `entry_as_json` gives an entry. Cheaper than making one."""
    if not isinstance(value, dict):
        return False
    kind = value.get("entry")
    if kind == "stage":
        return _is_stage(value)
    if kind == "rejected":
        return _is_rejected(value)
    if not isinstance(kind, str) or value.keys() != _KEYS_OF.get(kind) or not isinstance(value["id"], str):
        return False
    if kind == "turn" and not _is_turn(value):
        return False
    return "usage" not in value or _is_usage(value["usage"])


def _is_stage(record: dict[str, Any]) -> bool:
    """Seven in eight entries of a large run are of this kind, and a resume waits until all are looked at."""
    try:
        id, stage, added, usage = _values_of_stage(record)
    except KeyError:
        return False
    # These and "entry" are there, so no other key is if there are no more.
    if len(record) != _STAGE_KEYS or not isinstance(id, str) or stage not in STAGES:
        return False
    return _is_value(added) and _is_usage(usage)


def _is_rejected(record: dict[str, Any]) -> bool:
    """Only one that was given up with a text has a value; in older journals none has."""
    if record.keys() | {"value"} != _KEYS_OF["rejected"]:
        return False
    texts = (record["id"], record["stage"], record["reason"])
    return (
        all(isinstance(one, str) for one in texts)
        and _is_value(record.get("value", {}))
        and _is_usage(record["usage"])
    )


def _is_value(added: object) -> bool:
    """Whether a draft takes it."""
    if not isinstance(added, dict):
        return False
    for key, one in added.items():
        if not isinstance(one, _TYPES_OF_VALUE.get(key, ())):
            return False
    return True


def _is_turn(record: dict[str, Any]) -> bool:
    counted = type(record["sample"]) is int and type(record["turn"]) is int and record["turn"] > 0
    return counted and isinstance(record["dml"], str) and isinstance(record["corrected"], list)


_NONE = type(None)
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


def _is_usage(value: object) -> bool:
    if not isinstance(value, list):
        return False
    for one in value:
        if not isinstance(one, dict) or not isinstance(one.get("sampling"), _SAMPLING):
            return False
        if len(one) - ("sampling" in one) != _USAGE_KEYS:
            return False
        try:
            _, _, _, model, prompt, completion, reasoning, latency_s, simulated = _values_of_usage(one)
        except KeyError:
            return False
        if not (
            isinstance(model, str)
            and isinstance(prompt, int)
            and isinstance(completion, int)
            and isinstance(reasoning, int)
            and isinstance(latency_s, _NUMBER)
            and isinstance(simulated, bool)
        ):
            return False
    return True


_NUMBER = (float, int)
_SAMPLING = (dict, _NONE)


def entry_from_json(record: EntryRecord) -> Entry:
    """The entry of a record for which `is_entry`."""
    told = dict(record)
    kind = _CLASS_OF[told.pop("entry")]
    if "usage" in told:
        told["usage"] = tuple(Usage(**usage) for usage in told["usage"])
    if kind is TurnDone:
        told["corrected"] = tuple(told["corrected"])
    return kind(**told)


def _fields_of(record: Entry | Usage, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


_FIELDS: dict[type, tuple[str, ...]] = {
    kind: tuple(one.name for one in fields(kind))
    for kind in (StageDone, TurnDone, Accepted, Rejected, Restarted, Usage)
}
_NAME_OF: dict[type[Entry], str] = {
    StageDone: "stage",
    TurnDone: "turn",
    Accepted: "accepted",
    Rejected: "rejected",
    Restarted: "restarted",
}
_CLASS_OF: dict[str, type[Entry]] = {name: kind for kind, name in _NAME_OF.items()}
_KEYS_OF = {name: {"entry", *_FIELDS[kind]} for kind, name in _NAME_OF.items()}
_values_of_stage = itemgetter(*_FIELDS[StageDone])
_REQUIRED_OF_USAGE = tuple(name for name in _FIELDS[Usage] if name != "sampling")
_values_of_usage = itemgetter(*_REQUIRED_OF_USAGE)
_STAGE_KEYS, _USAGE_KEYS = 1 + len(_FIELDS[StageDone]), len(_REQUIRED_OF_USAGE)
