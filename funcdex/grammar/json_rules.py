"""Shape -> rules: JSON exactly as `json.dumps(value, ensure_ascii=False)` writes it, keys in schema order.

`{"a": 1, "b": [2, 3]}` is accepted where a shape says so, `{"a":1}` and `{"b": [2, 3], "a": 1}` never are:
without any free white space a model cannot get lost in it, on no engine. Brackets, separators, keys and
values are literals of their own, so that two shapes that begin alike begin with the same lexemes.
"""

from __future__ import annotations

import json

from funcdex.grammar.ir import (
    JsonInteger,
    JsonNumber,
    JsonString,
    Literal,
    Node,
    Reference,
    Repeat,
    choice,
    optional,
    sequence,
)
from funcdex.grammar.rules import RuleBook
from funcdex.grammar.shapes import AnyValue, Array, Closed, Either, Fixed, Open, Property, Shape
from funcdex.types.conversation import JsonValue

_COMMA = Literal(", ")
_COLON = Literal(": ")
_CLOSE = Literal("}")


class JsonRules:
    """Adds rules for shapes to a book; any value and any object are there once, however often needed."""

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._any_value: Reference | None = None

    def node(self, shape: Shape, hint: str) -> Node:
        """What matches values of the shape; rules that this takes are named after `hint`."""
        match shape:
            case AnyValue():
                return self._any()
            case Fixed(texts):
                return choice(*(_spelled(json.loads(text)) for text in texts))
            case Either(options):
                return choice(*(self.node(option, f"{hint}-{n}") for n, option in enumerate(options, 1)))
            case Closed(properties):
                return self._book.add(hint, self._closed(properties, hint))
            case Open(values):
                return self._open(values, hint)
            case Array():
                return self._book.add(hint, self._array(shape, hint))
            case JsonString() | JsonInteger() | JsonNumber():
                return shape

    def _closed(self, properties: tuple[Property, ...], hint: str) -> Node:
        """`{`, then the properties that are there, then `}`.

        rest(k) is what may follow once a key has been written: properties k and later, each after a comma.
        As a rule of its own for each optional property it keeps the grammar linear in their number.
        """
        keys = [_key(each.name) for each in properties]
        values = [self.node(each.value, f"{hint}-{each.name}") for each in properties]
        rest: Node = _CLOSE
        nothing_yet: Node = _CLOSE
        for each, key, value in reversed(list(zip(properties, keys, values, strict=True))):
            here = sequence(key, value, rest)
            later = sequence(_COMMA, here)
            nothing_yet = here if each.required else choice(here, nothing_yet)
            rest = later if each.required else self._book.add(f"{hint}-rest", choice(later, rest))
        return sequence(Literal("{"), nothing_yet)

    def _open(self, values: Shape, hint: str) -> Reference:
        general = isinstance(values, AnyValue)
        value = self._any() if general else self.node(values, f"{hint}-value")
        pair = sequence(JsonString(), _COLON, value)
        return self._book.add("any-object" if general else hint, _enclosed("{", pair, 0, None, "}"))

    def _array(self, shape: Array, hint: str) -> Node:
        return _enclosed("[", self.node(shape.items, f"{hint}-item"), shape.least, shape.most, "]")

    def _any(self) -> Reference:
        if self._any_value is None:
            name = self._book.reserve("any-value")
            self._any_value = Reference(name)
            array = self._book.add("any-array", _enclosed("[", self._any_value, 0, None, "]"))
            words = (Literal(word) for word in ("true", "false", "null"))
            body = choice(self._open(AnyValue(), ""), array, JsonString(), JsonNumber(), *words)
            self._book.define(name, body)
        return self._any_value


def _key(name: str) -> Node:
    return sequence(_spelled(name), _COLON)


def _spelled(value: JsonValue) -> Node:
    """Exactly this value."""
    if isinstance(value, dict):
        parts: list[Node] = [sequence(_key(name), _spelled(item)) for name, item in value.items()]
        begin, end = Literal("{"), _CLOSE
    elif isinstance(value, list):
        parts = [_spelled(item) for item in value]
        begin, end = Literal("["), Literal("]")
    else:
        return Literal(json.dumps(value, ensure_ascii=False))
    apart = [sequence(_COMMA, part) if n else part for n, part in enumerate(parts)]
    return sequence(begin, *apart, end)


def _enclosed(begin: str, item: Node, least: int, most: int | None, end: str) -> Node:
    """`least` to `most` items between brackets, with commas."""
    if most == 0:
        return sequence(Literal(begin), Literal(end))
    others = Repeat(sequence(_COMMA, item), max(least - 1, 0), None if most is None else most - 1)
    several = item if others.most == 0 else sequence(item, others)
    return sequence(Literal(begin), several if least else optional(several), Literal(end))
