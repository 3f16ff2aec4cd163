"""Regular expressions as descriptions of interfaces have them."""

from __future__ import annotations

import re
import warnings
from typing import Any

_LITERAL = re.compile(r"/(\^.*\$)/[a-z]*", re.DOTALL)


def unslashed(pattern: str) -> str:
    """Of JavaScript's literal, `/^[a-z]+$/i`, what stands between the slashes: with them it matches no text.

    Flags are left out. `i` allows more, but for the complement of a set, which is left as it is."""
    literal = _LITERAL.fullmatch(pattern)
    return literal[1] if literal and "[^" not in pattern else pattern


def compiles(pattern: Any) -> bool:
    """Whether Python reads it without complaint: false as well for what it only warns of (`[[a]`), because
    its meaning is to change."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, TypeError, OverflowError, RecursionError, Warning):
        return False
    return True
