"""CPU of a tree of processes, from /proc: those that live, and what they have reaped."""

from __future__ import annotations

import os
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_of_descendants(pid: int, without: frozenset[int] = frozenset()) -> dict[str, float]:
    """Seconds of user and system time by what the processes are: `daemons` those of Ray that are at work by
    themselves, `workers` all the others, with the dead."""
    spent = {"daemons": 0.0, "workers": 0.0}
    for name, own_s, reaped_s in _descendants(pid, without):
        kind = "daemons" if name in ("raylet", "gcs_server") or "Agent" in name else "workers"
        spent[kind] += own_s
        spent["workers"] += reaped_s
    return spent


def _descendants(pid: int, without: frozenset[int]) -> list[tuple[str, float, float]]:
    by_parent: dict[int, list[tuple[int, str, float, float]]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            name, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
            own, reaped = int(rest[11]) + int(rest[12]), int(rest[13]) + int(rest[14])
            found = int(entry.name), name, own * _TICK_S, reaped * _TICK_S
            by_parent.setdefault(int(rest[1]), []).append(found)
    tree, waiting = list[tuple[str, float, float]](), [pid]
    while waiting:
        for child, name, own_s, reaped_s in by_parent.get(waiting.pop(), ()):
            if child not in without:
                tree.append((name, own_s, reaped_s))
                waiting.append(child)
    return tree
