"""Whatever a grammar lets through is valid, but for what it says it does not enforce."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from schema_strategies import documents, texts_of

from funcdex.errors import UnsupportedSchema
from funcdex.grammar.conversation import json_grammar
from funcdex.grammar.json_schema import Relaxation
from funcdex.grammar.validation import formats
from grammar.grammar_matchers import all_accept

_COMBINING = ("allOf", "anyOf", "oneOf")
_INSIDE = {
    "properties": "{}",
    "patternProperties": "{}",
    "additionalProperties": "{}",
    "items": "[]",
    "prefixItems": "[]",
}


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), schema=documents(), exact=st.booleans())
def test_what_is_written_under_a_grammar_is_valid_but_for_what_is_relaxed(
    data: st.DataObject, schema: Any, exact: bool
) -> None:
    try:
        grammar = json_grammar(schema, exact=exact)
    except UnsupportedSchema:
        return
    text = data.draw(texts_of(grammar.tree))
    note(f"{text!r} {grammar.relaxed}")
    if len(text) < 200:
        assert all_accept(grammar, text)
    validator = jsonschema.Draft202012Validator(schema, format_checker=formats())
    try:
        found = list(validator.iter_errors(json.loads(text)))
    except RecursionError:  # the judge follows an option that is the choice itself; a grammar does not
        return
    faults = [fault for fault in found if not _excused(fault, grammar.relaxed)]
    assert faults == []


def _excused(fault: jsonschema.ValidationError, relaxed: tuple[Relaxation, ...]) -> bool:
    """Whether the grammar has told of the keyword that is broken, at its place."""
    steps = list(fault.absolute_schema_path)
    for end in range(len(steps), 0, -1):
        here, keyword = _place(steps[: end - 1]), steps[end - 1]
        if any(lost.keyword == keyword and _same_place(lost.path, here) for lost in relaxed):
            return True
    if any(lost.keyword == "nesting" for lost in relaxed):
        return True
    # Of several options one has to be broken in excusable ways alone.
    options = {inner.relative_schema_path[0] for inner in fault.context or ()}
    return any(
        all(
            _excused(inner, relaxed)
            for inner in fault.context or ()
            if inner.relative_schema_path[0] == option
        )
        for option in options
    )


def _place(steps: list[Any]) -> str:
    """Through which objects and arrays the steps lead."""
    after = iter(steps)
    made = ""
    for step in after:
        if step in ("properties", "patternProperties", "prefixItems", *_COMBINING):
            next(after, None)
        made += _INSIDE.get(step, "")
    return made


def _same_place(path: str, place: str) -> bool:
    # What is said of one key in several places is told of under that key. References leave no trace in the
    # steps, and what is behind one is told of at the place of the definition.
    told = "".join(_INSIDE.get(word, "") for word in re.findall("[A-Za-z]+", path.replace("$.$defs", "")))
    return place.endswith(told)
