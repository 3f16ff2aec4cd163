"""Hypothesis strategies for schemas of every keyword, and for texts of a grammar."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from funcdex.grammar.ir import Chars, Choice, Literal, Node, Reference, Repeat, Sequence, Tree
from funcdex.grammar.regions import pattern
from funcdex.grammar.string_formats import ALIKE, PATTERNS

Schema = Any

KEYS = ("a", "b", "c")
VALUES: tuple[Any, ...] = (1, 2.5, -3, "a", "ab", "b1", True, None, [1], [], {"a": 1}, {})
REGEXES = (
    "^a+$",
    "b",
    "^[a-c]{2}$",
    "^[a-z]{0,3}$",
    r"^\w+(-\w+)*$",
    r"^(\d{3}|[^\d\s]*)$",
    r"^\W",
    r"[\s\S]\S$",
    "^(?!a)[ab]+$",
    r'^["\\]{1,2}$',
    "^.{1,40}$",
    "^$|^b+$",
    "^(a?b{2,3})*$",
    r"^([a-z]+[.\\])+$",
    r"^(a)\1$",
    "^[a-c]((?!--)[a-c-])*$",
    "^(?:[^|]*[|]?)+$",
    "a(?=b)",
    "^[0-9a-f-]+$",
    "^https?:",
    "Z$",
)
FORMATS = (*PATTERNS, *ALIKE, "regex", "phone")
_small = st.integers(0, 3)
_bounds = st.integers(-20, 20) | st.sampled_from([0.5, -0.25, 1.75, 10.05, 99.9])


def _some(options: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Schema]:
    return st.fixed_dictionaries({}, optional=options)


@cache
def any_schemas(depth: int = 2) -> st.SearchStrategy[Schema]:
    """Schemas that may lack any value, with every keyword that is read; some refer to `#` and `#/$defs/d`."""
    flat = st.one_of(
        _strings(), _numbers(), st.sampled_from([{"type": "boolean"}, {"type": "null"}, {}]), _listed()
    )
    if depth == 0:
        return flat
    inner = any_schemas(depth - 1)
    nested = st.one_of(
        _objects(inner),
        _arrays(inner),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"oneOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=2)}),
        st.tuples(
            _objects(inner),
            st.sampled_from(["anyOf", "oneOf", "allOf"]),
            st.lists(_objects(inner), min_size=1, max_size=2),
        ).map(lambda parts: {**parts[0], parts[1]: parts[2]}),
        st.tuples(inner, st.sampled_from(["not", "if"]), inner).map(
            lambda parts: {**parts[0], parts[1]: parts[2]}
        ),
        st.sampled_from([{"$ref": "#"}, {"$ref": "#/$defs/d"}, {"$ref": "#/$defs/d", "minProperties": 1}]),
    )
    return flat | nested | nested


@st.composite
def documents(draw: st.DrawFn) -> Schema:
    """Schemas with a definition beside them."""
    return {**draw(any_schemas()), "$defs": {"d": draw(any_schemas(1))}}


def _strings() -> st.SearchStrategy[Schema]:
    return _some(
        {
            "type": st.sampled_from(["string", ["string", "null"]]),
            "pattern": st.sampled_from(REGEXES),
            "format": st.sampled_from(FORMATS),
            "minLength": _small | st.integers(4, 20),
            "maxLength": st.integers(2, 6) | st.integers(10, 50),
        }
    )


def _numbers() -> st.SearchStrategy[Schema]:
    limits = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    made = _some({**dict.fromkeys(limits, _bounds), "multipleOf": st.sampled_from([1, 2, 0.5])})
    kinds = st.sampled_from(["integer", "number", ["number", "string"], ["integer", "null"]])
    return st.tuples(kinds, made).map(lambda parts: {"type": parts[0], **parts[1]})


def _listed() -> st.SearchStrategy[Schema]:
    values = st.lists(st.sampled_from(VALUES), min_size=1, max_size=4)
    beside: st.SearchStrategy[Schema] = st.one_of(
        st.just({}), _strings(), _numbers(), _some({"minProperties": _small, "minItems": _small})
    )
    return st.tuples(values, beside).map(lambda parts: {**parts[1], "enum": parts[0]})


def _objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    names = st.lists(st.sampled_from(KEYS), unique=True, max_size=2)
    return _some(
        {
            "type": st.sampled_from(["object", ["object", "null"]]),
            "properties": st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
            "required": names,
            "additionalProperties": st.booleans() | inner,
            "patternProperties": st.dictionaries(st.sampled_from(REGEXES), inner, max_size=2),
            "propertyNames": st.sampled_from([{"pattern": "^[ab]$"}, {"enum": ["a", "c"]}, {"minLength": 1}]),
            "minProperties": _small,
            "maxProperties": _small,
            "dependentRequired": st.dictionaries(st.sampled_from(KEYS), names, max_size=1),
        }
    )


def _arrays(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    made = _some(
        {
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "minItems": _small,
            "maxItems": _small,
            "uniqueItems": st.booleans(),
            "contains": inner,
        }
    )
    return made.map(lambda schema: {"type": "array", **schema})


@st.composite
def texts_of(draw: st.DrawFn, tree: Tree) -> str:
    """A text in the language of a tree; short ones, since they are drawn without looking ahead."""
    heights = _heights(tree)

    def write(node: Node, room: int) -> str:
        match node:
            case Literal(text):
                return text
            case Chars():
                return _character(draw, node)
            case Reference(rule):
                return write(tree.rules[rule], room - 1)
            case Sequence(parts):
                return "".join(write(part, room) for part in parts)
            case Choice(options):
                least = min(_height(option, heights) for option in options)
                small = [option for option in options if _height(option, heights) <= max(room, least)]
                return write(draw(st.sampled_from(small)), room)
            case Repeat(body, least, most):
                counts = (0, 1, 2, 40) if isinstance(body, Chars) else (0, 1, 2)
                extra = 0 if _height(body, heights) > room else draw(st.sampled_from(counts))
                count = least + extra if most is None else min(least + extra, most)
                return "".join(write(body, room) for _ in range(count))
            case _:
                return write(pattern(node, flat=False), room)

    return write(Reference(tree.root), 12)


def _character(draw: st.DrawFn, chars: Chars) -> str:
    if not chars.negated:
        low, high = draw(st.sampled_from(chars.ranges))
        return chr(draw(st.integers(ord(low), min(ord(high), ord(low) + 30))))
    outside = [
        char
        for char in "ab1 -.é/\u2028\U0001f600_"
        if not any(low <= char <= high for low, high in chars.ranges)
    ]
    return draw(st.sampled_from(outside))


def _heights(tree: Tree) -> dict[str, float]:
    """By rule: through how many rules its shortest texts lead."""
    heights = dict.fromkeys(tree.rules, float("inf"))
    while True:
        new = {name: 1 + _height(body, heights) for name, body in tree.rules.items()}
        if new == heights:
            return heights
        heights = new


def _height(node: Node, heights: dict[str, float]) -> float:
    match node:
        case Reference(rule):
            return heights[rule]
        case Sequence(parts):
            return max(_height(part, heights) for part in parts)
        case Choice(options):
            return min(_height(option, heights) for option in options)
        case Repeat(body, least, _):
            return _height(body, heights) if least else 0
        case _:
            return 0
