"""What each page shows, as values for its template. Blocks: to be called in a thread."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from funcdex.dataset.earlier import Earlier
from funcdex.errors import FuncdexError, MarkupError
from funcdex.rundir.review import Review
from funcdex.types.fault import Fault
from funcdex.types.tools import Tool
from funcdex.viewer.chat import Chat, chat_of
from funcdex.viewer.diff import compared, lines_of
from funcdex.viewer.figures import dashboard
from funcdex.viewer.index import Index
from funcdex.viewer.jsontree import json_lines
from funcdex.viewer.provenance import Provenance, provenance_of
from funcdex.viewer.query import Filters, by_key, count, facets, known, neighbours, page
from funcdex.viewer.records import (
    Told,
    faults_in,
    history_of,
    review_of,
    told_by,
    versions_of,
    with_text,
)
from funcdex.viewer.source import Looked

MOST_RAW_CHARS = 400_000
ASPECTS = ("tool_choice", "arguments", "use_of_response", "user_clarity", "naturalness")


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at, and its index."""

    looked: Looked
    index: Index


def list_view(view: View, filters: Filters, *, after: str = "", before: str = "") -> dict[str, Any]:
    """The list: a page of rows, how many there are, what one can filter by."""
    found, more = count(view.index, filters)
    return {
        "page": page(view.index, filters, after=after, before=before),
        "found": found,
        "more": more,
        "facets": facets(view.index),
        "filters": filters,
        "running": view.looked.running,
        **progress(view),
    }


def progress(view: View) -> dict[str, Any]:
    """How far the index and the run are."""
    newest = view.index.reading.execute("SELECT coalesce(max(n), 0) FROM conversation").fetchone()[0]
    return {"newest": newest, "known": known(view.index), "planned": view.looked.planned}


def conversation_view(view: View, row: sqlite3.Row, filters: Filters, version: str = "") -> dict[str, Any]:
    """A conversation in one of its versions: the edited one if there is one, else as recorded."""
    recorded = told_by(view.index, view.looked, row)
    review = review_of(view.looked, row["key"])
    history = history_of(view.index, view.looked, row["key"], recorded)
    versions = versions_of(recorded, history, review.edit)
    chosen = version if version in versions else "edited" if "edited" in versions else "recorded"
    told = _in_version(recorded, versions, chosen)
    is_latest = chosen in ("recorded", "edited")
    before, after = neighbours(view.index, filters, row)
    return {
        "row": row,
        "told": told,
        "record": told.record,
        "review": review,
        "filters": filters,
        "versions": list(versions),
        "version": chosen,
        "before": before,
        "after": after,
        "earlier": history.earlier,
        "chat": _chat(told, view.looked, history.earlier if is_latest else (), judged=is_latest),
        "running": view.looked.running,
        **_panels(told),
    }


