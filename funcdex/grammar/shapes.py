"""What a JSON Schema comes down to in a grammar: a value is of one of these shapes.

A shape says everything that a grammar can enforce and nothing else; reading a schema into shapes, with a
note of all that is lost, is `json_schema.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

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
    """An object with these keys only, in this order; those that are not required may be absent.

    It has `least` to `most` of them; `most` None is all."""

    properties: tuple[Property, ...]
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """An object with `least` to `most` keys of one form, whose values have one shape."""

    values: Shape
    keys: JsonString = JsonString()
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Array:
    """`least` to `most` items; `most` None is without end. The first ones have the shapes of `first`, one by
    one, the others that of `items`."""

    items: Shape
    least: int = 0
    most: int | None = None
    first: tuple[Shape, ...] = ()


@dataclass(frozen=True, slots=True)
class Subset:
    """An array of some of these values, given as JSON text, each at most once and in this order."""

    texts: tuple[str, ...]
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Either:
    """A value of one of these shapes, of which there are at least two."""

    options: tuple[Shape, ...]


@dataclass(eq=False, slots=True)
class Named:
    """A shape that others refer to, itself among them; None until it has been read. Equal to itself alone."""

    path: str
    shape: Shape | None = field(default=None, repr=False)


Shape = (
    AnyValue | Fixed | Closed | Open | Array | Subset | Either | Named | JsonString | JsonInteger | JsonNumber
)

ANY_OBJECT = Open(AnyValue())
EMPTY_OBJECT = Closed(())
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


def options_of(shape: Shape) -> tuple[Shape, ...]:
    """The shapes that a value can have, without choices or names at their top; a name that has not been read
    stands for itself."""
    found: dict[Shape, None] = {}
    seen: set[int] = set()

    def visit(inner: Shape) -> Iterator[Shape]:
        if isinstance(inner, Either):
            for option in inner.options:
                yield from visit(option)
        elif isinstance(inner, Named) and inner.shape is not None:
            if id(inner) not in seen:
                seen.add(id(inner))
                yield from visit(inner.shape)
        else:
            yield inner

    found.update(dict.fromkeys(visit(shape)))
    return tuple(found)
