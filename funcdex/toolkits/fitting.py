"""Finds the fullest form of a schema that is still of a usable size for one tool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from funcdex.toolkits.json_size import json_chars
from funcdex.toolkits.keywords import walk
from funcdex.toolkits.operation import Operation, Source
from funcdex.toolkits.place import refuse
from funcdex.toolkits.schema import DETAILS, Expansion, Side, TooLarge

# Larger than this even in its scantest form, a schema is given up.
_GIVE_UP_CHARS = 200_000
_TRIMMED = "optional arguments or fields are left out to keep a tool of usable size"


def fitted(
    write: Callable[[Expansion], dict[str, Any]],
    side: Side,
    most_chars: int,
    operation: Operation,
    source: Source,
) -> dict[str, Any]:
    """What `write` makes at the fullest detail that fits `most_chars`.

    If none fits, the scantest form without as many optional properties as needed; what is required
    stays, whatever its size. Notes what that cost. Raises ToolDefinitionError if it is beyond all bounds.
    """
    budgets = [(detail, most_chars) for detail in DETAILS] + [(DETAILS[-1], _GIVE_UP_CHARS)]
    for detail, budget in budgets:
        if source.work.chars_left <= 0:
            refuse("the document stands for too much", operation.place, "Split it into several.")
        expansion = Expansion(source.document, side, detail, budget, operation.place, source.memo)
        try:
            schema = write(expansion)
        except TooLarge:
            continue
        finally:
            source.work.chars_left -= expansion.worked_chars
        if budget == most_chars and json_chars(schema) > budget:  # the count on the way is only about right
            continue
        source.work.chars_left -= expansion.spent_chars - expansion.worked_chars
        if budget > most_chars:
            schema = _copied(schema)
            if trim(schema, most_chars):
                expansion.changes.add(_TRIMMED)
        for change in sorted(expansion.changes):
            operation.note(source, change)
        return schema
    refuse("its schema is far too large, even cut short", operation.place, "Describe less in the document.")


def trim(schema: dict[str, Any], most_chars: int) -> bool:
    """Takes optional properties away, inner and last ones first, as far as needed; whether it took any."""
    size = whole = json_chars(schema)
    for _, owner in reversed(list(walk(schema))):
        properties, required = owner.get("properties", {}), owner.get("required", ())
        for name in [name for name in reversed(properties) if name not in required]:
            if size > most_chars:
                size -= json_chars({name: properties.pop(name)})
    return size < whole


def _copied(value: Any) -> Any:
    """A copy of JSON all through: parts of it are those of other tools."""
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value
