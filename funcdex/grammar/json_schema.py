"""JSON Schema -> shape: what a grammar can hold a model to, and a note of all that it cannot.

A grammar differs from its schema in two ways, and each place is noted. What is *relaxed* has to be checked
afterwards: the grammar lets more through. What is *narrowed* is harmless: every value is valid, and some
valid ones are never written (further keys of an object with `properties`, an order of keys).

Relaxed are lengths of strings (dear in every engine), `pattern`s with lookaround, and what looks at several
values at once: uniqueItems, contains, dependentRequired, not, if. Where a schema is to be read exactly,
lengths and uniqueItems are narrowed instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from funcdex.errors import UnsupportedSchema
from funcdex.grammar.exclusive import exclusive
from funcdex.grammar.finite import refers, settled
from funcdex.grammar.read_exactly import read_string_exactly
from funcdex.grammar.read_leaves import Lost, read_integer, read_number, read_string
from funcdex.grammar.read_nested import NestedReader
from funcdex.grammar.schema_merge import Apart, merge, plain
from funcdex.grammar.schema_parts import (
    COMBINING,
    Impossible,
    is_of,
    limits_in,
    list_of,
    lookup,
    types_meant,
    types_of,
)
from funcdex.grammar.schema_values import fitting, says_more
from funcdex.grammar.shapes import (
    NULL,
    TRUTH,
    AnyValue,
    Array,
    Closed,
    Either,
    Fixed,
    Named,
    Open,
    Shape,
    either,
)
from funcdex.types.tools import JsonSchema

MAX_DEPTH = 48
MAX_SUBSCHEMAS = 6000
"""Beyond either, a part of a schema stands for any value: a merge of schemas can make a short one endless."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A keyword that the grammar does not enforce; `path` is a JSON path such as `$.properties.to`.

    `cause` says why, in a word or two, so that losses can be counted by it.
    """

    path: str
    keyword: str
    cause: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """A schema's shape, and where the two differ."""

    shape: Shape
    relaxed: tuple[Relaxation, ...]
    narrowed: tuple[Relaxation, ...] = ()


def read_schema(schema: JsonSchema | bool, *, where: str, exact: bool = False) -> Reading:
    """The shape of a schema. `exact`: narrow what can be narrowed rather than relax it, dear as that may be.

    Raises UnsupportedSchema (naming `where`) if no value can fit it, or none that ends."""
    reader = SchemaReader(schema, exact=exact)
    try:
        shape = reader.whole()
    except Impossible as fault:
        raise UnsupportedSchema(
            f"no JSON value fits the schema: {fault.reason}",
            where=f"{where}, {fault.path}",
            fix="Correct the schema, or leave the tool out.",
        ) from fault
    return Reading(shape, tuple(dict.fromkeys(reader.relaxed)), tuple(dict.fromkeys(reader.narrowed)))


