"""Strings and numbers of a JSON Schema as shapes.

Each function gives the shape and what it does not enforce, as keyword and cause. Raises Impossible.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from funcdex.grammar.ir import EMPTY, JsonInteger, JsonNumber, JsonString
from funcdex.grammar.regex.char_sets import ANYTHING
from funcdex.grammar.regex.json_nodes import Content, content, content_of
from funcdex.grammar.regex.tree import CannotWrite, One, Times
from funcdex.grammar.schema_parts import Impossible, is_finite
from funcdex.grammar.shapes import Fixed, Shape
from funcdex.grammar.string_formats import UNWRITABLE, format_content, format_with_pattern

MAX_INTEGER = 10**18 - 1
"""Integers without a bound have at most 18 digits: a model cannot go on writing digits forever."""
MAX_MULTIPLES = 64
MAX_DECIMALS = 15

Lost = list[tuple[str, str]]
"""Keywords that are not enforced, each with a cause in a word or two."""


def read_string(schema: Mapping[str, Any], path: str) -> tuple[Shape, Lost]:
    """The shape of strings; lengths only where that is cheap."""
    lost: Lost = []
    least, most = lengths_in(schema, path)
    if most is not None and most < least:
        raise Impossible(path, "maxLength is less than minLength")
    if most == 0 and not schema.keys() & {"pattern", "format"}:
        return Fixed(('""',)), lost
    form, found = _content(schema, least, most, lost)
    if found is None:
        return _by_length(least, most, lost)
    if found.longest is not None and found.longest < least:
        raise Impossible(path, "no text of its form is so long")
    if most is not None and found.shortest > most:
        raise Impossible(path, "no text of its form is so short")
    if found.shortest < least:
        lost.append(("minLength", "length"))
    if most is not None and (found.longest is None or found.longest > most):
        lost.append(("maxLength", "length"))
    return shape_of(found, form), lost


def shape_of(found: Content, form: str = "") -> Shape:
    """Strings of a content; `form` is a name for it, if it has one."""
    if found.node == EMPTY:
        return Fixed(('""',))
    digest = hashlib.sha256(repr(found.node).encode()).hexdigest()[:10]
    return JsonString(form or f"string-{digest}", found.node)


def lengths_in(schema: Mapping[str, Any], path: str) -> tuple[int, int | None]:
    """minLength and maxLength. Raises Impossible."""
    return _count(schema, "minLength", path) or 0, _count(schema, "maxLength", path)


def _content(
    schema: Mapping[str, Any], least: int, most: int | None, lost: Lost
) -> tuple[str, Content | None]:
    """What a format or else a pattern lets stand between the quotes, and a name for it."""
    form, pattern = schema.get("format"), schema.get("pattern")
    named = format_content(form) if isinstance(form, str) else None
    if form in UNWRITABLE:
        lost.append(("format", "format"))
    if not isinstance(pattern, str):
        return (form, named) if named and isinstance(form, str) else ("", None)
    try:
        if named and isinstance(form, str):
            found = format_with_pattern(form, pattern)
        else:
            found = _found(pattern, least, most)
    except CannotWrite as cannot:
        if not named or not isinstance(form, str):
            lost.append(("pattern", str(cannot)))
            return "", None
        lost.append(("pattern", "contradicts the format" if str(cannot) == "empty" else "beside a format"))
        return form, named
    if not found.counted:
        lost.append(("pattern", "length"))
    return "", None if _is_any(found) else found


def _found(pattern: str, least: int, most: int | None) -> Content:
    """The content of strings in which a pattern is found, of these lengths as far as they are counted."""
    for low, high in ((least, most), (least, None), (min(least, 1), None)):
        found = content_of(pattern, least=low, most=high)
        if found.counted:
            break
    return found


def _is_any(found: Content) -> bool:
    return found.node == content(Times(One(ANYTHING), 0, None)).node


def _by_length(least: int, most: int | None, lost: Lost) -> tuple[Shape, Lost]:
    """Strings of which only lengths are known: not to be empty is cheap, and all else is not."""
    if least > 1:
        lost.append(("minLength", "length"))
    if most is not None:
        lost.append(("maxLength", "length"))
    if not least:
        return JsonString(), lost
    return JsonString("string-filled", content(Times(One(ANYTHING), 1, None)).node), lost


def read_integer(schema: Mapping[str, Any], path: str) -> tuple[Shape, Lost]:
    """The shape of integers."""
    lost: Lost = []
    low, low_open = _bound(schema, "minimum", "exclusiveMinimum", lost)
    high, high_open = _bound(schema, "maximum", "exclusiveMaximum", lost)
    least, most = -MAX_INTEGER, MAX_INTEGER
    if low is not None:
        least = max(least, math.floor(low) + 1 if low_open else math.ceil(low))
    if high is not None:
        most = min(most, math.ceil(high) - 1 if high_open else math.floor(high))
    if least > most:
        raise Impossible(path, "maximum is less than minimum")
    step = _step(schema, lost)
    if step is None or step == 1:
        return JsonInteger(least, most), lost
    whole = int(step) if step == int(step) else None
    if whole is not None and (most - least) // whole < MAX_MULTIPLES:
        first = -(-least // whole) * whole
        found = tuple(str(number) for number in range(first, most + 1, whole))
        if not found:
            raise Impossible(path, "no multiple is within its bounds")
        return Fixed(found), lost
    lost.append(("multipleOf", "multipleOf"))
    return JsonInteger(least, most), lost


def read_number(schema: Mapping[str, Any], path: str) -> tuple[Shape, Lost]:
    """The shape of numbers, whole ones among them."""
    lost: Lost = []
    step = _step(schema, lost)
    if step is not None and step == int(step):
        return read_integer(schema, path)  # a multiple of a whole number is one
    if step is not None:
        lost.append(("multipleOf", "multipleOf"))
    low, low_open = _bound(schema, "minimum", "exclusiveMinimum", lost)
    high, high_open = _bound(schema, "maximum", "exclusiveMaximum", lost)
    if low is not None and high is not None and (low > high or (low == high and (low_open or high_open))):
        raise Impossible(path, "maximum is less than minimum")
    if low is not None and low <= -MAX_INTEGER - 1 and high is None:
        low, high = low, Decimal(MAX_INTEGER + 1)  # a bound, so that there is no exponent
    if (low is not None and low > MAX_INTEGER) or (high is not None and high < -MAX_INTEGER):
        raise Impossible(path, "it asks for a number of more than 18 digits")
    return JsonNumber(low, high, low_open, high_open), lost


def _step(schema: Mapping[str, Any], lost: Lost) -> Decimal | None:
    step = schema.get("multipleOf")
    if step is None:
        return None
    if not is_finite(step) or step <= 0:
        lost.append(("multipleOf", "no number"))
        return None
    return Decimal(repr(step))


def _bound(
    schema: Mapping[str, Any], inclusive: str, exclusive: str, lost: Lost
) -> tuple[Decimal | None, bool]:
    """The stricter of the two limits, and whether the number itself is beyond it."""
    found = [(_decimal(schema, keyword, lost), keyword == exclusive) for keyword in (inclusive, exclusive)]
    known = [(value, is_open) for value, is_open in found if value is not None]
    if not known:
        return None, False
    # With equal numbers the one that leaves itself out is the stricter.
    return max(known) if inclusive == "minimum" else min(known, key=lambda bound: (bound[0], not bound[1]))


def _decimal(schema: Mapping[str, Any], keyword: str, lost: Lost) -> Decimal | None:
    value = schema.get(keyword)
    if value is None:
        return None
    if not is_finite(value):
        lost.append((keyword, "no number"))
        return None
    exact = Decimal(repr(value)).normalize()
    exponent = exact.as_tuple().exponent
    if abs(exact) > 10 * MAX_INTEGER:
        exact = Decimal(10 * MAX_INTEGER if exact > 0 else -10 * MAX_INTEGER)
    elif isinstance(exponent, int) and exponent < -MAX_DECIMALS:
        lost.append((keyword, "decimals"))
        return None
    return exact


def _count(schema: Mapping[str, Any], keyword: str, path: str) -> int | None:
    value: Any = schema.get(keyword)
    if not is_finite(value):
        return None
    whole: int = math.ceil(value) if keyword.startswith("min") else math.floor(value)
    if whole < 0 and keyword.startswith("max"):
        raise Impossible(path, f"{keyword} is negative")
    return max(0, whole)
