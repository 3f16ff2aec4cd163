"""A closed loop of requests at one server: so many in flight, the next sent as soon as one is answered."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx

_COUNTER = re.compile(r"^vllm:generation_tokens_total(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Load:
    """`requests` in all, `in_flight` at once, each of `tokens` tokens; `limit_s` ends a round early."""

    requests: int
    in_flight: int
    tokens: int
    limit_s: float


@dataclass(frozen=True, slots=True)
class Round:
    """What a round gave, and the CPU time that the server took; not `whole` if it was ended early."""

    tokens: int
    elapsed_s: float
    cpu_s: float
    whole: bool

    @property
    def tokens_per_s(self) -> float:
        return self.tokens / self.elapsed_s

    @property
    def cpu_ms_per_token(self) -> float:
        return 1e3 * self.cpu_s / self.tokens


async def run_round(base_url: str, process_group: int, body: Mapping[str, Any], load: Load) -> Round:
    """One round of requests that are alike but for the seed."""
    left = list(range(load.requests))
    counted: list[int] = []
    limits = httpx.Limits(max_connections=load.in_flight + 1)
    async with httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=600.0, limits=limits) as client:

        async def work() -> None:
            while left:
                sent = {**body, "max_tokens": load.tokens, "seed": left.pop()}
                answer = await client.post("/v1/chat/completions", json=sent)
                if answer.status_code != 200:
                    raise SystemExit(f"HTTP {answer.status_code} for {list(body)}: {answer.text[:400]}")
                counted.append(answer.json()["usage"]["completion_tokens"])

        before = await _generated(client)
        cpu_before_s, begun = cpu_s(process_group), time.perf_counter()
        with anyio.move_on_after(load.limit_s):
            async with anyio.create_task_group() as group:
                for _ in range(load.in_flight):
                    group.start_soon(work)
        elapsed_s, spent_s = time.perf_counter() - begun, cpu_s(process_group) - cpu_before_s
        whole = len(counted) == load.requests
        tokens = sum(counted) if whole else await _generated(client) - before
    return Round(tokens, elapsed_s, spent_s, whole)


async def _generated(client: httpx.AsyncClient) -> int:
    """Tokens that the server has generated since it started; 0 if it does not say."""
    found = _COUNTER.findall((await client.get("/metrics")).text)
    return int(sum(map(float, found)))


def cpu_s(process_group: int) -> float:
    """CPU seconds that the living processes of a group have taken so far (Linux)."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name stands in brackets and may hold anything.
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == process_group:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
