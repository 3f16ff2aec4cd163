"""The kinds of scenario. What each means for writers, grammars and checks is said in `stages/kinds.py`."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal[
    "happy_path",
    "multi_step",
    "parallel_calls",
    "tool_error",
    "missing_parameter",
    "missing_tool",
    "irrelevant_request",
    "change_of_mind",
    "ambiguous_request",
    "long_context",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Every kind, the plainest first."""
