"""CPU of the processes of a cluster's actors, from /proc, seen again and again while a run goes on."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOOKED_AT_EVERY_S = 0.1
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
ACTORS = ("RangeActor", "Shard")
DAEMONS = ("raylet", "gcs_server", "ray::DashboardA", "ray-dashboard-", "ray::RuntimeEnv", "ray::IDLE")


class Actors:
    """What each actor had used when it was last seen, and what it had begun: it is ended before it could be
    asked."""

    def __init__(self) -> None:
        self._used_s: dict[int, tuple[str, float]] = {}

    def used_s(self, kind: str) -> float:
        """Seconds of user and system time of all actors of a class that were seen."""
        return sum(used_s for name, used_s in self._used_s.values() if name == kind)

    def look(self) -> None:
        """Notes what those use that are there."""
        found = dict(_processes())
        kinds = {pid: kind for pid, (name, _, _) in found.items() for kind in ACTORS if _is(name, kind)}
        for pid, (_, parent, used_s) in found.items():
            if kind := kinds.get(pid) or kinds.get(parent):
                self._used_s[pid] = kind, used_s


def daemons_used_s() -> float:
    """Seconds of user and system time of Ray's own processes on this machine, so far."""
    return sum(used_s for name, _, used_s in dict(_processes()).values() if name in DAEMONS)


def _is(name: str, kind: str) -> bool:
    """Whether this is the name of a process, of which there are 15 characters, of an actor of this class. The
    method that it is at may come behind a dot."""
    return name.split(".")[0] == f"ray::{kind}"[:15]


@contextmanager
def watched_actors() -> Iterator[Actors]:
    """Looks as long as the block. Actors of other clusters on this machine count as well: there may be
    none."""
    actors, over = Actors(), threading.Event()

    def watch() -> None:
        while not over.wait(LOOKED_AT_EVERY_S):
            actors.look()

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield actors
    finally:
        over.set()
        watching.join()


def _processes() -> Iterator[tuple[int, tuple[str, int, float]]]:
    """Name, parent and CPU of each process, by its id."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            name, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
            yield int(entry.name), (name, int(rest[1]), (int(rest[11]) + int(rest[12])) * _TICK_S)
