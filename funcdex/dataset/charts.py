"""The pictures of a dataset card, which lie beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from funcdex.dataset.figures import Figures
from funcdex.plots import Bars, as_png, histogram

FOLDER = "figures"
_MOST_BARS = 20


def pictures_of(figures: Figures) -> Mapping[str, tuple[str, bytes]]:
    """What each shows, and the PNG, by its name below the export's folder. The same figures give the same."""
    charts = {
        "kinds": _counted("Kinds of conversation", figures.kinds),
        "toolkits": _counted("Toolkits", figures.toolkits),
        "messages": histogram("Messages of a conversation", {"": figures.by_messages}, "messages"),
        "calls": histogram("Calls of a conversation", {"": figures.by_calls}, "calls"),
        "arguments": histogram("Arguments of a call", {"": figures.by_arguments}, "arguments", "calls"),
    }
    return {
        f"{FOLDER}/{name}.png": (chart.title, as_png([chart]))
        for name, chart in charts.items()
        if not chart.empty
    }


def _counted(title: str, counts: Counter[str]) -> Bars:
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    shown, rest = ranked[:_MOST_BARS], ranked[_MOST_BARS:]
    if rest:
        shown.append((f"{len(rest)} others", sum(count for _, count in rest)))
    return Bars(title, [name for name, _ in shown], [("", [count for _, count in shown])], "conversations")
