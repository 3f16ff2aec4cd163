"""Whether memory and the event loop stay flat in a long run with thousands of requests in flight.

    python bench/memory.py [--conversations 20000] [--in-flight 4096] [--service-s 8] [--record]

Two runs of all stages against a mock server in a process of its own. The long one has drawn vectors in place
of the sentence model's and tells the most memory of the process up to a tenth of its conversations, and all.
The other one has a tenth of them, the sentence model at work beside it, and tells how late the loop came back
of sleeps of 5 ms, from the first request to the end: with embedding, search, matching and fsync going on.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from overhead.mock import mock_server
from record import record, record_option, verdict

MOST_GROWTH = 1.2
SPREAD = 0.5
"""Answers of one length would come in waves of thousands."""
MOST_LATE_P99_MS, MOST_LATE_MS = 20.0, 50.0


def main() -> None:
    """Runs both and prints whether the targets are reached."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--conversations", type=int, default=20_000)
    options.add_argument("--in-flight", type=int, default=4096)
    options.add_argument(
        "--service-s",
        type=float,
        default=8.0,
        help="how long the mock takes for an answer, half or half as much again",
    )
    options.add_argument("--only", choices=("memory", "loop"), help="one of the two runs")
    record_option(options)
    chosen = options.parse_args()
    figures: dict[str, Any] = {"in_flight": chosen.in_flight, "service_s": chosen.service_s}
    tenth = max(1, chosen.conversations // 10)
    with mock_server(chosen.service_s, SPREAD) as mock:
        if chosen.only != "loop":
            counts = [count * tenth for count in (1, 2, 5, 10)]
            asked = ["--look-at", *map(str, counts)]
            # Some more, so that the run is at work when it is looked at last.
            more = chosen.in_flight
            seen = figures["memory"] = watched(mock.url, counts[-1] + more, chosen.in_flight, asked)
            first, last = (seen["rss_mb"][str(count)] for count in (counts[0], counts[-1]))
            seen["growth"] = round(last / first, 3)
            print(f"memory up to {counts[0]:,} and {counts[-1]:,} conversations: {first:.0f}, {last:.0f} MB")
            print(verdict("memory, last / first", last / first, MOST_GROWTH))
        if chosen.only != "memory":
            seen = figures["loop"] = watched(mock.url, tenth, chosen.in_flight, ["--model"])
            for name in ("late_ms", "own_ms"):
                print(f"{name}: {seen[name]}")
            print(verdict("event loop late, p99, ms", seen["late_ms"]["p99"], MOST_LATE_P99_MS))
            print(verdict("event loop late, most, ms", seen["late_ms"]["max"], MOST_LATE_MS))
            print(f"most in flight: {seen['most_in_flight']}")
    if chosen.record:
        record("memory", figures, versions=("aiohttp", "httpx", "uvloop", "faiss-cpu", "llguidance"))


def watched(url: str, conversations: int, in_flight: int, options: list[str]) -> Any:
    """What `flat/run.py` tells."""
    asked = ["--url", url, "--conversations", str(conversations), "--in-flight", str(in_flight), *options]
    command = [sys.executable, "-m", "flat.run", *asked]
    folder = Path(__file__).parent
    paths = os.pathsep.join([str(folder.parent), os.environ.get("PYTHONPATH", "")])
    ran = subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": paths}, stdout=subprocess.PIPE, check=True
    )
    return json.loads(ran.stdout)


if __name__ == "__main__":
    main()
