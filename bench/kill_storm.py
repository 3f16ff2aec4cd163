"""Kills runs at random moments, again and again, and compares what comes of them with a run left in peace.

    python bench/kill_storm.py [--kills 200] [--count 500] [--record]

Sessions are forked, so that a kill costs no start of an interpreter; endpoints are simulated, in processes of
their own. A run that comes to its end before the kills are used up is followed by another. Exit code 1 if a
record was lost or repeated, a line cannot be read, or a run did not settle what the one in peace did.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import anyio
from record import record, record_option
from rich.console import Console

from funcdex.order import Order, order_from
from funcdex.rundir.jsonlines import is_record
from funcdex.rundir.layout import OUTPUTS, RunDir
from funcdex.rundir.reading import Damaged, journal_items, read_journal
from funcdex.session import carry_out
from funcdex.settings.tree import Settings
from funcdex.sim.config import SimConfig
from funcdex.sim.process import simulated_processes
from funcdex.types.record import Entry, Rejected, Restarted, StageDone, TurnDone

IN_PEACE_S = 600.0


@dataclass
class Figures:
    """`lost` and `repeated` are records, `unreadable` lines anywhere but at the end of a file, where they are
    `torn`, and a resume cuts them off. `kills_at_work`: the session had written by then."""

    runs: int = 0
    kills: int = 0
    kills_at_work: int = 0
    lost: int = 0
    repeated: int = 0
    unreadable: int = 0
    torn: int = 0
    other_ids: int = 0
    other_outcomes: int = 0
    took_s: float = 0.0

    @property
    def faults(self) -> int:
        return self.lost + self.repeated + self.unreadable + self.other_ids


def settings_of(count: int, urls: list[str]) -> Settings:
    """Short conversations, no sentence model."""
    return Settings.model_validate(
        {
            "toolkits": ["gmail"],
            "count": count,
            "endpoints": urls,
            "generation": {"min_user_turns": 1, "max_user_turns": 1, "distractor_tools": 0, "max_tools": 3},
            # No prompt shows other conversations, so that each is what it is whoever came first.
            "dedup": {"enabled": False, "examples_shown": 0},
            "pool": {"max_in_flight": 16, "backoff_base_s": 0.05, "open_for_s": 0.2},
        }
    )


def begin(order: Order) -> int:
    """Forks a session; its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        anyio.run(carry_out, order, Console(file=io.StringIO()))
        code = 0
    finally:
        os._exit(code)


@dataclass(frozen=True)
class Moment:
    """When a session is killed: after a time, or once its journal has grown by so many bytes."""

    seconds: float
    grown_bytes: float = math.inf

    @classmethod
    def drawn(cls, dice: random.Random) -> Moment:
        """One in four at any time, in preparation and probes too; the others at work."""
        if dice.random() < 0.25:
            return cls(dice.uniform(0.1, 2.0))
        return cls(60.0, dice.uniform(0, 200_000))


def ended_before(pid: int, moment: Moment, journal: Path) -> bool:
    """Whether the session came to its end by itself; it is killed otherwise. Raises if it failed."""
    until_s, begun_bytes = time.monotonic() + moment.seconds, size_of(journal)
    while time.monotonic() < until_s and size_of(journal) - begun_bytes <= moment.grown_bytes:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            if status:
                raise RuntimeError(f"a session failed: {status}")
            return True
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def key(entry: Entry) -> tuple[str, str]:
    if isinstance(entry, TurnDone):
        return entry.id, f"turn {entry.sample}.{entry.turn}"
    return entry.id, entry.stage if isinstance(entry, StageDone) else type(entry).__name__


def entries_of(run: RunDir) -> list[tuple[str, str]]:
    items = list(journal_items(run))
    return [key(item) for item in items if not isinstance(item, Damaged | Restarted)]


def look(run: RunDir, before: list[tuple[str, str]], figures: Figures) -> list[tuple[str, str]]:
    """Counts what is wrong after a kill; the journal's entries as they are now."""
    for path in (run.journal, run.log, *map(run.output, OUTPUTS)):
        *lines, last = path.read_bytes().split(b"\n") if path.exists() else [b""]
        figures.unreadable += sum(not is_record(line) for line in lines)
        figures.torn += bool(last) and not is_record(last)
    now = entries_of(run)
    figures.lost += sum((Counter(before) - Counter(now)).values())
    figures.repeated += sum((Counter(now) - Counter(set(now))).values())
    return now


def outcomes(run: RunDir) -> dict[str, bool]:
    """id -> accepted"""
    return {id: not isinstance(one, Rejected) for id, one in read_journal(run).settled.items()}


def storm(order: Order, kills: int, dice: random.Random, figures: Figures) -> None:
    """Kills one run until it has come to its end, or for so many times, and lets it finish then."""
    run, before = order.run, list[tuple[str, str]]()
    while not ended_before(begin(order), Moment.drawn(dice) if kills else Moment(IN_PEACE_S), run.journal):
        kills -= 1
        figures.kills += 1
        now = look(run, before, figures)
        figures.kills_at_work += len(now) > len(before)
        before = now
    figures.runs += 1
    look(run, before, figures)
    for name in OUTPUTS:
        ids = [line.split(b'"id":"')[1].split(b'"')[0] for line in run.output(name).read_bytes().splitlines()]
        figures.repeated += len(ids) - len(set(ids))


def compared(run: RunDir, peaceful: dict[str, bool], figures: Figures) -> None:
    found = outcomes(run)
    figures.other_ids += len(found.keys() ^ peaceful.keys())
    figures.other_outcomes += sum(found[id] != peaceful[id] for id in found.keys() & peaceful.keys())


async def storms(kills: int, count: int) -> Figures:
    """The figures of so many kills."""
    figures, dice = Figures(), random.Random(20)
    began_s = time.monotonic()
    async with simulated_processes(2, SimConfig(step_ms=0.0)) as sims:
        with tempfile.TemporaryDirectory() as folder:
            settings = settings_of(count, [sim.url for sim in sims])
            peaceful = order_from(Path(folder) / "peaceful", settings)
            if not ended_before(begin(peaceful), Moment(IN_PEACE_S), peaceful.run.journal):
                raise RuntimeError(f"a run took more than {IN_PEACE_S:g} s; choose a smaller --count")
            while figures.kills < kills:
                order = order_from(Path(folder) / f"run{figures.runs}", settings)
                storm(order, kills - figures.kills, dice, figures)
                compared(order.run, outcomes(peaceful.run), figures)
                print(asdict(figures), flush=True)
    figures.took_s = round(time.monotonic() - began_s, 1)
    return figures


def main() -> int:
    """1 if anything was lost, repeated or unreadable."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--count", type=int, default=500, help="conversations of each run")
    record_option(options)
    chosen = options.parse_args()
    figures = anyio.run(storms, chosen.kills, chosen.count)
    print(
        f"{figures.kills} kills ({figures.kills_at_work} at work) of {figures.runs} runs of {chosen.count} "
        f"conversations: {figures.lost} lost, {figures.repeated} repeated, {figures.unreadable} unreadable, "
        f"{figures.other_ids} other ids, {figures.other_outcomes} other outcomes, {figures.torn} torn ends, "
        f"{figures.took_s} s"
    )
    if chosen.record:
        record("kill_storm", asdict(figures) | {"count": chosen.count})
    return 1 if figures.faults else 0


if __name__ == "__main__":
    sys.exit(main())
