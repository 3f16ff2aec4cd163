"""Strings of a schema at the level `exact`: nothing is left to a later check that a grammar can say.

Where lengths and forms cannot both be said in full, texts are left out: those above MAX_LENGTH characters,
those with what JSON escapes in places that are counted, those whose parts are longer than their share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from funcdex.grammar.read_leaves import Lost, lengths_in, read_string, shape_of
from funcdex.grammar.regex.flat import MAX_LENGTH
from funcdex.grammar.regex.json_nodes import Content, content, content_of
from funcdex.grammar.regex.lengths import Fitter
from funcdex.grammar.regex.tree import ANY_TEXT, CannotWrite
from funcdex.grammar.shapes import Shape
from funcdex.grammar.string_formats import format_content, format_with_pattern

_COUNTED = frozenset({"minLength", "maxLength", "pattern"})


def read_string_exactly(schema: Mapping[str, Any], path: str) -> tuple[Shape, Lost, Lost]:
    """The shape of strings, what it does not enforce, and what it says more strictly than the schema.

    What `read_string` enforces in full stays in its form. Raises Impossible."""
    shape, lost = read_string(schema, path)
    causes = dict(lost)
    least, most = lengths_in(schema, path)
    if not causes.keys() & _COUNTED or least > MAX_LENGTH:
        return shape, lost, []
    try:
        sought, found = _found(schema, causes, least, most)
    except CannotWrite:
        return shape, lost, []
    enforced = {
        "minLength": found.shortest >= least,
        "maxLength": most is None or (found.longest is not None and found.longest <= most),
        "pattern": causes.get("pattern") == "length" and found.counted,
    }
    still = [(keyword, cause) for keyword, cause in lost if not enforced.get(keyword)]
    gained = [keyword for keyword, _ in lost if enforced.get(keyword)]
    if not gained:
        return shape, lost, []
    return shape_of(found), still, [(gained[0], "counted")] if found.narrowed or sought.narrowed else []


def _found(
    schema: Mapping[str, Any], causes: Mapping[str, str], least: int, most: int | None
) -> tuple[Content, Content]:
    """What is sought, whatever its length, and that of these lengths. Raises CannotWrite."""
    sought = _sought(schema, causes)
    fitter = Fitter()
    tree = fitter.at_least(sought.tree, least)
    if most is not None:
        tree = fitter.at_most(tree, min(most, MAX_LENGTH))
    made = content(tree, exact=True)
    cut = most is not None and most > MAX_LENGTH
    return sought, replace(
        made, counted=made.counted and sought.counted, narrowed=made.narrowed or fitter.narrowed or cut
    )


def _sought(schema: Mapping[str, Any], causes: Mapping[str, str]) -> Content:
    """What a format and a pattern let stand between the quotes, but for what no grammar says of them."""
    form, pattern = schema.get("format"), schema.get("pattern")
    named = format_content(form) if isinstance(form, str) else None
    if not isinstance(pattern, str) or causes.get("pattern", "length") != "length":
        return named or content(ANY_TEXT)
    if named and isinstance(form, str):
        return format_with_pattern(form, pattern)
    return content_of(pattern, exact=True)
