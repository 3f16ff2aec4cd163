"""Shape -> rules: JSON exactly as `json.dumps(value, ensure_ascii=False)` writes it, keys in schema order.

`{"a": 1, "b": [2, 3]}` is accepted where a shape says so, `{"a":1}` and `{"b": [2, 3], "a": 1}` never are:
without any free white space a model cannot get lost in it, on no engine. Brackets, separators, keys and
values are literals of their own, so that two shapes that begin alike begin with the same lexemes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from funcdex.grammar.ir import (
    EMPTY,
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
from funcdex.grammar.shapes import (
    AnyValue,
    Array,
    Closed,
    Either,
    Fixed,
    Named,
    Open,
    Shape,
    Subset,
)
from funcdex.types.conversation import JsonValue

_COMMA = Literal(", ")
_COLON = Literal(": ")


class JsonRules:
    """Adds rules for shapes to a book; any value and any object are there once, however often needed."""

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._any_value: Reference | None = None
        self._named: dict[Named, Reference] = {}

    def node(self, shape: Shape, hint: str) -> Node:
        """What matches values of the shape; rules that this takes are named after `hint`."""
        match shape:
            case AnyValue():
                return self._any()
            case Named():
                return self._reference(shape, hint)
            case Closed() | Array() | Subset():
                return self._book.add(hint, self._body(shape, hint))
            case Open(AnyValue(), keys, 0, None) if keys == JsonString():
                return self._any_object()
            case Open():
                return self._book.add(hint, self._body(shape, hint))
            case _:
                return self._body(shape, hint)

    def _reference(self, named: Named, hint: str) -> Reference:
        """The rule of a shape with a name, which may lead back to itself."""
        if named not in self._named:
            assert named.shape is not None, "shapes are whole once they have been read"
            rule = self._book.reserve(hint)
            self._named[named] = Reference(rule)
            self._book.define(rule, self._body(named.shape, hint))
        return self._named[named]

    def _body(self, shape: Shape, hint: str) -> Node:
        match shape:
            case Fixed(texts):
                return choice(*(_spelled(json.loads(text)) for text in texts))
            case Either(options):
                return choice(*(self.node(option, f"{hint}-{n}") for n, option in enumerate(options, 1)))
            case Closed(properties, least, most):
                parts = [
                    (sequence(_key(each.name), self.node(each.value, f"{hint}-{each.name}")), each.required)
                    for each in properties
                ]
                return self._some("{", parts, least, most, "}", hint)
            case Subset(texts, least, most):
                words = [(_spelled(json.loads(text)), False) for text in texts]
                return self._some("[", words, least, most, "]", hint)
            case Open(values, keys, least, most):
                pair = sequence(keys, _COLON, self.node(values, f"{hint}-value"))
                return _enclosed("{", (), pair, least, most, "}")
            case Array(items, least, most, first):
                firsts = [self.node(one, f"{hint}-item-{n}") for n, one in enumerate(first, 1)]
                others = (
                    EMPTY if most is not None and most <= len(first) else self.node(items, f"{hint}-item")
                )
                return _enclosed("[", firsts, others, least, most, "]")
            case JsonString() | JsonInteger() | JsonNumber():
                return shape
            case _:
                return self.node(shape, hint)

    def _some(
        self,
        begin: str,
        parts: Sequence[tuple[Node, bool]],
        least: int,
        most: int | None,
        end: str,
        hint: str,
    ) -> Node:
        """Parts in their order between brackets, those that are required and `least` to `most` of them all.

        rest(k, n) is what may follow once n parts have been written: part k and later ones, each after a
        comma. A rule of its own for each optional part keeps the grammar linear in their number, unless
        they are counted.
        """
        needed = sum(required for _, required in parts)
        least = least if least > max(needed, 1) or (least and not needed) else 0
        most = most if most is not None and most < len(parts) else None
        counted = max(least, most if most is not None else 0, 1)
        rests: list[Node | None] = [Literal(end) if n >= least else None for n in range(counted + 1)]
        for place, (part, required) in reversed(list(enumerate(parts))):
            left = sum(each for _, each in parts[place + 1 :])
            after = rests.copy()
            # Before the first part nothing has been written.
            for n in range(counted + 1 if place else 1):
                follow = None if n == counted and most is not None else after[min(n + 1, counted)]
                if most is not None and n + 1 + left > most:
                    follow = None
                taken = None if follow is None else sequence(*([_COMMA] if n else []), part, follow)
                skipped = None if required else after[n]
                both = [node for node in (taken, skipped) if node is not None]
                rests[n] = None
                if both:
                    # What stands first is used once, all else by two others.
                    alone = n == 0 or len(both) == 1
                    rests[n] = choice(*both) if alone else self._book.add(f"{hint}-rest", choice(*both))
        whole = rests[0]
        assert whole is not None, "an object that no number of keys fits is not a shape"
        return sequence(Literal(begin), whole)

    def _any_object(self) -> Reference:
        pair = sequence(JsonString(), _COLON, self._any())
        return self._book.add("any-object", _enclosed("{", (), pair, 0, None, "}"))

    def _any(self) -> Reference:
        if self._any_value is None:
            name = self._book.reserve("any-value")
            self._any_value = Reference(name)
            array = self._book.add("any-array", _enclosed("[", (), self._any_value, 0, None, "]"))
            words = (Literal(word) for word in ("true", "false", "null"))
            body = choice(self._any_object(), array, JsonString(), JsonNumber(), *words)
            self._book.define(name, body)
        return self._any_value


def _key(name: str) -> Node:
    return sequence(_spelled(name), _COLON)


def _spelled(value: JsonValue) -> Node:
    """Exactly this value."""
    if isinstance(value, dict):
        parts: list[Node] = [sequence(_key(name), _spelled(item)) for name, item in value.items()]
        begin, end = Literal("{"), Literal("}")
    elif isinstance(value, list):
        parts = [_spelled(item) for item in value]
        begin, end = Literal("["), Literal("]")
    else:
        return Literal(json.dumps(value, ensure_ascii=False))
    apart = [sequence(_COMMA, part) if n else part for n, part in enumerate(parts)]
    return sequence(begin, *apart, end)


def _enclosed(begin: str, first: Sequence[Node], item: Node, least: int, most: int | None, end: str) -> Node:
    """`least` to `most` items between brackets, with commas; the first ones are given one by one."""
    if most == 0:
        return sequence(Literal(begin), Literal(end))
    inside: Node = EMPTY
    count = len(first)
    if most is None or most > count:
        left, more = max(least - count, 0), None if most is None else most - count
        if count:
            inside = Repeat(sequence(_COMMA, item), left, more)
        else:
            others = Repeat(sequence(_COMMA, item), max(left - 1, 0), None if more is None else more - 1)
            inside = item if others.most == 0 else sequence(item, others)
            inside = inside if least else optional(inside)
    for place, one in reversed(list(enumerate(first[: count if most is None else most]))):
        inside = sequence(*([_COMMA] if place else []), one, inside)
        inside = inside if place < least else optional(inside)
    return sequence(Literal(begin), inside, Literal(end))