class SchemaReader:
    """Reads one schema document; keeps what was relaxed and how much has been read."""

    def __init__(self, document: JsonSchema | bool, *, exact: bool) -> None:
        self._document = document
        self.exact = exact
        self._subschemas = 0
        self._depth = 0
        self._named: dict[str, Named] = {}
        self._faults: dict[str, Impossible] = {}
        self._nested = NestedReader(self)
        self.relaxed: list[Relaxation] = []
        self.narrowed: list[Relaxation] = []

    def whole(self) -> Shape:
        """The shape of the document. Raises Impossible."""
        shape = settled(self._read_named("$", self._document, "$"), self._named.values())
        root = self._named["$"]
        # Only what is referred to keeps its name.
        needed = any(cell.shape and refers(cell.shape, root) for cell in self._named.values())
        return shape if needed or root.shape is None or shape is not root else root.shape

    def read(self, schema: object, path: str) -> Shape:
        """The shape at a path. Raises Impossible."""
        self._subschemas += 1
        if self._depth >= MAX_DEPTH or self._subschemas > MAX_SUBSCHEMAS:
            self.relax(path, "nesting", "size")
            return AnyValue()
        self._depth += 1
        try:
            return self._read(schema, path)
        finally:
            self._depth -= 1

    def relax(self, path: str, keyword: str, cause: str) -> None:
        """Notes a keyword that is not enforced."""
        self.relaxed.append(Relaxation(path, keyword, cause))

    def narrow(self, path: str, keyword: str, cause: str) -> None:
        """Notes a keyword of which less is accepted than it allows."""
        self.narrowed.append(Relaxation(path, keyword, cause))

    def _read(self, schema: object, path: str) -> Shape:
        if schema is True:
            return AnyValue()
        if schema is False:
            raise Impossible(path, "it is false")
        if not isinstance(schema, Mapping):
            raise Impossible(path, f"a schema is an object, not {type(schema).__name__}")
        schema = plain(schema)
        if "$ref" in schema or "allOf" in schema:
            return self._read_joined(schema, path)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                return self._read_options(schema, keyword, path)
        return self._read_plain(schema, path)

    def _read_joined(self, schema: Mapping[str, Any], path: str) -> Shape:
        if schema.keys() == {"$ref"}:
            found = lookup(self._document, schema["$ref"])
            if found is None:
                self.relax(path, "$ref", "no such place")
                return AnyValue()
            target, place = found
            return self._read_named(place, target, place)
        refs: list[str] = []
        merged = self._merged(self._parts(schema, path, refs), path)
        if not refs:
            return self.read(merged, path)
        # A merge is known by its content: the same one may come round again, with no reference to tell it.
        return self._read_named(json.dumps(merged), merged, path)

    def _merged(self, parts: Iterator[object], path: str) -> dict[str, Any]:
        schemas: list[Mapping[str, Any]] = []
        for part in parts:
            if part is False:
                raise Impossible(path, "a part of allOf is false")
            if isinstance(part, Mapping):
                schemas.append(part)
        try:
            merged, lost = merge(schemas)
        except Apart as fault:
            raise Impossible(path, str(fault)) from fault
        for keyword in lost:
            self.relax(path, keyword, "differs in allOf")
        return merged

    def _parts(self, schema: object, path: str, refs: list[str]) -> Iterator[object]:
        """What a schema is made of, without `$ref` and `allOf` at its top; notes references in `refs`."""
        if not isinstance(schema, Mapping):
            yield schema
            return
        schema = plain(schema)
        yield {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
        if "$ref" in schema:
            found = lookup(self._document, schema["$ref"])
            if found is None:
                self.relax(path, "$ref", "no such place")
            elif found[1] in refs:
                raise Impossible(path, "it refers to itself without end")
            else:
                # Only those on the way here: two parts may well refer to the same place.
                refs.append(found[1])
                yield from self._parts(found[0], path, inner := [*refs])
                refs.extend(ref for ref in inner if ref not in refs)
        if "allOf" in schema:
            before = [*refs]
            for part in list_of(schema["allOf"], path, "allOf"):
                inner = [*before]
                yield from self._parts(part, path, inner)
                refs.extend(ref for ref in inner if ref not in refs)

    def _read_named(self, key: str, schema: object, path: str) -> Shape:
        """The shape of what others may refer to; of what is being read just now, its name."""
        if key in self._faults:
            raise self._faults[key]
        known = self._named.get(key)
        if known is not None:
            return known if known.shape is None or _holds_others(known.shape) else known.shape
        named = self._named[key] = Named(path)
        try:
            named.shape = self.read(schema, path)
        except Impossible as fault:
            self._faults[key] = fault
            raise
        return named if _holds_others(named.shape) else named.shape

    def _read_options(self, schema: Mapping[str, Any], keyword: str, path: str) -> Shape:
        base = {key: value for key, value in schema.items() if key != keyword}
        shapes: list[Shape] = []
        options: list[tuple[Shape | None, object]] = []
        faults: list[Impossible] = []
        for number, option in enumerate(list_of(schema[keyword], path, keyword)):
            here = f"{path}.{keyword}[{number}]"
            both: object = {"allOf": [base, option]} if base else option
            try:
                shapes.append(self.read(both, here))
                options.append((shapes[-1], self._outlined(both, here)))
            except Impossible as fault:
                faults.append(fault)
                # No grammar writes its values, yet those of others may be among them.
                options.append((None, self._outlined(both, here)))
        if not shapes:
            raise faults[0]
        if keyword == "oneOf" and len(options) > 1:
            return self._one_of(shapes, options, path)
        return either(shapes)

    def _one_of(self, shapes: list[Shape], options: list[tuple[Shape | None, object]], path: str) -> Shape:
        apart = exclusive(options, lambda inner: self._outlined(inner, path))
        if apart is None:
            self.relax(path, "oneOf", "options may overlap")
            return either(shapes)
        if list(apart) != shapes:
            self.narrow(path, "oneOf", "values that fit two options")
        return either(apart)

    def _outlined(self, schema: object, path: str) -> object:
        """The schema without references at its top; of nothing else is `exclusive` in need."""
        if not isinstance(schema, Mapping):
            return schema
        seen = len(self.relaxed)
        try:
            return self._merged(self._parts(schema, path, []), path)
        except Impossible:
            return False
        finally:
            del self.relaxed[seen:]  # they were noted when the schema was read

    def _read_plain(self, schema: Mapping[str, Any], path: str) -> Shape:
        types = types_of(schema, path)
        if "enum" in schema:
            return self._read_fixed(schema, types, path)
        if not types:
            types = types_meant(schema)
            if types:
                self.narrow(path, "type", "guessed")
        shapes = self._read_types(types, schema, path)
        for keyword in limits_in(schema, types):
            if keyword in ("not", "if") or (keyword in COMBINING and keyword != "$ref"):
                self.relax(path, keyword, keyword)
        return either(shapes) if shapes else AnyValue()

    def _read_types(self, types: tuple[str, ...], schema: Mapping[str, Any], path: str) -> list[Shape]:
        """The shapes of those types that have values. Raises Impossible if none has."""
        shapes: list[Shape] = []
        faults: list[Impossible] = []
        for name in types:
            try:
                shapes.append(self._read_type(name, schema, path))
            except Impossible as fault:
                faults.append(fault)
        if faults and not shapes:
            raise faults[0]
        return shapes

    def _read_fixed(self, schema: Mapping[str, Any], types: tuple[str, ...], path: str) -> Shape:
        values = list_of(schema["enum"], path, "enum")
        typed = [value for value in values if not types or any(is_of(name, value) for name in types)]
        if not typed:
            raise Impossible(path, "none of the values it lists is of its type")
        if says_more(schema):
            kept = fitting(typed, schema, self._document)
            if kept is None:
                for keyword in limits_in(schema, types):
                    if keyword not in ("type", "enum"):
                        self.relax(path, keyword, "cannot be checked")
            elif not kept:
                raise Impossible(path, "none of the values it lists fits the rest of it")
            else:
                typed = kept
        texts = (json.dumps(value, ensure_ascii=False) for value in typed)
        return Fixed(tuple(dict.fromkeys(texts)))

    def _read_type(self, name: str, schema: Mapping[str, Any], path: str) -> Shape:
        if name == "object":
            return self._nested.objects(schema, path)
        if name == "array":
            return self._nested.arrays(schema, path)
        if name in ("boolean", "null"):
            return TRUTH if name == "boolean" else NULL
        if name == "string":
            shape, lost, narrowed = self.read_string(schema, path)
        else:
            shape, lost = (read_integer if name == "integer" else read_number)(schema, path)
            narrowed = []
        for keyword, cause in lost:
            self.relax(path, keyword, cause)
        for keyword, cause in narrowed:
            self.narrow(path, keyword, cause)
        return shape

    def read_string(self, schema: Mapping[str, Any], path: str) -> tuple[Shape, Lost, Lost]:
        """The shape of strings; what of them is relaxed and what narrowed, not yet noted.

        Raises Impossible."""
        return read_string_exactly(schema, path) if self.exact else (*read_string(schema, path), [])


def _holds_others(shape: Shape) -> bool:
    """Whether it is worth a name: whether it is made of other shapes."""
    return isinstance(shape, Closed | Open | Array | Either | Named)
