"""What a region of a tree matches, as a pattern: a node without references or regions in it."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from funcdex.grammar.integers import integer_pattern
from funcdex.grammar.ir import JsonInteger, JsonNumber, JsonString, Node, Region, Text
from funcdex.grammar.json_patterns import number_pattern, string_pattern
from funcdex.grammar.number_ranges import Bound, range_pattern
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
        case JsonNumber():
            return _number_name(region)


@cache
def pattern(region: Region, *, flat: bool) -> Node:
    """What the region matches. `flat` is for engines that read it as one regular expression: they stay fast
    only if a text's loop holds plain alternatives. Otherwise alternatives share their beginnings, which suits
    engines that follow each alternative by itself."""
    match region:
        case Text(until):
            return text_pattern(_TEXT_ENDS[until], flat=flat)
        case JsonString(_, content):
            return string_pattern(content)
        case JsonInteger(least, most):
            return integer_pattern(least, most)
        case JsonNumber(least, most, above, below):
            if most is None and (least is None or (least == 0 and not above)):
                return number_pattern(signed=least is None)
            low, high = _bound(least, above), _bound(most, below)
            return range_pattern(low, high)


def _bound(value: Decimal | None, is_open: bool) -> Bound | None:
    return None if value is None else Bound(value, is_open)


def _number_name(number: JsonNumber) -> str:
    if number == JsonNumber():
        return "number"
    if number == JsonNumber(Decimal(0)):
        return "number-unsigned"
    low = "" if number.least is None else f"-{'above' if number.above else 'from'}-{_decimal(number.least)}"
    high = "" if number.most is None else f"-{'below' if number.below else 'to'}-{_decimal(number.most)}"
    return f"number{low}{high}"


def _decimal(value: Decimal) -> str:
    whole, _, fraction = format(value, "f").partition(".")
    fraction = fraction.rstrip("0")
    return _signed_digits(whole) + (f"p{fraction}" if fraction else "")


def _signed_digits(digits: str) -> str:
    return f"m{digits[1:]}" if digits.startswith("-") else digits


def _signed(number: int) -> str:
    return _signed_digits(str(number))
