"""Every command in the pages does what it says there, on simulated endpoints."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio.to_thread
import pytest
from docs.blocks import ENVIRONMENT, ROOT, Block, arguments, blocks_of, outside_of_blocks, pages

from funcdex.sim.config import SimConfig
from funcdex.sim.process import simulated_processes

README = ROOT / "README.md"
PAIR = {"a": "A clerk archives the unpaid invoices.", "b": "Unpaid invoices are archived by a clerk."}
ALONE = ("generate", "resume", "tools")
"""Commands that later ones of a page build upon; of the others one that stands in several pages runs once."""
OTHER = {"a": "Book a room for the meeting on Monday.", "b": "Cancel the order of forty new chairs."}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_each_block_of_commands_is_run_or_says_why_not(page: Path) -> None:
    for block in blocks_of(page):
        named = {words[0] for words in block.commands}
        if page == README and named <= {"make", "funcdex"}:
            continue  # Those of the README have a test of their own; `make` is what CI runs.
        if block.kind and block.why is None:
            assert named <= {"funcdex", "head"}, f"mark it with `<!-- not run: why -->`: {block.commands}"
        assert not block.is_of_ours or block.kind == "sh", f"write ```sh: {block.commands}"
    assert outside_of_blocks(page) == []


def funcdex(folder: Path, words: Sequence[str]) -> str:
    """What went wrong; nothing if nothing did."""
    done = subprocess.run(
        [sys.executable, "-m", "funcdex", *words],
        cwd=folder, env=os.environ | ENVIRONMENT, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    # A judge that draws at random may reject one of the few; a random conversation may break a check.
    allowed = {"generate": (0, 5), "resume": (0, 5), "validate": (0, 2)}.get(words[0], (0,))
    return "" if done.returncode in allowed else f"exit code {done.returncode}: {done.stderr[-2000:]}"


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the pages take for given."""
    folder = tmp_path_factory.mktemp("given")
    shutil.copytree(ROOT / "examples", folder / "examples")
    assert not funcdex(
        folder,
        "generate --toolkits gmail --count 5 --endpoints sim --run runs/first".split(),
    )
    for name in ("second", "demo"):
        shutil.copytree(folder / "runs" / "first", folder / "runs" / name)
    for name in ("data", "old", "apis", "tools", "api"):
        (folder / name).mkdir()
    shutil.copy(folder / "runs/first/parsed_conversations.jsonl", folder / "data/train.jsonl")
    shutil.copy(folder / "runs/first/conversations.jsonl", folder / "old/conversations.jsonl")
    for name in ("slack", "jira", "stripe"):
        shutil.copy(ROOT / "tool_definitions" / f"{name}.json", folder / "apis")
    shutil.make_archive(str(folder / "apis"), "gztar", folder / "apis")
    (folder / "apis.tar.gz").rename(folder / "apis.tgz")
    shutil.copy(ROOT / "tool_definitions" / "jira.json", folder / "tools")
    shutil.copy(ROOT / "tool_definitions" / "gmail.json", folder)
    document = (ROOT / "examples" / "library.openapi.yaml").read_text("utf-8")
    (folder / "api" / "openapi.yaml").write_text(document, "utf-8")
    (folder / "gmail.openapi.yaml").write_text(document.replace("City library", "gmail"), "utf-8")
    shutil.copy(ROOT / "tool_definitions" / "gmail.json", folder / "my_tools.json")
    labelled = (PAIR | {"label": "duplicate"}, OTHER | {"label": "distinct"})
    (folder / "my_pairs.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in labelled), "utf-8")
    return folder


def faults_of(
    blocks: Sequence[Block], folder: Path, servers: Sequence[str], ran: set[tuple[str, ...]]
) -> list[str]:
    """Runs the blocks of one page, in their order; a run that it begins is not the one taken for given."""
    faults, begun = [], set[str]()
    for words in (words for block in blocks for words in block.commands):
        if words[0] != "funcdex":
            assert (folder / words[-1]).exists(), words
            continue
        if words in ran and words[1] not in ALONE:
            continue
        ran.add(words)
        if words[1] == "generate" and "--run" in words:
            run = words[words.index("--run") + 1]
            if run not in begun:
                shutil.rmtree(folder / run, ignore_errors=True)
                begun.add(run)
        if fault := funcdex(folder, arguments(words, servers)):
            faults.append(f"{blocks[0].page.name}: {' '.join(words)}\n{fault}")
    return faults


async def test_the_commands_of_the_pages_work(given: Path, tmp_path: Path) -> None:
    by_page = {
        page: [block for block in blocks_of(page) if block.kind == "sh" and block.why is None]
        for page in pages()
        if page != README
    }
    faults, ran = [], set[tuple[str, ...]]()
    async with simulated_processes(3, SimConfig(step_ms=0.0)) as servers:
        for page, blocks in by_page.items():
            if blocks:
                folder = tmp_path / page.stem
                shutil.copytree(given, folder)
                urls = [one.url for one in servers]
                faults += await anyio.to_thread.run_sync(faults_of, blocks, folder, urls, ran)
    assert faults == []
    assert len(ran) > 40
