"""Whether a regular expression is one that Python reads without complaint."""

from __future__ import annotations

import re
import warnings
from typing import Any


def compiles(pattern: Any) -> bool:
    """False as well for what Python only warns of (`[[a]`), because its meaning is to change."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, TypeError, OverflowError, RecursionError, Warning):
        return False
    return True
