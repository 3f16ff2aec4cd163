"""The viewer's pages as a site of files, with links that work wherever the folder lies, also without a
server."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from funcdex.errors import ConfigError
from funcdex.viewer.figures import dashboard
from funcdex.viewer.index import Index
from funcdex.viewer.links import STATIC, SiteLinks, conversation_file
from funcdex.viewer.query import Filters, Page, facets, page
from funcdex.viewer.render import Pages
from funcdex.viewer.source import index_folder, look_at
from funcdex.viewer.views import View, conversation_view

ROWS_OF_A_PAGE = 100
ROWS_OF_A_PART = 2_000
"""Of the index that is searched, which is loaded part by part."""
MOST_WORDS_CHARS = 600
"""Of each conversation that can be searched."""
MARK = "funcdex-site.json"
_ASSETS = ("viewer.css", "viewer.js", "icon.svg")


def write_site(path: Path, folder: Path, *, force: bool = False) -> int:
    """Makes the folder; how many conversations it shows. Blocks. Raises ConfigError, CheckpointError."""
    _refuse_existing(folder, force=force)
    looked = look_at(path, read_only=True)
    with contextlib.ExitStack() as closing:
        index = Index(looked, index_folder(looked, closing) / "index.sqlite")
        closing.callback(index.close)
        index.grow_to_the_end()
        work = _Site(View(looked, index), folder)
        return work.write()


def _refuse_existing(folder: Path, *, force: bool) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not force or not (folder / MARK).is_file():
        raise ConfigError(
            "something is there already",
            where=str(folder),
            fix="Name another folder; --force replaces an earlier site, and nothing else.",
        )
    shutil.rmtree(folder)


class _Site:
    def __init__(self, view: View, folder: Path) -> None:
        self._view, self._folder = view, folder
        title = view.looked.title
        self._pages = {depth: Pages(SiteLinks(depth), title=title, writable=False) for depth in (0, 2)}
        self._parts = 0

    def write(self) -> int:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / MARK).write_text(json.dumps({"of": self._view.looked.title}) + "\n", "utf-8")
        for name in _ASSETS:
            (self._folder / "static").mkdir(exist_ok=True)
            shutil.copyfile(STATIC / name, self._folder / "static" / name)
        count = self._write_conversations()
        self._write_lists(count)
        told = dashboard(self._view.index, self._view.looked)
        self._put("dashboard.html", 0, "dashboard.html", {"told": told, "running": False, "follows": False})
        return count

    def _write_conversations(self) -> int:
        count, part = 0, list[dict[str, str]]()
        for row in self._rows():
            told = conversation_view(self._view, row, Filters())
            self._put(conversation_file(row["n"]), 2, "conversation.html", {**told, "running": False})
            part.append(_found(row, told))
            count += 1
            if len(part) == ROWS_OF_A_PART:
                self._write_part(part)
                part = []
        if part:
            self._write_part(part)
        return count

    def _write_lists(self, count: int) -> None:
        known = {"filters": Filters(), "facets": facets(self._view.index), "found": count, "more": False}
        number, after = 1, ""
        while True:
            found = page(self._view.index, Filters(), after=after, rows=ROWS_OF_A_PAGE)
            shown = Page(
                found.rows,
                before=_list_file(number - 1) if number > 1 else None,
                after=_list_file(number + 1) if found.after else None,
            )
            told = {**known, "page": shown, "parts": self._parts, "running": False}
            self._put(_list_file(number), 0, "list.html", told)
            if not found.after:
                return
            number, after = number + 1, found.after

    def _rows(self) -> Iterator[sqlite3.Row]:
        after = ""
        while True:
            found = page(self._view.index, Filters(), after=after, rows=ROWS_OF_A_PAGE)
            yield from found.rows
            if not found.after:
                return
            after = found.after

    def _write_part(self, part: list[dict[str, str]]) -> None:
        # ASCII alone, so that no reader takes it for another encoding; it is a script, since a page that is a
        # file may load those and nothing else.
        text = f"funcdexFound({json.dumps(part)});\n".replace("<", "\\u003c")
        target = self._folder / "search" / f"{self._parts}.js"
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, "ascii")
        self._parts += 1

    def _put(self, name: str, depth: int, template: str, context: dict[str, Any]) -> None:
        target = self._folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self._pages[depth].render(template, context), "utf-8")


def _found(row: sqlite3.Row, told: dict[str, Any]) -> dict[str, str]:
    """A row of the index that the site's script searches."""
    chat = told["chat"]
    said = " ".join(piece.text for turn in (chat.turns if chat else ()) for piece in turn.user)
    meta = [row["decision"] or row["state"], row["reason"], row["toolkit"], row["kind"], row["key"]]
    words = " ".join([row["title"], *filter(None, meta), said[:MOST_WORDS_CHARS]])
    return {
        "href": conversation_file(row["n"]),
        "title": row["title"] or row["key"],
        "meta": " · ".join(one.replace("_", " ") for one in meta[:4] if one) + f" · {row['key']}",
        "text": words.lower(),
    }


def _list_file(number: int) -> str:
    return "index.html" if number == 1 else f"page-{number:04d}.html"