def compare_view(view: View, sides: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Two versions, each a key and the name of a version. Where none is named it is the latest; on the left
    of the same conversation the first."""
    shown: list[dict[str, Any]] = []
    of_one = len({key for key, _ in sides}) == 1
    for key, version in sides:
        row = by_key(view.index, key) if key else None
        if row is None:
            shown.append({"key": key, "version": "", "options": [], "lines": [], "missing": bool(key)})
            continue
        recorded = told_by(view.index, view.looked, row)
        history = history_of(view.index, view.looked, key, recorded)
        versions = versions_of(recorded, history, review_of(view.looked, key).edit)
        usual = ([*versions] or ["recorded"])[0 if of_one and not shown else -1]
        chosen = version if version in versions else usual
        told = _in_version(recorded, versions, chosen)
        lines = lines_of(told.conversation) if told.conversation else told.dml.split("\n")
        shown.append(
            {
                "key": key,
                "row": row,
                "version": chosen,
                "options": [(name, name) for name in versions],
                "lines": lines,
                "missing": False,
            }
        )
    pairs = compared(shown[0]["lines"], shown[1]["lines"]) if all(one.get("row") for one in shown) else None
    return {"left": shown[0], "right": shown[1], "pairs": pairs, "running": view.looked.running}


def dashboard_view(view: View) -> dict[str, Any]:
    """The dashboard, and whether it `follows` what goes on; `version` is another one if any figure is."""
    told = dashboard(view.index, view.looked)
    follows = told.running or view.index.behind
    version = hashlib.sha256(repr((told, follows)).encode("utf-8", "replace")).hexdigest()[:16]
    return {"told": told, "running": told.running, "follows": follows, "version": version}


def edit_view(view: View, row: sqlite3.Row, text: str | None = None) -> dict[str, Any]:
    """The text of a conversation and what is wrong with it: that which was sent, or the latest version."""
    recorded = told_by(view.index, view.looked, row)
    review = review_of(view.looked, row["key"])
    shown = text if text is not None else review.edit.dml if review.edit else recorded.dml
    unreadable, faults = "", tuple[Fault, ...]()
    try:
        faults = faults_in(with_text(recorded, shown), view.looked)
    except MarkupError as error:
        line = shown.count("\n", 0, error.position) + 1
        unreadable = f"Line {line}: {error.what}"
    return {
        "row": row,
        "text": shown,
        "faults": faults,
        "unreadable": unreadable,
        "review": review,
        "recorded": recorded.dml,
        "running": view.looked.running,
    }


def row_review(view: View, row: sqlite3.Row) -> Review:
    """What was decided of a row's conversation."""
    return review_of(view.looked, row["key"])


def _in_version(recorded: Told, versions: Mapping[str, str], chosen: str) -> Told:
    if chosen == "recorded" or chosen not in versions:
        return recorded
    try:
        return with_text(recorded, versions[chosen])
    except MarkupError as error:
        return replace(recorded, conversation=None, dml=versions[chosen], unreadable=str(error))


def _chat(told: Told, looked: Looked, earlier: Sequence[Earlier], *, judged: bool) -> Chat | None:
    if told.conversation is None:
        return None
    tools = told.tools or ()
    try:
        provenance = provenance_of(told.conversation, tools, told.given)
        faults = faults_in(told, looked)
    except (FuncdexError, ValueError, RecursionError):  # A page without links is better than none.
        provenance, faults = Provenance(), ()
    return chat_of(
        told.conversation,
        system=told.given.system or "",
        tools=told.tools,
        errors_fit=told.errors_fit,
        faults=faults,
        provenance=provenance,
        verdicts=_verdicts(told.record) if judged else {},
        earlier=earlier,
    )


def _verdicts(record: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    told = _mapping(_mapping(record.get("lineage")).get("verdicts")).get("turns")
    turns = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return {one["turn"]: one for one in turns if isinstance(one.get("turn"), int)}


def _panels(told: Told) -> dict[str, Any]:
    """What stands beside the chat: plan, requests, judges, tools, raw."""
    record, lineage = told.record, _mapping(told.record.get("lineage"))
    metadata = _mapping(record.get("metadata"))
    texts = {
        "Scenario": lineage.get("scenario") or metadata.get("scenario") or record.get("scenario"),
        "Persona": lineage.get("persona") or metadata.get("user_persona"),
        "Outline": lineage.get("outline") or metadata.get("disposition"),
    }
    blueprint = record.get("blueprint")
    verdicts = _mapping(lineage.get("verdicts"))
    scores = record.get("scores")
    try:
        raw = json.dumps(record, ensure_ascii=False, indent=2)
    except ValueError as error:  # A number of more digits than Python writes.
        raw = f"It cannot be shown: {error}"
    return {
        "texts": {name: text for name, text in texts.items() if isinstance(text, str) and text},
        "blueprint": json_lines(blueprint, most=1_000) if isinstance(blueprint, dict) else [],
        "requests": _listed(lineage.get("requests"))[:500],
        "corrections": _listed(lineage.get("corrections"))[:100],
        "prompts": _mapping(record.get("prompts")),
        "verdicts": verdicts,
        "votes": _listed(verdicts.get("votes"))[:20],
        "dissent": _listed(verdicts.get("dissent"))[:100],
        "scores": {k: v for k, v in _mapping(scores).items() if isinstance(v, int | float)},
        "reasoning": _mapping(scores).get("reasoning") or "",
        "aspects": ASPECTS,
        "tools": [_tool(tool) for tool in told.tools or ()],
        "raw": raw[:MOST_RAW_CHARS],
        "raw_is_cut": len(raw) > MOST_RAW_CHARS,
        "facts": _facts(record, lineage),
    }


def _facts(record: Mapping[str, Any], lineage: Mapping[str, Any]) -> dict[str, str]:
    found = {
        name: record.get(name)
        for name in ("kind", "variant", "difficulty", "today", "model", "endpoint", "seed", "simulated")
    }
    written = lineage.get("written_at")
    found["written"] = written[:16].replace("T", " ") if isinstance(written, str) else None
    found["version"] = lineage.get("funcdex")
    tokens = _mapping(record.get("tokens"))
    if tokens:
        found["tokens"] = f"{tokens.get('prompt')} in, {tokens.get('completion')} out"
    return {name: str(value)[:300] for name, value in found.items() if value not in (None, "", False)}


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": json_lines(tool.parameters, most=200),
        "response": json_lines(tool.response, most=200) if tool.response else [],
    }


def _listed(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
