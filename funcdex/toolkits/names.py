"""Names that every function-calling API takes, made from names that it would not."""

from __future__ import annotations

import re

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


def toolkit_name_from(text: str) -> str:
    """A toolkit's name, [a-z0-9_]+, near to `text`, or "" if nothing of it can stay."""
    return name_from(text.lower().replace("-", "_"))
