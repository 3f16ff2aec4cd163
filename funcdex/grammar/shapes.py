"""What a JSON Schema comes down to in a grammar: a value is of one of these shapes.

A shape says everything that a grammar can enforce and nothing else; reading a schema into shapes, with a
note of all that is lost, is `json_schema.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from funcdex.grammar.ir import JsonInteger, JsonNumber, JsonString


@dataclass(frozen=True, slots=True)
class AnyValue:
    """Any JSON value."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """One of these values, given as JSON text."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Property:
    """A key of an object."""

    name: str
    value: Shape
    required: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """An object with these keys only, in this order; those that are not required may be absent."""

    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """An object with any keys, in any number, whose values have one shape."""

    values: Shape


@dataclass(frozen=True, slots=True)
class Array:
    """`least` to `most` items of one shape; `most` None is without end."""

    items: Shape
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Either:
    """A value of one of these shapes, of which there are at least two."""

    options: tuple[Shape, ...]


Shape = AnyValue | Fixed | Closed | Open | Array | Either | JsonString | JsonInteger | JsonNumber

ANY_OBJECT = Open(AnyValue())
TRUTH = Fixed(("true", "false"))
NULL = Fixed(("null",))


def either(shapes: list[Shape]) -> Shape:
    """One of the shapes, at least one; any value swallows the others."""
    flat: list[Shape] = []
    for shape in shapes:
        flat.extend(shape.options if isinstance(shape, Either) else (shape,))
    if any(isinstance(shape, AnyValue) for shape in flat):
        return AnyValue()
    distinct = tuple(dict.fromkeys(flat))
    return distinct[0] if len(distinct) == 1 else Either(distinct)
