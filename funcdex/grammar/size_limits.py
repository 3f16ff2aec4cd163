"""Schemas so large that building their grammar alone would take seconds: refused before that, with the
place."""

from __future__ import annotations

from collections.abc import Mapping

from funcdex.errors import GrammarError
from funcdex.types.tools import JsonSchema, Tool

MAX_PROPERTIES = 500
"""Of one object. Each optional one is a rule that leads to the next, and engines follow them on their
stack: with 2 MB of it llguidance ends its process at about 700."""
MAX_LISTED = 10_000
"""Values of one enum, or items of one constant: a fifth of a second to compile, and the time grows with the
square."""
MAX_PARTS = 50_000
"""Keys and items of a whole schema. Building takes about 20 us for each."""


def refuse_large(tool: Tool) -> None:
    """Raises GrammarError, naming the place, if a schema of the tool is larger than grammars are made of."""
    for side, schema in (("parameters", tool.parameters), ("response", tool.response)):
        if fault := _fault(schema):
            path, what = fault
            raise too_large(tool, side, path, what)


def too_large(tool: Tool, side: str, path: str, what: str) -> GrammarError:
    """The error that says which part of a tool makes no grammar."""
    return GrammarError(
        f"no grammar can be made of it: {what}",
        where=f"tool {tool.toolkit}/{tool.name}, {side}: {path}",
        fix="Make this part of the schema smaller, or leave the tool out.",
    )


def _fault(schema: JsonSchema) -> tuple[str, str] | None:
    """Where the schema is too large, and why. It may be nested as deep as it likes."""
    parts = 0
    ahead: list[tuple[str, object]] = [("$", schema)]
    while ahead:
        path, value = ahead.pop()
        if not isinstance(value, Mapping | list | tuple):
            continue
        if what := _too_many(path, value):
            return path, what
        parts += len(value)
        if parts > MAX_PARTS:
            return "$", f"it has more than {MAX_PARTS:,} parts"
        named = value.items() if isinstance(value, Mapping) else enumerate(value)
        ahead.extend(
            (f"{path}.{name}" if isinstance(name, str) else f"{path}[{name}]", part) for name, part in named
        )
    return None


def _too_many(path: str, value: Mapping[str, object] | list[object] | tuple[object, ...]) -> str:
    if isinstance(value, Mapping):
        properties = value.get("properties")
        if isinstance(properties, Mapping) and len(properties) > MAX_PROPERTIES:
            return f"{len(properties):,} properties, at most {MAX_PROPERTIES:,} make one"
    elif len(value) > MAX_LISTED:
        return f"{len(value):,} values, at most {MAX_LISTED:,} make one"
    return ""
