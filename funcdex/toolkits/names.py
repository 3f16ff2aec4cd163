"""Names that every function-calling API takes, made from names that it would not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from funcdex.toolkits.notes import Notebook
from funcdex.types.tools import FUNCTION_NAME_PATTERN

LONGEST = 64
_FUNCTION_NAME = re.compile(FUNCTION_NAME_PATTERN)
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9_-]+")


def is_name(text: str) -> bool:
    """Whether it can name a tool or a toolkit as it stands."""
    return _FUNCTION_NAME.fullmatch(text) is not None


def name_from(text: str) -> str:
    """A valid name near to `text`, or "" if nothing of it can stay: `gmail.users.stop` -> `gmail_users_stop`.

    Of a long text the end is kept, from the start of a word: that is where names of one toolkit differ.
    """
    name = _trimmed(_NOT_A_NAME.sub("_", text))
    if len(name) <= LONGEST:
        return name
    end = name[-LONGEST:]
    cut = end.find("_") if name[-LONGEST - 1] != "_" else -1
    return _trimmed(end[cut + 1 :] if cut < LONGEST // 2 else end)


def _trimmed(name: str) -> str:
    # `__init`, `x_`: underlines of the text itself stay only inside, where they part words.
    return re.sub(r"_{2,}", "_", name).strip("_-")


def unique_name(name: str, taken: dict[str, int]) -> str:
    """`name`, or `name_2`, `name_3`... if it is taken; never longer than 64 characters.

    `taken` has with each name the number from which its namesakes are counted, 2 at first: 10,000 operations
    of one name would else be compared with one another.
    """
    if name not in taken:
        return name
    while (made := f"{name[: LONGEST - len(str(taken[name])) - 1]}_{taken[name]}") in taken:
        taken[name] += 1
    return made


def named_apart(given: str, taken: dict[str, int], file: str, notebook: Notebook) -> str:
    """A valid name near to `given` that is not `taken`, where it is entered. Notes whether it is another."""
    name = unique_name(given if is_name(given) else name_from(given) or "tool", taken)
    taken[name] = 2
    if name != given:
        notebook.add(file, "names are changed to what every API takes", f"{given!r} to {name!r}")
    return name


def with_valid_arguments(schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, str]]:
    """`schema`, its own properties under names that every API takes, and which were called what before.

    `filter[name]` becomes `filter_name`, `$top` becomes `top`. Fields of fields keep their names: they are
    data that the API reads, no arguments. A schema whose properties nothing has to be done for is returned
    as it is.
    """
    properties = schema.get("properties")
    if not isinstance(properties, dict) or all(map(is_name, properties)):
        return schema, {}
    taken = {name: 2 for name in properties if is_name(name)}
    renamed: dict[str, str] = {}
    for name in properties:
        if not is_name(name):
            renamed[name] = unique_name(name_from(name) or "argument", taken)
            taken[renamed[name]] = 2
    made = {**schema, "properties": {renamed.get(name, name): one for name, one in properties.items()}}
    required = schema.get("required")
    if isinstance(required, list):
        made["required"] = [renamed.get(name, name) if isinstance(name, str) else name for name in required]
    return made, {new: old for old, new in renamed.items()}


def toolkit_name_from(text: str) -> str:
    """A toolkit's name, [a-z0-9_]+, near to `text`, or "" if nothing of it can stay."""
    return name_from(text.lower().replace("-", "_"))
