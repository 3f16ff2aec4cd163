"""Runs and files to look at, and a client of the viewer over them."""

from __future__ import annotations

import contextlib
import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from funcdex.rundir.layout import RunDir
from funcdex.rundir.review import Review, read_reviews
from funcdex.types.record import OutputName
from funcdex.viewer.app import application
from funcdex.viewer.following import Follower
from funcdex.viewer.index import Index
from funcdex.viewer.source import look_at
from funcdex.viewer.views import View

ROOT = Path(__file__).parents[2]
TOKEN = "the-token"
HOSTILE = (
    "<script>window.hacked = 1</script>",
    '"><img src=x onerror="window.hacked = 1">',
    "javascript:window.hacked=1",
    "{{ 7 * 7 }} {% raw %}",
    "</pre></textarea></title><svg onload=window.hacked=1>",
    "\u202eevil\u2066 \x00\x1b[31m \ud800",
    "'; DROP TABLE conversation; --",
)


@dataclass(frozen=True)
class Viewed:
    """A viewer and its client; `index` grows when it is told to."""

    view: View
    client: TestClient

    @property
    def index(self) -> Index:
        return self.view.index

    def page(self, path: str, status: int = 200) -> str:
        response = self.client.get(path)
        assert response.status_code == status, response.text
        return response.text

    def send(self, path: str, **fields: str) -> str:
        """A form, as a page of the viewer sends it; the page it leads to."""
        response = self.client.post(path, data={"token": TOKEN, **fields})
        assert response.status_code == 200, response.text
        return response.text

    def review(self, key: str) -> Review:
        """What was written down of a conversation."""
        return read_reviews(self.view.looked.review).get(key, Review())


def full_run(path: Path, count: int = 60) -> RunDir:
    """A run whose conversations have all ended, made by bench/planted/run.py."""
    # In a process of its own: a module of these tests has the name of that package.
    there = os.pathsep.join((str(ROOT / "bench"), str(ROOT)))
    command = [sys.executable, "-m", "planted.run", str(path), str(count)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": there}, timeout=300)
    return RunDir(path)


@contextlib.contextmanager
def viewed(path: Path, *, read_only: bool = False) -> Iterator[Viewed]:
    """The viewer of a run or file, its index made; without the thread that follows."""
    looked = look_at(path, read_only=read_only)
    folder = path.parent / "index"
    folder.mkdir(exist_ok=True)
    index = Index(looked, folder / "index.sqlite")
    index.grow_to_the_end()
    view = View(looked, index)
    client = TestClient(application(view, Follower(index), hosts={"testserver"}, token=TOKEN))
    try:
        yield Viewed(view, client)
    finally:
        index.close()


def ids(page: str) -> list[str]:
    """Of the conversations in a list, in order."""
    return [html.unescape(one) for one in re.findall(r'<span class="id">([^<]+)</span>', page)]


def records(run: RunDir, name: OutputName) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run.output(name).read_text("utf-8").splitlines()]


def hostile_record(number: int, text: str) -> dict[str, Any]:
    """A record in which everything that can hold a text holds this one."""
    call = {
        "id": "call_0",
        "type": "function",
        "function": {"name": text[:60], "arguments": json.dumps({text: [text]})},
    }
    name, said = text[:60], text.replace("\ud800", "")
    found = json.dumps({"found": [text]})
    request = {"stage": text, "prompt": text, "model": text, "endpoint": text, "sampling": {text: text}}
    function = {"name": name, "description": text, "parameters": {"type": "object", "title": text}}
    return {
        "id": f"{number}{text}",
        "toolkits": [text],
        "kind": text,
        "model": text,
        "endpoint": text,
        "reason": text,
        "stage": text,
        "scores": {"tool_use_quality": 4, "reasoning": text, text: 3},
        "blueprint": {text: text},
        "prompts": {text: text},
        "system_prompt": text,
        "messages": [
            {"role": "user", "content": said},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_0", "name": name, "content": found},
            {"role": "assistant", "content": f"Done: {said}"},
        ],
        "tools": [{"type": "function", "function": function}],
        "lineage": {
            "scenario": text,
            "persona": text,
            "outline": text,
            "requests": [request],
            "corrections": [{"sample": text, "turn": text, "how": text, "reasons": [text]}],
            "verdicts": {
                "turns": [{"turn": 1, "verdict": text, "arguments": text, "reasons": {"arguments": text}}],
                "votes": [{"model": text, text: text}],
                "dissent": [{"turn": text, "aspect": text, "verdict": text, "model": text, "reason": text}],
            },
        },
    }  # fmt: skip


def hostile_file(path: Path) -> Path:
    """A file of records in which every text is hostile."""
    lines = [json.dumps(hostile_record(number, text)) for number, text in enumerate(HOSTILE)]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path
