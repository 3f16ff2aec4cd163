"""Where something stands in a file, for messages; and first checks of parsed JSON, which name the place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn

from funcdex.errors import ToolDefinitionError

_LONGEST_COMPARED = 100
_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")


@dataclass(frozen=True, slots=True)
class Place:
    """A file and the steps into it, written as a JSON path: `tools.json: $.tools[3].name`."""

    file: str
    steps: tuple[str | int, ...] = ()

    def at(self, *steps: str | int) -> Place:
        """The place that steps lead to: keys of objects, and indices of arrays from 0."""
        return Place(self.file, self.steps + steps)

    @property
    def path(self) -> str:
        """The steps as a JSON path."""
        return "$" + "".join(map(_written, self.steps))

    def __str__(self) -> str:
        return f"{self.file}: {self.path}"


def _written(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN_KEY.fullmatch(step) else f"[{json.dumps(step, ensure_ascii=False)}]"


def refuse(what: str, place: Place, fix: str) -> NoReturn:
    """Raises ToolDefinitionError."""
    raise ToolDefinitionError(what, where=str(place), fix=fix)


def object_at(value: Any, place: Place, what: str) -> dict[str, Any]:
    """`value` if it is a JSON object. `what` names it in the message: `a toolkit`."""
    if not isinstance(value, dict):
        refuse(f"{what} is an object, here stands {kind_of(value)}", place, "Write a JSON object.")
    return value


def array_at(value: Any, place: Place, what: str) -> list[Any]:
    """`value` if it is a JSON array."""
    if not isinstance(value, list):
        refuse(f"{what} is an array, here stands {kind_of(value)}", place, "Write a JSON array.")
    return value


def text_at(value: Any, place: Place, what: str) -> str:
    """`value` if it is a JSON string."""
    if not isinstance(value, str):
        refuse(f"{what} is a string, here stands {kind_of(value)}", place, "Write a JSON string.")
    return value


def member(data: Mapping[str, Any], key: str, place: Place) -> Any:
    """`data[key]`, refused if it is missing."""
    if key not in data:
        refuse(f"the key {key!r} is missing", place, f"Add {key!r}.")
    return data[key]


def refuse_unknown_keys(data: Mapping[str, Any], known: tuple[str, ...], place: Place) -> None:
    """A misspelt `parameters` would otherwise be a tool that takes nothing."""
    for key in data:
        if key not in known:
            near = get_close_matches(key[:_LONGEST_COMPARED], known, n=1)
            meant = f"Did you mean {near[0]!r}?" if near else f"Keys are {', '.join(known)}."
            refuse(f"the key {key!r} is not known here", place, meant)


def kind_of(value: Any) -> str:
    """What JSON calls it, with an article: `an array`."""
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return "null" if value is None else type(value).__name__


# bool stands before int, whose subclass it is.
_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (int, "a number"),
    (float, "a number"),
    (str, "a string"),
    (list, "an array"),
    (dict, "an object"),
)
