"""What a region of a tree matches, as a pattern: a node without references or regions in it."""

from __future__ import annotations

from functools import cache

from funcdex.grammar.integers import integer_pattern
from funcdex.grammar.ir import JsonInteger, JsonNumber, JsonString, Node, Region, Text
from funcdex.grammar.json_patterns import number_pattern, string_pattern
from funcdex.grammar.text_patterns import text_pattern

_TEXT_ENDS = {"line": "\n<", "tag": "<", "end": ""}


def region_name(region: Region) -> str:
    """A name that is unique among regions: letters, digits and `-`."""
    match region:
        case Text(until):
            return f"text-{until}"
        case JsonString(form):
            return "string" if form == "any" else form
        case JsonInteger(least, most):
            return f"integer-{_signed(least)}-{_signed(most)}"
        case JsonNumber(signed):
            return "number" if signed else "number-unsigned"


@cache
def pattern(region: Region, *, flat: bool) -> Node:
    """What the region matches. `flat` is for engines that read it as one regular expression: they stay fast
    only if a text's loop holds plain alternatives. Otherwise alternatives share their beginnings, which suits
    engines that follow each alternative by itself."""
    match region:
        case Text(until):
            return text_pattern(_TEXT_ENDS[until], flat=flat)
        case JsonString(form):
            return string_pattern(form)
        case JsonInteger(least, most):
            return integer_pattern(least, most)
        case JsonNumber(signed):
            return number_pattern(signed=signed)


def _signed(number: int) -> str:
    return f"m{-number}" if number < 0 else str(number)
