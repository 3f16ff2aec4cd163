"""The single values of arguments and responses, each with its path and what its schema says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from funcdex.types.conversation import JsonValue

MAX_LEAVES = 5_000
"""Of one value: what is beyond is not looked at."""
MAX_DEPTH = 60

_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A string, number, boolean or null. `key` is the nearest name above it (an item of `to` has the key
    `to`), `above` the name above that, `owner` the object
    that `key` stands in, `schema` what is prescribed, {} where nothing is known."""

    path: str
    key: str
    value: JsonValue
    schema: Mapping[str, Any]
    above: str = ""
    owner: Mapping[str, JsonValue] | None = None


def leaves(value: JsonValue, schema: Mapping[str, Any] | None = None) -> Iterator[Leaf]:
    """In the order of the text, at most MAX_LEAVES and MAX_DEPTH deep. Paths are like `$.to[0]`."""
    root = schema if isinstance(schema, Mapping) else _NOTHING
    stack: list[tuple[str, str, str, JsonValue, Mapping[str, Any], Mapping[str, JsonValue] | None, int]] = [
        ("$", "", "", value, root, None, 0)
    ]
    left = MAX_LEAVES
    while stack and left > 0:
        path, key, above, here, known, owner, depth = stack.pop()
        if isinstance(here, dict) and depth < MAX_DEPTH:
            stack.extend(
                (f"{path}.{name}", name, key, item, member_schema(known, name, root), here, depth + 1)
                for name, item in reversed(here.items())
            )
        elif isinstance(here, list) and depth < MAX_DEPTH:
            inner = item_schema(known, root)
            stack.extend(
                (f"{path}[{index}]", key, above, here[index], inner, owner, depth + 1)
                for index in range(len(here) - 1, -1, -1)
            )
        else:
            left -= 1
            yield Leaf(path, key, here, known, above, owner)


def member_schema(schema: Mapping[str, Any], name: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a schema says of a property; {} if nothing."""
    if not schema:
        return _NOTHING
    for option in _options(schema, root):
        found = option.get("properties")
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            return _resolved(found[name], root)
    extra = schema.get("additionalProperties")
    return _resolved(extra, root) if isinstance(extra, Mapping) else _NOTHING


def item_schema(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """What it says of the items of a list; {} if nothing."""
    if not schema:
        return _NOTHING
    for option in _options(schema, root):
        if isinstance(option.get("items"), Mapping):
            return _resolved(option["items"], root)
    return _NOTHING


def _options(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema itself, then what it may be or has to be as well, one level deep."""
    yield schema
    for keyword in ("anyOf", "oneOf", "allOf"):
        parts = schema.get(keyword)
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, Mapping):
                yield _resolved(part, root)


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follows a `$ref` within the document, a few times."""
    for _ in range(8):
        target = schema.get("$ref")
        if not isinstance(target, str) or not target.startswith("#/"):
            return schema
        found: Any = root
        for part in target[2:].split("/"):
            found = (
                found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
            )
        if not isinstance(found, Mapping):
            return schema
        schema = found
    return schema
