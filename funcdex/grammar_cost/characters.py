"""Literals and character classes as the notations write them, read into nodes."""

from __future__ import annotations

import re

from funcdex.grammar.ir import Chars
from funcdex.grammar_cost.notation import fault

_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0", "b": "\b", "a": "\a"}
_CODE = re.compile(
    r"x\{([0-9a-fA-F]{1,8})\}|u\{([0-9a-fA-F]{1,8})\}|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})"
)
_SETS: dict[str, tuple[tuple[str, str], ...]] = {
    "d": (("0", "9"),),
    "s": (("\t", "\r"), (" ", " ")),
    "w": (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z")),
}
ANY = Chars((("\0", "\U0010ffff"),))
NOT_A_BREAK = Chars((("\n", "\n"),), negated=True)


def unescaped(written: str, line: int) -> str:
    """What stands between the quotes of a literal. Raises GrammarError."""
    if "\\" not in written:
        return written
    parts: list[str] = []
    position = 0
    while position < len(written):
        character, position = _character(written, position, line)
        parts.append(character)
    return "".join(parts)


def escape_at(written: str, position: int, line: int) -> tuple[Chars | str, int]:
    """The escape whose backslash stands at `position`: a character or a set of them, and where it ends.

    Raises GrammarError."""
    name = written[position + 1 : position + 2]
    if name in ("p", "P") and written[position + 2 : position + 3] == "{":
        end = written.find("}", position)
        return ANY, len(written) if end < 0 else end + 1
    if name.lower() in _SETS:
        return Chars(_SETS[name.lower()], negated=name.isupper()), position + 2
    return _character(written, position, line)


def class_of(inner: str, line: int) -> Chars:
    """A class from what stands between its brackets: `^a-z\\n`. Raises GrammarError."""
    negated = inner.startswith("^")
    position = 1 if negated else 0
    ranges: list[tuple[str, str]] = []
    while position < len(inner):
        first, position = _member(inner, position, line)
        if isinstance(first, Chars):
            ranges.extend(ANY.ranges if first.negated else first.ranges)
            continue
        last: Chars | str = first
        if inner[position : position + 1] == "-" and position + 1 < len(inner):
            last, position = _member(inner, position + 1, line)
        if isinstance(last, Chars) or last < first:
            raise fault(f"a range that ends before it begins in [{inner[:40]}]", line)
        ranges.append((first, last))
    return Chars(tuple(ranges), negated)


def _member(inner: str, position: int, line: int) -> tuple[Chars | str, int]:
    if inner[position] == "\\":
        return escape_at(inner, position, line)
    return inner[position], position + 1


def _character(written: str, position: int, line: int) -> tuple[str, int]:
    if written[position] != "\\":
        return written[position], position + 1
    code = _CODE.match(written, position + 1)
    if code:
        value = int(next(group for group in code.groups() if group), 16)
        if value > 0x10FFFF:
            raise fault(f"no character has the code {value:x}", line)
        return chr(value), code.end()
    if position + 1 >= len(written):
        raise fault("a backslash at the end", line)
    return _SIMPLE.get(written[position + 1], written[position + 1]), position + 2
