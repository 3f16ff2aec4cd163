"""Templates -> pages. All that stands in records is text there: every value is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from funcdex.printable import printable
from funcdex.viewer.links import Links
from funcdex.viewer.query import ORDERS, STATES

_STATE_NAMES = {
    "accepted": "Accepted",
    "rejected": "Rejected",
    "flagged": "Flagged",
    "edited": "Edited",
    "noted": "With a note",
    "by_hand": "Decided by hand",
    "open": "Not looked at yet",
}
_ORDER_NAMES = {
    "new": "Newest first",
    "old": "Oldest first",
    "worst": "Lowest score first",
    "best": "Highest score first",
    "long": "Longest first",
    "short": "Shortest first",
}


class Pages:
    """The templates, with what they all need."""

    def __init__(self, links: Links, *, title: str, writable: bool, token: str = "") -> None:
        self.environment = Environment(
            loader=PackageLoader("funcdex.viewer"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters |= {
            "number": _number,
            "words": _words,
            "seen": _seen,
            "compact": _compact,
        }
        self.environment.globals |= {
            "links": links,
            "run_title": printable(title),
            "writable": writable,
            "token": token,
            "states": {name: _STATE_NAMES[name] for name in STATES},
            "orders": {name: _ORDER_NAMES[name] for name in ORDERS},
        }

    def make_ready(self) -> None:
        """Reads every template now, so that the first page need not wait for it."""
        for name in self.environment.list_templates():
            self.environment.get_template(name)

    def render(self, template: str, context: Mapping[str, Any]) -> str:
        """A page, or a part of one. What no encoding can say of it is replaced."""
        text = self.environment.get_template(template).render(context)
        return text.encode("utf-8", "replace").decode()


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _compact(value: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def _words(code: str) -> str:
    """A code as words: `tool_error` is "tool error"."""
    return code.replace("_", " ")


def _seen(text: object) -> str:
    """A text with what cannot be seen, or turns the direction of writing, made visible."""
    return printable(str(text))
