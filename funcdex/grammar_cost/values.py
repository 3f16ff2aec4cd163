"""Values to measure a grammar along: one of a shape, in the form that the grammar writes it."""

from __future__ import annotations

import json
import random

from funcdex.grammar.ir import (
    Chars,
    Choice,
    JsonInteger,
    JsonNumber,
    JsonString,
    Literal,
    Node,
    Repeat,
    Sequence,
)
from funcdex.grammar.regions import pattern
from funcdex.grammar.shapes import (
    AnyValue,
    Array,
    Closed,
    Either,
    Fixed,
    Named,
    Open,
    Property,
    Shape,
    Subset,
)
from funcdex.types.conversation import JsonValue

MAX_DEPTH = 6
"""Below it nothing is written that may be left out: recursive shapes come to an end."""
_MORE = 3
_WORDS = (
    "the report for the third quarter is ready, and Ana wants it by Friday at noon; thanks! Then please "
    "move our meeting to room 12 (not 14), since 3 people from Oslo cannot come before half past ten."
).split()

# What people write, where a text drawn from the pattern would be as odd as it can be.
_USUAL = {
    "date": "2024-05-{}",
    "date-time": "2024-05-{}T09:30:00Z",
    "email": "ana.lind{}@harbour-lane.test",
    "uri": "https://drive.example.com/d/7f3a-{}/view?usp=sharing",
}


def words(rng: random.Random, count: int) -> str:
    """A text of this many words, one line."""
    return " ".join(rng.choices(_WORDS, k=count)).strip("(") + "."


def value_of(shape: Shape, rng: random.Random, depth: int = 0) -> JsonValue:
    """A value of a shape."""
    match shape:
        case AnyValue():
            return {"note": words(rng, 8), "count": rng.randint(0, 99)}
        case Open(values, keys, least, most):
            count = least or (0 if most == 0 or depth > MAX_DEPTH else 1)
            names = {_key(keys, rng) for _ in range(count)}
            return {name: value_of(values, rng, depth + 1) for name in sorted(names)}
        case Fixed(texts):
            return json.loads(rng.choice(texts))
        case Closed():
            return {each.name: value_of(each.value, rng, depth + 1) for each in _kept(shape, rng, depth)}
        case Array(items, least, most, first):
            count = max(least, 0 if depth > MAX_DEPTH else 2 if most is None else min(2, most))
            shapes = [*first, *([items] * max(0, count - len(first)))][:count]
            return [value_of(one, rng, depth + 1) for one in shapes]
        case Subset(texts, least, most):
            return [json.loads(text) for text in texts[: max(least, 1 if most != 0 else 0)]]
        case Either(options):
            plain = [option for option in options if not isinstance(option, Named)]
            return value_of(rng.choice(plain if plain and depth > MAX_DEPTH else options), rng, depth + 1)
        case Named(_, named):
            assert named is not None, "a named shape is whole once it has been read"
            return value_of(named, rng, depth + 1)
        case JsonString(_, None):
            return words(rng, 9)
        case JsonString(form) if form in _USUAL:
            return _USUAL[form].format(rng.randint(10, 28))
        case JsonString() | JsonInteger() | JsonNumber():
            return json.loads(drawn(pattern(shape, flat=True), rng))


def _kept(shape: Closed, rng: random.Random, depth: int) -> list[Property]:
    """The required properties and some of the others, as many as the shape wants."""
    share = 0.6 if depth <= MAX_DEPTH else 0.0
    kept = [each for each in shape.properties if each.required or rng.random() < share]
    others = [each for each in shape.properties if each not in kept]
    kept += others[: max(0, shape.least - len(kept))]
    extra = [each for each in kept if not each.required][: len(kept) - (shape.most or len(kept))]
    return [each for each in shape.properties if each in kept and each not in extra]


def _key(keys: JsonString, rng: random.Random) -> str:
    return "first" if keys.content is None else json.loads(drawn(pattern(keys, flat=True), rng))


def drawn(node: Node, rng: random.Random) -> str:
    """A text that a pattern matches."""
    match node:
        case Literal(text):
            return text
        case Chars(ranges, negated):
            if negated:
                return next(
                    char for char in "ex 0-_.~!" if not any(low <= char <= high for low, high in ranges)
                )
            low, high = rng.choice(ranges)
            return chr(rng.randint(ord(low), ord(high)))
        case Sequence(parts):
            return "".join(drawn(part, rng) for part in parts)
        case Choice(options):
            return drawn(rng.choice(options), rng)
        case Repeat(body, least, most):
            count = rng.randint(least, least + _MORE if most is None else min(most, least + _MORE))
            return "".join(drawn(body, rng) for _ in range(count))
        case _:
            raise TypeError(f"a {type(node).__name__} has no place in a pattern")
