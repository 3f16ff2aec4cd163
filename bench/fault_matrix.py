"""Each fault in a run of its own, beside a good endpoint: how it is called, what it costs, what is lost.

    python bench/fault_matrix.py [--faults reset,cut] [--count 12] [--record]

Two simulated endpoints share a small run; once it has been probed, one of them commits the fault with every
request. Lost is a conversation that did not end, ended twice, or was given up for another reason than its
quality. Exit code 1 if any was.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import anyio
from record import record, record_option
from rich.console import Console

from funcdex.order import order_from
from funcdex.rundir.layout import RunDir
from funcdex.rundir.reading import read_journal
from funcdex.session import carry_out
from funcdex.settings.sampling import StageSampling
from funcdex.settings.tree import Settings
from funcdex.sim.config import SimConfig
from funcdex.sim.faults import KINDS, Fault
from funcdex.sim.server import running_server
from funcdex.types.record import Rejected

NOWHERE = {"nobody_there": "http://127.0.0.1:9", "unknown_host": "http://no-such-host.invalid"}
TLS = "no_tls"
GOOD = "none"
SPARED = 4
"""Completions before the fault: the probe's, and one or two."""

OF_QUALITY = {"low_score"}
"""Reasons for a rejection that say nothing of a fault. The simulated judge draws scores."""

DEADLINE_S = 5.0


@dataclass(frozen=True)
class Row:
    """What one fault did: `faults` made a request be sent again, `effects` befell the faulty endpoint."""

    fault: str
    faults: dict[str, int]
    effects: dict[str, int]
    requests: int
    again: int
    accepted: int
    rejected: int
    lost: int
    took_s: float


def settings_of(count: int, endpoints: list[str]) -> Settings:
    """Small and impatient."""
    stages = {name: {"timeout_s": DEADLINE_S} for name in StageSampling.model_fields}
    return Settings.model_validate(
        {
            "toolkits": ["gmail"],
            "count": count,
            "endpoints": endpoints,
            "generation": {"min_user_turns": 1, "max_user_turns": 2, "distractor_tools": 1},
            "dedup": {"enabled": False},
            "sampling": stages,
            "pool": {"max_in_flight": 4, "backoff_base_s": 0.05, "backoff_max_s": 0.5, "open_for_s": 0.5},
        }
    )


async def row_of(kind: str, count: int, folder: Path) -> Row:
    """One run."""
    run = RunDir(folder / kind)
    async with AsyncExitStack() as stack:
        good = await stack.enter_async_context(running_server(SimConfig(step_ms=0.0)))
        if kind in NOWHERE:
            faulty = NOWHERE[kind]
        else:
            rules = () if kind in (GOOD, TLS) else (Fault(kind, after=SPARED, retry_after_s=0.2),)  # type: ignore[arg-type]
            faulty = await stack.enter_async_context(running_server(SimConfig(step_ms=0.0, faults=rules)))
        if kind == TLS:
            faulty = faulty.replace("http://", "https://")
        began_s = time.monotonic()
        console = Console(file=io.StringIO())
        await carry_out(order_from(run.path, settings_of(count, [good, faulty])), console)
        took_s = time.monotonic() - began_s
    return judged(kind, run, count, faulty, took_s)


def judged(kind: str, run: RunDir, count: int, faulty: str, took_s: float) -> Row:
    """What a finished run says."""
    state = read_journal(run)
    rejected = [one for one in state.settled.values() if isinstance(one, Rejected)]
    events = [json.loads(line) for line in run.log.read_bytes().splitlines()]
    retries = [event["fault"] for event in events if event["event"] == "retry"]
    told = [event["event"] for event in events if event["endpoint"] == faulty]
    given_up = sum(one.reason not in OF_QUALITY for one in rejected)
    entries = [json.loads(line) for line in run.journal.read_bytes().splitlines()]
    answered = sum(len(entry.get("usage", ())) for entry in entries)
    return Row(
        fault=kind,
        faults=dict(Counter(retries)),
        effects=dict(Counter(event for event in told if event in ("down", "opened", "closed", "refused"))),
        requests=answered + len(retries),
        again=len(retries),
        accepted=len(state.settled) - len(rejected),
        rejected=len(rejected),
        lost=count - len(state.settled) + given_up + state.repeated + len(state.damaged),
        took_s=round(took_s, 1),
    )


def line_of(row: Row) -> str:
    """As a row of the table."""

    def shown(counts: dict[str, int]) -> str:
        return " ".join(f"{name}:{number}" for name, number in counts.items()) or "-"

    cells = (row.fault, shown(row.faults), shown(row.effects), row.requests, row.again)
    cells += (f"{row.accepted}+{row.rejected}", row.lost, row.took_s)  # type: ignore[assignment]
    return "| " + " | ".join(map(str, cells)) + " |"


async def rows(kinds: list[str], count: int) -> list[Row]:
    """One after the other, printed as they come."""
    print("| fault | sent again after | the endpoint | requests | again | accepted+rejected | lost | s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            row = await row_of(kind, count, Path(folder))
            print(line_of(row), flush=True)
            found.append(row)
    return found


def main() -> int:
    """1 if anything was lost."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--faults", help="some of them, comma between")
    options.add_argument("--count", type=int, default=12, help="conversations of each run")
    record_option(options)
    chosen = options.parse_args()
    kinds = chosen.faults.split(",") if chosen.faults else [GOOD, *KINDS, *NOWHERE, TLS]
    found = anyio.run(rows, kinds, chosen.count)
    lost = sum(row.lost for row in found)
    again = sum(row.again for row in found)
    print(f"{len(found)} runs, {again} requests sent again, {lost} conversations lost")
    if chosen.record:
        record("fault_matrix", {"count": chosen.count, "rows": [asdict(row) for row in found], "lost": lost})
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
