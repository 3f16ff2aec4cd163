"""Several evaluations beside each other, as Markdown and as one page of HTML that needs nothing else.

Names of models, toolkits and whatever else comes from outside stand in both as text: nothing in them is
markup, and nothing of them runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from funcdex.errors import ConfigError
from funcdex.evaluate.folder import EvalDir
from funcdex.evaluate.measures import MEASURES
from funcdex.evaluate.raising import MOST_BYTES
from funcdex.evaluate.tables import Report, Row, comparison, comparison_by, differences
from funcdex.ordinary_file import read_ordinary
from funcdex.printable import one_line

_FIX = "Name folders of evaluations: `funcdex eval ... --out DIR` makes one."
_KEYS = ("asked", "scores", "by", "tokens", "contexts", "unanswered", "flaws", "whole", "simulated", "cost")
_NOTHING_LOADED = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root { color-scheme: light dark; }
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1180px; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { padding: 3px 9px; border-bottom: 1px solid #8888; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.note { color: #b45f06; } dt { font-weight: 600; } dd { margin: 0 0 .4rem 1rem; }
"""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_CELL_CHARS = 200

_Section = tuple[str, list[Row]]


def read_report(path: Path) -> Report:
    """The scores in an evaluation's folder. Raises ConfigError."""
    scores = EvalDir(path).scores
    try:
        report: Any = json.loads(read_ordinary(scores, MOST_BYTES))
    except OSError as error:
        raise ConfigError(f"cannot read the scores: {error.strerror}", where=str(scores), fix=_FIX) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"these are no scores: {error}", where=str(scores), fix=_FIX) from error
    missing = [key for key in _KEYS if not isinstance(report, dict) or key not in report]
    if missing:
        raise ConfigError(f"these are no scores: {missing[0]!r} is missing", where=str(scores), fix=_FIX)
    return dict(report)


def sections(reports: Sequence[Report]) -> list[_Section]:
    """Titles and tables, without those that would be empty."""
    found = [("All contexts", comparison(reports))]
    found += [
        (f"AST match by {name}", comparison_by(reports, name, "ast_match"))
        for name in ("toolkit", "kind", "turn")
    ]
    return [(title, rows) for title, rows in found if rows]


def as_markdown(reports: Sequence[Report]) -> str:
    """All of it."""
    lines = ["# Evaluations", "", *(f"Note: {_marked(note)}.  " for note in differences(reports)), ""]
    for title, rows in sections(reports):
        lines += [f"## {title}", "", *_markdown_table(rows), ""]
    lines += ["Intervals are of 95 %, from resampled conversations.", ""]
    lines += [f"- {name.replace('_', ' ')}: {meaning}" for name, meaning in MEASURES.items()]
    return "\n".join(lines) + "\n"


def as_html(reports: Sequence[Report]) -> str:
    """All of it, as a page."""
    notes = "".join(f"<li>{_text(note)}</li>" for note in differences(reports))
    parts = ["<h1>Evaluations</h1>", f'<ul class="note">{notes}</ul>' if notes else ""]
    parts += [f"<h2>{_text(title)}</h2>{_html_table(rows)}" for title, rows in sections(reports)]
    meanings = "".join(
        f"<dt>{_text(name.replace('_', ' '))}</dt><dd>{_text(meaning)}</dd>"
        for name, meaning in MEASURES.items()
    )
    parts.append(f"<p>Intervals are of 95 %, from resampled conversations.</p><dl>{meanings}</dl>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>funcdex eval</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{_NOTHING_LOADED}">'
        f"<style>{_STYLE}</style></head><body>\n{chr(10).join(filter(None, parts))}\n</body></html>\n"
    )


def _markdown_table(rows: Sequence[Row]) -> list[str]:
    head = [_marked(name) for name in rows[0]]
    return [
        _line(head),
        _line(["---"] * len(head)),
        *(_line([_marked(cell) for cell in row.values()]) for row in rows),
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _html_table(rows: Sequence[Row]) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in rows[0])
    body = "".join(
        f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row.values())}</tr>\n" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


def _marked(text: str) -> str:
    """As it may stand in Markdown: one line, nothing in it a mark."""
    return _MARKDOWN.sub(r"\\\1", one_line(text, _CELL_CHARS))


def _text(text: str) -> str:
    """As it may stand in a page."""
    return escape(one_line(text, _CELL_CHARS))
