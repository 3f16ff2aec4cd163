"""What the documents say of the code is what the code says, and the README's commands do what they say."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import anyio.to_thread
import pytest

from funcdex.cli.reference import as_markdown as commands_as_markdown
from funcdex.settings.reference import as_markdown
from funcdex.sim.config import SimConfig
from funcdex.sim.process import simulated_processes

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

OPENAPI = {
    "openapi": "3.0.3",
    "info": {"title": "Library", "version": "1"},
    "paths": {
        "/books": {
            "get": {
                "operationId": "findBooks",
                "summary": "Find books by a word of the title.",
                "parameters": [
                    {"name": "title", "in": "query", "required": True, "schema": {"type": "string"}}
                ],
                "responses": {
                    "200": {
                        "description": "Books.",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {"ids": {"type": "array", "items": {"type": "string"}}},
                                }
                            }
                        },
                    }
                },
            }
        }
    },
}


def shell_commands(page: Path) -> list[list[str]]:
    """The funcdex commands in a page's shell blocks, as arguments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), flags=re.M | re.S)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [line[1:] for line in words if line and line[0].endswith("funcdex")]


def run_all(commands: list[list[str]], folder: Path) -> list[subprocess.CompletedProcess[str]]:
    return [
        subprocess.run(
            [sys.executable, "-m", "funcdex", *words],
            cwd=folder, capture_output=True, text=True, timeout=200, check=False,
        )
        for words in commands
    ]  # fmt: skip


async def test_the_commands_of_the_readme_work(tmp_path: Path) -> None:
    (tmp_path / "my_openapi.yaml").write_text(json.dumps(OPENAPI), "utf-8")
    written = shell_commands(ROOT / "README.md")
    assert len(written) >= 7
    async with simulated_processes(2, SimConfig(step_ms=0.0)) as (one, two):
        there = {"http://gpu1:8000": one.url, "http://gpu2:8000": two.url}
        stand_ins = {"1000": "4", "100": "3"} | there
        commands = [
            [",".join(stand_ins.get(part, part) for part in word.split(",")) for word in words]
            for words in written
        ]
        results = await anyio.to_thread.run_sync(run_all, commands, tmp_path)
    for words, result in zip(written, results, strict=True):
        # A judge that draws at random may reject one of the few.
        allowed = (0, 5) if words[0] in ("generate", "resume") else (0,)
        assert result.returncode in allowed, f"{words}: {result.stderr}"
        assert "leaked" not in result.stderr
    assert (tmp_path / "runs" / "mine" / "parsed_conversations.jsonl").is_file()


def test_the_settings_page_is_current() -> None:
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == as_markdown(), "run `make docs`"


def test_the_page_of_commands_is_current() -> None:
    assert (ROOT / "docs" / "cli.md").read_text("utf-8") == commands_as_markdown(), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.S)
    targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", prose)
    missing = [one for one in targets if "://" not in one and not (page.parent / one).exists()]
    assert missing == []


def test_every_guarantee_names_a_test_that_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "guarantees.md").read_text("utf-8"))
    assert len(named) > 10
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text("utf-8"), flags=re.M)
    ]
    assert missing == []
