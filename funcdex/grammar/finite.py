"""Shapes that end: a grammar must not lead a model to where no value can ever be finished.

`node` with a required `next` that is a `node` again has no finite value. Such a shape is taken out of
everything that can do without it, and what cannot is impossible too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from funcdex.grammar.schema_parts import Impossible
from funcdex.grammar.shapes import (
    EMPTY_OBJECT,
    AnyValue,
    Array,
    Closed,
    Either,
    Named,
    Open,
    Shape,
    either,
    options_of,
)


def settled(shape: Shape, named: Iterable[Named]) -> Shape:
    """The shape without parts that never end; changes the named ones, which are all that there are, likewise.

    Raises Impossible."""
    cells = list(named)
    finite = _finite(cells)
    if len(finite) < len(cells):
        kept = _pruned(shape, finite)
        if kept is None:
            loose = next((cell for cell in cells if cell not in finite), None)
            raise Impossible(loose.path if loose else "$", "it contains itself without end")
        shape = kept
        for cell in finite:
            cell.shape = None if cell.shape is None else _pruned(cell.shape, finite)
    for cell in finite:
        # A choice that leads to itself before anything is written would be a left recursion.
        if isinstance(cell.shape, Either | Named):
            cell.shape = either(list(options_of(cell.shape)))
    return shape


def _finite(cells: list[Named]) -> set[Named]:
    """The named shapes that have a finite value: the least set that follows from itself."""
    found: set[Named] = set()
    while True:
        more = {cell for cell in cells if cell not in found and cell.shape and _ends(cell.shape, found)}
        if not more:
            return found
        found |= more


def _ends(shape: Shape, finite: set[Named]) -> bool:
    match shape:
        case Named():
            return shape in finite
        case Either(options):
            return any(_ends(option, finite) for option in options)
        case Closed(properties, least):
            ending = sum(_ends(each.value, finite) for each in properties)
            required = all(_ends(each.value, finite) for each in properties if each.required)
            return required and ending >= least
        case Array(items, least, _, first):
            needed = [*first, *[items] * (least > len(first))][:least]
            return all(_ends(one, finite) for one in needed)
        case Open(values, _, least):
            return not least or _ends(values, finite)
        case _:
            return True


def _pruned(shape: Shape, finite: set[Named]) -> Shape | None:
    """The shape without what never ends; None if nothing is left of it."""
    if not _ends(shape, finite):
        return None
    match shape:
        case Either(options):
            kept = [_pruned(option, finite) for option in options]
            return either([option for option in kept if option is not None])
        case Closed(properties):
            values = [(each, _pruned(each.value, finite)) for each in properties]
            return replace(
                shape,
                properties=tuple(replace(each, value=value) for each, value in values if value is not None),
            )
        case Array(items, _, most, first):
            firsts = [_pruned(one, finite) for one in first]
            ending = [one for one in firsts if one is not None]
            if len(ending) < len(first):
                cut = firsts.index(None)
                return Array(AnyValue(), shape.least, cut, tuple(ending[:cut]))
            inner = _pruned(items, finite)
            if inner is None:
                return Array(AnyValue(), shape.least, len(first), tuple(ending))
            return Array(inner, shape.least, most, tuple(ending))
        case Open(values):
            inner = _pruned(values, finite)
            return EMPTY_OBJECT if inner is None else replace(shape, values=inner)
        case _:
            return shape


def refers(shape: Shape, named: Named) -> bool:
    """Whether the name stands somewhere in the shape; other names are not opened."""
    match shape:
        case Named():
            return shape is named
        case Either(options):
            inner = options
        case Closed(properties):
            inner = tuple(each.value for each in properties)
        case Array(items, _, _, first):
            inner = (items, *first)
        case Open(values):
            inner = (values,)
        case _:
            return False
    return any(refers(one, named) for one in inner)
