"""Objects and arrays of a JSON Schema as shapes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from funcdex.grammar.ir import JsonString
from funcdex.grammar.read_leaves import Lost
from funcdex.grammar.schema_merge import found_in
from funcdex.grammar.schema_parts import Impossible, is_finite, list_of
from funcdex.grammar.shapes import EMPTY_OBJECT, AnyValue, Array, Closed, Fixed, Open, Property, Shape, Subset

MAX_COUNTED = 1000
"""Array lengths beyond this are not counted: llama.cpp makes a rule for each and refuses 2,000."""
MAX_COUNTED_KEYS = 400
"""Keys of an object times the number that is counted: each pair is a rule."""

Schema = Mapping[str, Any]


class Reader(Protocol):
    """What reads the schemas inside."""

    exact: bool

    def read_string(self, schema: Schema, path: str) -> tuple[Shape, Lost, Lost]:
        """The shape of strings; what of them is relaxed and what narrowed, not yet noted.

        Raises Impossible."""

    def read(self, schema: object, path: str) -> Shape:
        """The shape at a path. Raises Impossible."""

    def relax(self, path: str, keyword: str, cause: str) -> None:
        """Notes a keyword that is not enforced."""

    def narrow(self, path: str, keyword: str, cause: str) -> None:
        """Notes a keyword of which less is accepted than it allows."""


class NestedReader:
    """Reads what holds other values, with a reader for those."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def objects(self, schema: Schema, path: str) -> Shape:
        """The shape of objects. Raises Impossible."""
        for keyword in ("dependentSchemas", "dependencies"):
            if keyword in schema:
                self._reader.relax(path, keyword, "depends")
        named = self._named(schema, path)
        least, most = _range(schema, "minProperties", "maxProperties", path)
        if not named:
            return self._open(schema, least, most, path)
        return self._closed(schema, named, least, most, path)

    def _named(self, schema: Schema, path: str) -> dict[str, object]:
        """Keys with a name of their own: what has to be said of each."""
        properties = schema.get("properties") or {}
        if not isinstance(properties, Mapping):
            raise Impossible(path, "its properties are not an object")
        required = [name for name in schema.get("required") or () if isinstance(name, str)]
        patterns = _mapping(schema.get("patternProperties"))
        named: dict[str, object] = {}
        for name in dict.fromkeys([*properties, *required]):
            said = [inner for pattern, inner in patterns.items() if found_in(pattern, name)]
            if name in properties:
                said.insert(0, properties[name])
            elif not said:
                said.append(schema.get("additionalProperties", True))
            if schema.get("propertyNames") not in (None, True) and not self._is_name(schema, name, path):
                said.append(False)
            named[name] = said[0] if len(said) == 1 else False if False in said else {"allOf": said}
        return named

    def _is_name(self, schema: Schema, name: str, path: str) -> bool:
        """Whether propertyNames lets an object have this key."""
        try:
            self._reader.read({"allOf": [{"enum": [name]}, schema["propertyNames"]]}, f"{path}.propertyNames")
        except Impossible:
            return False
        return True

    def _closed(
        self, schema: Schema, named: Mapping[str, object], least: int, most: int | None, path: str
    ) -> Shape:
        required = frozenset(name for name in schema.get("required") or () if isinstance(name, str))
        properties = tuple(self._properties(named, required, path))
        if "additionalProperties" in schema and schema["additionalProperties"] is not False:
            self._reader.narrow(path, "additionalProperties", "no further keys")
        if "patternProperties" in schema:
            self._reader.narrow(path, "patternProperties", "no further keys")
        self._dependent(schema, {each.name for each in properties if each.required}, properties, path)
        needed = sum(each.required for each in properties)
        if most is not None and most < needed:
            raise Impossible(path, "it requires more properties than maxProperties")
        if least > len(properties):
            if schema.get("additionalProperties") is False and "patternProperties" not in schema:
                raise Impossible(path, "minProperties is more than it has")
            self._reader.relax(path, "minProperties", "no further keys")
            least = 0
        counted = max(
            least if least > needed else 0, most if most is not None and most < len(properties) else 0
        )
        if counted > 1 and counted * len(properties) > MAX_COUNTED_KEYS:
            if least > needed:
                self._reader.relax(path, "minProperties", "count")
            if most is not None and most < len(properties):
                self._reader.relax(path, "maxProperties", "count")
            least, most = 0, None
        return Closed(
            properties,
            least if least > needed else 0,
            most if most is not None and most < len(properties) else None,
        )

    def _properties(
        self, named: Mapping[str, object], required: frozenset[str], path: str
    ) -> Iterator[Property]:
        for name, schema in named.items():
            try:
                yield Property(name, self._reader.read(schema, f"{path}.properties.{name}"), name in required)
            except Impossible:
                if name in required:
                    raise

    def _dependent(
        self, schema: Schema, required: set[str], properties: tuple[Property, ...], path: str
    ) -> None:
        """Notes dependentRequired unless it follows from what is required anyhow."""
        present = {each.name for each in properties}
        for name, needs in _mapping(schema.get("dependentRequired")).items():
            if name in present and not required.issuperset(needs):
                self._reader.relax(path, "dependentRequired", "depends")

    def _open(self, schema: Schema, least: int, most: int | None, path: str) -> Shape:
        """Objects of which no key has a name."""
        patterns = _mapping(schema.get("patternProperties"))
        extra = schema.get("additionalProperties", True)
        if extra is True and "unevaluatedProperties" in schema:
            extra = schema["unevaluatedProperties"]
        for name in _mapping(schema.get("dependentRequired")):
            self._reader.relax(path, "dependentRequired", f"depends on {name!r}"[:30])
        keys: Shape = JsonString()
        values, place = extra, f"{path}.additionalProperties"
        if patterns:
            keys, values = self._patterned(patterns, extra, path)
            place = f"{path}.patternProperties"
        if schema.get("propertyNames") not in (None, True):
            keys = self._keys(schema["propertyNames"], keys, path)
        try:
            shape = self._reader.read(values, place)
        except Impossible as fault:
            if least:
                raise Impossible(path, "it has to have properties and may have none") from fault
            return EMPTY_OBJECT
        if most == 0 or keys == Fixed(()):
            return EMPTY_OBJECT
        if isinstance(keys, Fixed):
            self._reader.narrow(path, "propertyNames", "order")
            names = [str(json.loads(text)) for text in keys.texts]
            return self._closed({}, dict.fromkeys(names, values), least, most, path)
        assert isinstance(keys, JsonString)
        if least > 1:
            self._reader.relax(path, "minProperties", "a key may come twice")
        return Open(shape, keys, *self._countable(least, most, "Properties", path))

    def _patterned(self, patterns: Schema, extra: object, path: str) -> tuple[Shape, object]:
        """Keys that fit the one pattern, and their values; any keys if there are several patterns."""
        pattern, inner = next(iter(patterns.items()))
        if len(patterns) > 1:
            self._reader.relax(path, "patternProperties", "several patterns")
            if extra is not True:
                self._reader.relax(path, "additionalProperties", "several patterns")
            return JsonString(), True
        keys, lost, narrowed = self._reader.read_string({"type": "string", "pattern": pattern}, path)
        if lost:
            cause = lost[0][1]
            self._reader.relax(path, "patternProperties", cause)
            if extra is not True:
                self._reader.relax(path, "additionalProperties", cause)
            return JsonString(), True
        for _, cause in narrowed:
            self._reader.narrow(path, "patternProperties", cause)
        if extra is not False:
            self._reader.narrow(path, "additionalProperties", "only keys of the pattern")
        return keys, inner

    def _keys(self, names: object, keys: Shape, path: str) -> Shape:
        """Keys that fit propertyNames."""
        try:
            shape = self._reader.read({"allOf": [{"type": "string"}, names]}, f"{path}.propertyNames")
        except Impossible:
            return Fixed(())
        if isinstance(shape, Fixed) and keys == JsonString():
            return shape
        if isinstance(shape, JsonString) and JsonString() in (shape, keys):
            return keys if shape == JsonString() else shape
        self._reader.relax(path, "propertyNames", "several patterns")
        return keys

    def arrays(self, schema: Schema, path: str) -> Shape:
        """The shape of arrays. Raises Impossible."""
        least, most = _range(schema, "minItems", "maxItems", path)
        for keyword in ("contains", "unevaluatedItems"):
            if keyword in schema and schema[keyword] is not True:
                self._reader.relax(path, keyword, keyword)
        first, most = self._first(schema, least, most, path)
        items, most = self._items(schema, least, most, len(first), path)
        if len(first) > (len(first) if most is None else most):
            first = first[:most]
        if schema.get("uniqueItems") is True and (most is None or most > 1):
            if isinstance(items, Fixed) and not first:
                return self._subset(items, least, most, path)
            if self._reader.exact and least <= 1:
                self._reader.narrow(path, "uniqueItems", "one item")
                return Array(items, least, 1, first[:1])
            self._reader.relax(path, "uniqueItems", "compares items")
        least, most = self._countable(least, most, "Items", path)
        return Array(items, least, most, first)

    def _countable(self, least: int, most: int | None, what: str, path: str) -> tuple[int, int | None]:
        """The two counts as far as they are counted. Nobody writes a thousand items where ten will do."""
        if least > MAX_COUNTED:
            self._reader.relax(path, f"min{what}", "count")
            if most is not None:
                self._reader.relax(path, f"max{what}", "count")
            return MAX_COUNTED, None
        if most is not None and most > MAX_COUNTED:
            self._reader.narrow(path, f"max{what}", "count")
            return least, MAX_COUNTED
        return least, most

    def _first(
        self, schema: Schema, least: int, most: int | None, path: str
    ) -> tuple[tuple[Shape, ...], int | None]:
        """The shapes of the first items, and how many items there can be: none after one that cannot be."""
        shapes: list[Shape] = []
        if schema.get("prefixItems"):
            for place, inner in enumerate(list_of(schema["prefixItems"], path, "prefixItems")):
                if place == most:
                    break
                try:
                    shapes.append(self._reader.read(inner, f"{path}.prefixItems[{place}]"))
                except Impossible:
                    if place < least:
                        raise
                    return tuple(shapes), place
        return tuple(shapes), most

    def _items(
        self, schema: Schema, least: int, most: int | None, before: int, path: str
    ) -> tuple[Shape, int | None]:
        if most is not None and most <= before:
            return AnyValue(), most
        try:
            return self._reader.read(schema.get("items", True), f"{path}.items"), most
        except Impossible:
            if least > before:
                raise
            return AnyValue(), before

    def _subset(self, items: Fixed, least: int, most: int | None, path: str) -> Shape:
        texts = items.texts
        if least > len(texts):
            raise Impossible(path, "it has fewer different items than minItems")
        if len(texts) > 1:
            self._reader.narrow(path, "uniqueItems", "order")
        counted = max(least, most if most is not None and most < len(texts) else 0)
        if counted > 1 and counted * len(texts) > MAX_COUNTED_KEYS:
            self._reader.relax(path, "minItems" if least else "maxItems", "count")
            least, most = min(least, 1), None
        return Subset(texts, least, most)


def _range(schema: Schema, low: str, high: str, path: str) -> tuple[int, int | None]:
    """Two counts; what is no number says nothing. Raises Impossible."""
    least, most = (_count(schema.get(keyword)) for keyword in (low, high))
    fewest, limit = math.ceil(least or 0), None if most is None else math.floor(most)
    if limit is not None and limit < fewest:
        raise Impossible(path, f"{high} is less than {low}")
    return max(fewest, 0), limit


def _count(value: Any) -> float | None:
    return value if is_finite(value) else None


def _mapping(value: object) -> Schema:
    return value if isinstance(value, Mapping) else {}
