"""A few of the kills of `python bench/kill_storm.py`, which makes 200."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "bench" / "kill_storm.py"


def test_what_a_storm_of_kills_leaves_is_what_a_run_in_peace_makes() -> None:
    arguments = [sys.executable, str(SCRIPT), "--kills", "8", "--count", "40"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    last = done.stdout.splitlines()[-1]
    assert last.startswith("8 kills") and "0 lost, 0 repeated, 0 unreadable, 0 other ids" in last
