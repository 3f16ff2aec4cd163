"""JSON Schema -> shape: what a grammar can hold a model to, and a note of all that it cannot.

Kept: type (also lists of types), properties, required, items, enum, const, anyOf, local $ref, allOf (merged),
nullable, minItems and maxItems up to `MAX_COUNTED`, minimum and maximum of integers, the sign of numbers, and
the formats date and date-time. Everything else is dropped, so the language grows, and each drop is
noted. One thing makes it smaller: an object with `properties` never gets other keys, whatever
additionalProperties says; that is noted where the schema asks for such keys in so many words.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from funcdex.errors import UnsupportedSchema
from funcdex.grammar.ir import JsonInteger, JsonNumber, JsonString
from funcdex.grammar.schema_parts import SILENT, Impossible, is_of, list_of, lookup, merge, types_of
from funcdex.grammar.shapes import (
    ANY_OBJECT,
    NULL,
    TRUTH,
    AnyValue,
    Array,
    Closed,
    Fixed,
    Open,
    Property,
    Shape,
    either,
)
from funcdex.types.tools import JsonSchema

MAX_COUNTED = 32
"""Array lengths beyond this are not counted: each one more is a state of the matcher."""
MAX_INTEGER = 10**18 - 1
"""Integers without a bound have at most 18 digits: a model cannot go on writing digits forever."""
MAX_DEPTH = 24
MAX_SUBSCHEMAS = 4000
"""Beyond either, a part of a schema stands for any value: `$ref`s can make a short schema endless."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A keyword that the grammar does not enforce; `path` is a JSON path such as `$.properties.to`."""

    path: str
    keyword: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A schema's shape, and what got lost on the way."""

    shape: Shape
    relaxed: tuple[Relaxation, ...]


def read_schema(schema: JsonSchema | bool, *, where: str) -> Reading:
    """The shape of a schema. Raises UnsupportedSchema (naming `where`) if no value can fit it."""
    reader = _Reader(schema)
    try:
        shape = reader.read(schema, "$")
    except Impossible as fault:
        raise UnsupportedSchema(
            f"no JSON value fits the schema: {fault.reason}",
            where=f"{where}, {fault.path}",
            fix="Correct the schema, or leave the tool out.",
        ) from fault
    return Reading(shape, tuple(dict.fromkeys(reader.relaxed)))


