"""Keeps what a benchmark measured, and on what: `bench/results/NAME.json`. `tables.py` shows it.

    options = argparse.ArgumentParser()
    record_option(options)                       # --record
    ...
    if chosen.record:
        record("memory", {"rss_mb": 212.0}, versions=("aiohttp",))

Units stand in the names of figures: `_ms`, `_s`, `_mb`. Of what is repeated keep the spread: `spread_of`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"

_LOAD_BEFORE = os.getloadavg()[0]


def record_option(parser: argparse.ArgumentParser) -> None:
    """Adds `--record`."""
    parser.add_argument("--record", action="store_true", help="keep the figures in bench/results/")


def record(name: str, figures: Mapping[str, Any], *, versions: Sequence[str] = ()) -> Path:
    """Writes the figures, which are JSON, in place of the earlier ones of that name; `versions` are those of
    the packages that have a part in them."""
    path = RESULTS / f"{name}.json"
    kept = {
        "command": shlex.join(["python", *_from_root(sys.argv)]),
        "commit": _commit(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine() | {"load_before": _LOAD_BEFORE, "load_after": os.getloadavg()[0]},
        "versions": {"python": platform.python_version()} | {one: _version(one) for one in versions},
        "figures": figures,
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept, indent=2, allow_nan=False) + "\n", "utf-8")
    print(f"recorded in {path.relative_to(RESULTS.parents[1])}")
    return path


def recorded(name: str) -> Any:
    """What was recorded last under a name, as JSON; None if nothing was."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def spread_of(figures: Sequence[float]) -> dict[str, float]:
    """Median, lowest and highest of repeated measurements."""
    return {
        "median": round(statistics.median(figures), 4),
        "lowest": round(min(figures), 4),
        "highest": round(max(figures), 4),
    }


def verdict(what: str, measured: float, bound: float, *, at_least: bool = False) -> str:
    """A line that says whether a target is reached: at most `bound`, or at least."""
    reached = measured >= bound if at_least else measured <= bound
    sign = ">=" if at_least else "<="
    return f"{what:52} {sign} {bound:8g} {measured:10.3f}  {'reached' if reached else 'MISSED'}"


def machine() -> dict[str, Any]:
    """The processor, its cores, memory and system."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory_bytes / 1e9),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "unknown")


def _from_root(arguments: Sequence[str]) -> list[str]:
    """The command line, its script as seen from the root of the repository."""
    script = Path(arguments[0]).resolve()
    root = RESULTS.parents[1]
    return [str(script.relative_to(root) if script.is_relative_to(root) else script.name), *arguments[1:]]


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    told = subprocess.run(command, cwd=RESULTS.parent, capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unknown"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
