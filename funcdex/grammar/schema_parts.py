"""What reading a JSON Schema needs that says nothing about shapes: references, types, simple `allOf`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Merge = Callable[[Any, Any], Any]

SILENT = frozenset(
    "title description default examples example deprecated readOnly writeOnly $schema $id $comment $anchor "
    "$defs definitions contentEncoding contentMediaType xml externalDocs discriminator".split()
)
"""Keywords that describe and do not limit."""

_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list, tuple),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
TYPES = tuple(_KINDS)


class Impossible(Exception):
    """No value fits this part of the schema."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason


def is_of(name: str, value: object) -> bool:
    """Whether a value has a type of JSON Schema. True and False are no numbers."""
    if isinstance(value, bool) and name != "boolean":
        return False
    return isinstance(value, _KINDS[name])


def lookup(document: object, ref: object) -> object | None:
    """What a local reference (`#`, `#/$defs/a`) points at; None if nothing does."""
    if not isinstance(ref, str) or not ref.startswith("#"):
        return None
    target: object = document
    for step in ref[1:].split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(target, Mapping) and key in target:
            target = target[key]
        elif isinstance(target, list) and key.isdigit() and int(key) < len(target):
            target = target[int(key)]
        else:
            return None
    return target


def types_of(schema: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """The types that a schema allows, guessed from its keywords where it names none; empty for any.

    Raises Impossible."""
    named = schema.get("type")
    if named is None:
        guesses = (("object", "properties"), ("array", "items"))
        return next(((name,) for name, keyword in guesses if keyword in schema), ())
    types = tuple(named) if isinstance(named, list | tuple) else (named,)
    known = tuple(name for name in types if name in TYPES)
    if not known:
        raise Impossible(path, f"it knows no type called {named!r}")
    return (*known, "null") if schema.get("nullable") is True and "null" not in known else known


def list_of(value: object, path: str, keyword: str) -> list[Any]:
    """The value of a keyword that has to be a list with something in it. Raises Impossible."""
    if not isinstance(value, list | tuple) or not value:
        raise Impossible(path, f"{keyword} is not a list with something in it")
    return list(value)


def merge(schemas: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """One schema, and the keywords in which the given ones differ in a way that cannot be joined.

    For those the first one counts.
    """
    merged: dict[str, Any] = {}
    lost: list[str] = []
    for schema in schemas:
        for keyword, value in schema.items():
            if keyword in SILENT:
                continue
            if keyword not in merged:
                merged[keyword] = value
            elif keyword in _JOIN:
                merged[keyword] = _JOIN[keyword](merged[keyword], value)
            elif merged[keyword] != value:
                lost.append(keyword)
    return merged, tuple(lost)


def _properties(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    both = {name: {"allOf": [ours[name], theirs[name]]} for name in ours if name in theirs}
    return {**ours, **theirs, **both}


def _united(ours: list[Any], theirs: list[Any]) -> list[Any]:
    return [*ours, *(item for item in theirs if item not in ours)]


def _types(ours: str | list[str], theirs: str | list[str]) -> list[str]:
    first = [ours] if isinstance(ours, str) else ours
    second = [theirs] if isinstance(theirs, str) else theirs
    # An integer is a number, so of the two the narrower stays.
    wide = [name for name in first if name in second or (name == "integer" and "number" in second)]
    return [
        *wide,
        *(["integer"] if "number" in first and "integer" in second and "integer" not in wide else []),
    ]


def _closed(ours: object, theirs: object) -> object:
    return False if ours is False or theirs is False else theirs if ours is True else ours


_JOIN: dict[str, Merge] = {
    "properties": _properties,
    "required": _united,
    "type": _types,
    "enum": lambda ours, theirs: [value for value in ours if value in theirs],
    "allOf": _united,
    "items": lambda ours, theirs: {"allOf": [ours, theirs]} if ours != theirs else ours,
    "minimum": max,
    "maximum": min,
    "minItems": max,
    "maxItems": min,
    "additionalProperties": _closed,
    "nullable": lambda ours, theirs: ours and theirs,
}
