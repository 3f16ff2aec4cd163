"""What a client costs, seen from outside: CPU of the process tree, time, memory, requests at the server."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from overhead.mock import Counts, Mock

BENCH = Path(__file__).resolve().parents[1]
START_UPS = 2


@dataclass(frozen=True, slots=True)
class Client:
    """A program and its arguments; `least` are the requests of the run that counts as its start-up.
    `reports`: it prints JSON of seconds of CPU, of which `own_cpu_s` is that of its own process.
    `most_rounds`: it takes long, and part in no more."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    python: str = sys.executable
    least: int = 1
    reports: bool = False
    most_rounds: int = 99


@dataclass(frozen=True, slots=True)
class Run:
    """One process, its children included, and what the mock server saw of it."""

    cpu_s: float
    wall_s: float
    rss_mb: float
    counts: Counts
    reported_s: Mapping[str, float] = field(default_factory=dict)


class ClientFailed(Exception):
    """With the last lines it wrote."""


def run_client(client: Client, mock: Mock, requests: int, in_flight: int) -> Run:
    """Runs it once. Raises ClientFailed."""
    asked = ["--url", mock.url, "--requests", str(requests), "--in-flight", str(in_flight)]
    command = [client.python, "-m", client.module, *client.arguments, *asked]
    mock.counts()
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        began_s = time.monotonic()
        process = subprocess.Popen(command, env=_environment(), cwd=BENCH, stdout=said, stderr=complained)
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - began_s
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        complained.seek(0)
        if process.returncode:
            lines = [line for line in (said.read() + complained.read()).splitlines() if line.strip()]
            raise ClientFailed(" / ".join(lines[-3:])[-300:])
        reported = json.loads(said.read().splitlines()[-1]) if client.reports else {}
    cpu_s = used.ru_utime + used.ru_stime
    return Run(cpu_s, wall_s, used.ru_maxrss / 1024, mock.counts(), reported)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one client, start-up subtracted: milliseconds of CPU for each request it sent, in each round."""

    client: Client
    start_up: Run
    rounds: Sequence[Run]

    @property
    def cpu_ms(self) -> list[float]:
        """Of the client's process: where it tells them apart, without its children."""
        return [self.per_request_ms(run, "own_cpu_s") for run in self.rounds]

    @property
    def children_ms(self) -> float:
        """Of its children, where the client tells them apart; the median."""
        if not self.client.reports:
            return 0.0
        alone = [self.per_request_ms(run, None) for run in self.rounds]
        return statistics.median(whole - own for whole, own in zip(alone, self.cpu_ms, strict=True))

    @property
    def reported_ms(self) -> dict[str, float]:
        """The parts that the client tells apart; medians."""
        parts = [name for name in self.start_up.reported_s if name != "own_cpu_s"]
        return {
            name.removesuffix("_s"): statistics.median(self.per_request_ms(run, name) for run in self.rounds)
            for name in parts
        }

    @property
    def span_s(self) -> float:
        """Time for the requests, start-up subtracted; the median."""
        return statistics.median(run.wall_s - self.start_up.wall_s for run in self.rounds)

    def per_request_ms(self, run: Run, part: str | None) -> float:
        """CPU of one round for each request; of a part that the client reports, if it reports."""
        sent = run.counts.served - self.start_up.counts.served
        if part is None or part not in run.reported_s:
            return 1000 * (run.cpu_s - self.start_up.cpu_s) / sent
        return 1000 * (run.reported_s[part] - self.start_up.reported_s[part]) / sent


def measure(
    clients: Sequence[Client], mock: Mock, requests: int, in_flight: int, rounds: int
) -> tuple[list[Cost], dict[str, str]]:
    """The cost of each client, in rounds that take turns, and why others failed."""
    runs: dict[str, list[Run]] = {}
    start_ups: dict[str, Run] = {}
    failed: dict[str, str] = {}
    for round, client in _in_turn(clients, rounds):
        if client.name in failed or round >= client.most_rounds:
            continue
        try:
            if round == 0:
                tried = [run_client(client, mock, client.least, in_flight) for _ in range(START_UPS)]
                start_ups[client.name] = min(tried, key=lambda run: run.cpu_s)
            runs.setdefault(client.name, []).append(run_client(client, mock, requests, in_flight))
        except ClientFailed as error:
            failed[client.name] = str(error)
    whole = [client for client in clients if client.name not in failed]
    return [Cost(client, start_ups[client.name], runs[client.name]) for client in whole], failed


def _in_turn(clients: Sequence[Client], rounds: int) -> Iterator[tuple[int, Client]]:
    """Every other round backwards, so that whatever slows the machine down slows all of them."""
    for round in range(rounds):
        yield from ((round, client) for client in clients[:: -1 if round % 2 else 1])


def _environment() -> dict[str, str]:
    """Ours, in which the clients find this folder, and ours the package."""
    return {**os.environ, "PYTHONPATH": f"{BENCH}:{BENCH.parent}"}
