"""Starts funcdex as a user does: the command line, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SMALL = """
generation: {min_user_turns: 1, max_user_turns: 2, distractor_tools: 1}
dedup: {enabled: false}
pool: {backoff_base_s: 0.05, backoff_max_s: 1, open_for_s: 0.2, probe_timeout_s: 20}
"""
"""Short conversations, no sentence model to load: a run of hundreds takes seconds."""


def command(*arguments: object) -> list[str]:
    """A funcdex command line for this interpreter."""
    return [sys.executable, "-m", "funcdex", *map(str, arguments)]


def run_command(*arguments: object, timeout_s: float = 240) -> subprocess.CompletedProcess[str]:
    """The finished command, its output as text."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=timeout_s, check=False)


def records(path: Path) -> list[dict[str, Any]]:
    """Every line of a file, each of which has to be JSON."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def lines_in(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def run_until(arguments: list[str], journal: Path, lines: int) -> bool:
    """Starts a session and kills it as soon as the journal has so many lines; whether it had to."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while lines_in(journal) < lines:
            try:
                process.wait(timeout=0.005)
            except subprocess.TimeoutExpired:
                continue
            return False
        return True
    finally:
        process.kill()
        process.wait()
