"""What the dialects write alike."""

from __future__ import annotations

from funcdex.grammar.ir import Repeat


def times(repeat: Repeat) -> str:
    """The suffix that repeats what stands before it: `*`, `+`, `?`, `{2,5}`, `{2,}`."""
    match (repeat.least, repeat.most):
        case (0, None):
            return "*"
        case (1, None):
            return "+"
        case (0, 1):
            return "?"
        case (least, most):
            return f"{{{least},{'' if most is None else most}}}"
