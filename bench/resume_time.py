"""How long a large run takes until it works again: `funcdex resume`, from its start to its first request.

    python bench/resume_time.py [--conversations 100000] [--unfinished 1000] [--no-guard] [--rounds 3]

Makes a run directory through funcdex's own journal, below .bench/: conversations that were accepted, with all
their outputs, some that stopped after each stage, and a vector for each scenario; 100,000 take 9 gigabytes
and some minutes. Then resumes it against the mock server of `pool_overhead.py`: when each phase
began and ended, when the first request went out, when the first stage was in the journal, and when the
guard answered. There the process ends as by `kill -9`. Seconds from the start of the process.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import anyio
from overhead.mock import mock_server
from record import record, record_option, spread_of, verdict
from resuming.run_dir import order_of, write_run

MOST_S = 5.0
BENCH = Path(__file__).resolve().parent
FOLDER = BENCH.parent / ".bench"


def main() -> None:
    """Makes the run, resumes it some times, and prints."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--conversations", type=int, default=100_000)
    options.add_argument("--unfinished", type=int, default=1_000)
    options.add_argument("--no-guard", action="store_true", help="scenarios compared word by word alone")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--keep", action="store_true", help="leave the run directory for the next time")
    record_option(options)
    chosen = options.parse_args()
    guard = not chosen.no_guard
    # As the installed package is, also where this interpreter may not write bytecode.
    compileall.compile_dir(BENCH.parent / "funcdex", quiet=1)
    path = FOLDER / f"resume-{chosen.conversations}-{chosen.unfinished}-{'guard' if guard else 'exact'}"
    with mock_server() as mock:
        if not (path / "made").exists():
            shutil.rmtree(path, ignore_errors=True)
            print(f"making {path.name} ...", flush=True)
            order = order_of(path, mock.url, chosen.conversations, chosen.unfinished, guard=guard)
            anyio.run(write_run, order, chosen.conversations, chosen.unfinished)
            (path / "made").touch()
        size_gb = sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e9
        rounds = [resumed(path, mock.url) for _ in range(chosen.rounds)]
    print(f"{chosen.conversations:,} conversations, {chosen.unfinished:,} unfinished, {size_gb:.1f} GB\n")
    print("| | s, median | lowest to highest |\n| --- | --- | --- |")
    spreads = {name: spread_of([each[name] for each in rounds if name in each]) for name in rounds[0]}
    for name, spread in sorted(spreads.items(), key=lambda pair: pair[1]["median"]):
        print(f"| {name} | {spread['median']:.2f} | {spread['lowest']:.2f} to {spread['highest']:.2f} |")
    first_s = statistics.median(each["first request sent"] for each in rounds)
    print(verdict("seconds to the first request", first_s, MOST_S))
    if chosen.record:
        figures = {"conversations": chosen.conversations, "unfinished": chosen.unfinished, "size_gb": size_gb}
        record("resume_time", figures | {"s": spreads}, versions=("orjson", "anyio"))
    if not chosen.keep:
        shutil.rmtree(path)


def resumed(path: Path, url: str) -> dict[str, float]:
    """One resume: phase -> seconds since its process began."""
    command = [sys.executable, "-m", "resuming.watched", str(path), url]
    environment = {**os.environ, "PYTHONPATH": f"{BENCH}:{BENCH.parent}"}
    run = subprocess.run(command, cwd=BENCH, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return told


if __name__ == "__main__":
    main()