class _Reader:
    """Reads one schema document; keeps what was relaxed and how much has been read."""

    def __init__(self, document: JsonSchema | bool) -> None:
        self._document = document
        self._subschemas = 0
        self._depth = 0
        self._open_refs = ["#"]
        self.relaxed: list[Relaxation] = []

    def read(self, schema: object, path: str) -> Shape:
        """The shape at a path. Raises Impossible."""
        self._subschemas += 1
        if self._depth >= MAX_DEPTH or self._subschemas > MAX_SUBSCHEMAS:
            self._relax(path, "nesting")
            return AnyValue()
        self._depth += 1
        try:
            return self._read(schema, path)
        finally:
            self._depth -= 1

    def _read(self, schema: object, path: str) -> Shape:
        if schema is True:
            return AnyValue()
        if schema is False:
            raise Impossible(path, "it is false")
        if not isinstance(schema, Mapping):
            raise Impossible(path, f"a schema is an object, not {type(schema).__name__}")
        if "$ref" in schema:
            return self._read_reference(schema, path)
        if "allOf" in schema:
            rest = {key: value for key, value in schema.items() if key != "allOf"}
            return self._read_all([rest, *list_of(schema["allOf"], path, "allOf")], path)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                return self._read_options(schema, keyword, path)
        return self._read_plain(schema, path)

    def _read_reference(self, schema: Mapping[str, Any], path: str) -> Shape:
        beside = {key: value for key, value in schema.items() if key != "$ref" and key not in SILENT}
        if beside:
            return self._read_all([beside, {"$ref": schema["$ref"]}], path)
        ref = schema["$ref"]
        target = self._target(ref, path)
        return AnyValue() if target is None else self._read_opened([ref], target, path)

    def _read_all(self, parts: list[Any], path: str) -> Shape:
        """The shape of what fits all the parts."""
        refs: list[str] = []
        resolved = [whole for part in parts for whole in self._resolved(part, path, refs)]
        if any(part is False for part in resolved):
            raise Impossible(path, "a part of allOf is false")
        merged, lost = merge([part for part in resolved if isinstance(part, Mapping)])
        for keyword in lost:
            self._relax(path, keyword)
        return self._read_opened(refs, merged, path)

    def _resolved(self, part: object, path: str, refs: list[str]) -> Iterator[object]:
        """The part with the references at its top replaced; notes them in `refs`."""
        if not isinstance(part, Mapping) or "$ref" not in part:
            yield part
            return
        ref = part["$ref"]
        target = None if ref in refs else self._target(ref, path)
        if target is not None:
            refs.append(ref)
            yield from self._resolved(target, path, refs)
        yield {key: value for key, value in part.items() if key != "$ref"}

    def _target(self, ref: object, path: str) -> object | None:
        """What a reference stands for; None, and a note, where it is recursive or leads out of the schema."""
        target = None if ref in self._open_refs else lookup(self._document, ref)
        if target is None:
            self._relax(path, "$ref")
        return target

    def _read_opened(self, refs: list[str], schema: object, path: str) -> Shape:
        self._open_refs.extend(refs)
        try:
            return self.read(schema, path)
        finally:
            del self._open_refs[len(self._open_refs) - len(refs) :]

    def _read_options(self, schema: Mapping[str, Any], keyword: str, path: str) -> Shape:
        base = {key: value for key, value in schema.items() if key != keyword and key not in SILENT}
        shapes: list[Shape] = []
        faults: list[Impossible] = []
        for number, option in enumerate(list_of(schema[keyword], path, keyword)):
            here = f"{path}.{keyword}[{number}]"
            try:
                shapes.append(self._read_all([base, option], here) if base else self.read(option, here))
            except Impossible as fault:
                faults.append(fault)
        if not shapes:
            raise faults[0]
        if keyword == "oneOf" and len(shapes) > 1:
            self._relax(path, keyword)
        return either(shapes)

    def _read_plain(self, schema: Mapping[str, Any], path: str) -> Shape:
        types = types_of(schema, path)
        if "const" in schema or "enum" in schema:
            return self._read_fixed(schema, types, path)
        shapes: list[Shape] = []
        used: set[str] = {"type", "nullable"}
        if not types:
            shapes.append(AnyValue())
        for name in types:
            shape, keywords = self._read_type(name, schema, path)
            shapes.append(shape)
            used.update(keywords)
        self._relax_rest(schema, used, path)
        return either(shapes)

    def _read_fixed(self, schema: Mapping[str, Any], types: tuple[str, ...], path: str) -> Shape:
        values = [schema["const"]] if "const" in schema else list_of(schema["enum"], path, "enum")
        fitting = [value for value in values if not types or any(is_of(name, value) for name in types)]
        if not fitting:
            raise Impossible(path, "none of the values it lists is of its type")
        self._relax_rest(schema, {"type", "nullable", "const", "enum"}, path)
        texts = (json.dumps(value, ensure_ascii=False) for value in fitting)
        return Fixed(tuple(dict.fromkeys(texts)))

    def _read_type(self, name: str, schema: Mapping[str, Any], path: str) -> tuple[Shape, tuple[str, ...]]:
        """The shape of one type, and the keywords of the schema that are enforced by it."""
        if name == "object":
            return self._read_object(schema, path), ("properties", "required", "additionalProperties")
        if name == "array":
            return self._read_array(schema, path), ("items", "minItems", "maxItems")
        if name == "string":
            return self._read_string(schema, path), ("format",)
        if name in ("integer", "number"):
            read: Callable[[Mapping[str, Any], str], Shape]
            read = self._read_integer if name == "integer" else self._read_number
            # The format of a number (int32, double...) is its size in memory.
            return read(schema, path), ("minimum", "maximum", "format")
        return (TRUTH if name == "boolean" else NULL), ()

    def _read_object(self, schema: Mapping[str, Any], path: str) -> Shape:
        properties = schema.get("properties") or {}
        if not isinstance(properties, Mapping):
            raise Impossible(path, "its properties are not an object")
        required = tuple(schema.get("required") or ())
        extra = schema.get("additionalProperties", True)
        if not properties and not required:
            return self._read_open(extra, path)
        if extra is not False and "additionalProperties" in schema:
            self._relax(path, "additionalProperties")
        named = {**properties, **{name: True for name in required if name not in properties}}
        return Closed(tuple(self._read_properties(named, frozenset(required), path)))

    def _read_open(self, extra: object, path: str) -> Shape:
        if extra is True:
            return ANY_OBJECT
        try:
            return Open(self.read(extra, f"{path}.additionalProperties"))
        except Impossible:
            return Closed(())

    def _read_properties(
        self, properties: Mapping[str, object], required: frozenset[str], path: str
    ) -> Iterator[Property]:
        for name, schema in properties.items():
            try:
                yield Property(name, self.read(schema, f"{path}.properties.{name}"), name in required)
            except Impossible:
                if name in required:
                    raise

    def _read_array(self, schema: Mapping[str, Any], path: str) -> Shape:
        least = int(self._bound(schema, "minItems", 0, path))
        most = int(self._bound(schema, "maxItems", MAX_COUNTED + 1, path))
        if "maxItems" in schema and most < least:
            raise Impossible(path, "maxItems is less than minItems")
        for keyword, bound in (("minItems", least), ("maxItems", most)):
            if keyword in schema and bound > MAX_COUNTED:
                self._relax(path, keyword)
        try:
            items = self.read(schema.get("items", True), f"{path}.items")
        except Impossible:
            if least:
                raise
            return Array(AnyValue(), 0, 0)
        return Array(items, min(least, MAX_COUNTED), most if most <= MAX_COUNTED else None)

    def _read_string(self, schema: Mapping[str, Any], path: str) -> Shape:
        form = schema.get("format")
        if form == "date":
            return JsonString("date")
        if form == "date-time":
            return JsonString("date-time")
        if form is not None:
            self._relax(path, "format")
        return JsonString()

    def _read_integer(self, schema: Mapping[str, Any], path: str) -> Shape:
        least = math.ceil(max(self._bound(schema, "minimum", -MAX_INTEGER, path), -MAX_INTEGER))
        most = math.floor(min(self._bound(schema, "maximum", MAX_INTEGER, path), MAX_INTEGER))
        if least > most:
            raise Impossible(path, "maximum is less than minimum")
        return JsonInteger(least, most)

    def _read_number(self, schema: Mapping[str, Any], path: str) -> Shape:
        least = self._bound(schema, "minimum", -1, path)
        if "maximum" in schema:
            self._relax(path, "maximum")
        if "minimum" in schema and least != 0:
            self._relax(path, "minimum")
        return JsonNumber(signed=least < 0)

    def _bound(self, schema: Mapping[str, Any], keyword: str, default: int, path: str) -> float:
        bound: float = schema.get(keyword, default)
        if is_of("number", bound) and math.isfinite(bound):
            return bound
        self._relax(path, keyword)
        return default

    def _relax_rest(self, schema: Mapping[str, Any], used: set[str], path: str) -> None:
        for keyword in schema:
            if keyword not in used and keyword not in SILENT and not keyword.startswith("x-"):
                self._relax(path, keyword)

    def _relax(self, path: str, keyword: str) -> None:
        self.relaxed.append(Relaxation(path, keyword))
