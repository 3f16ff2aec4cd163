"""How a run ends when requests get stuck or an endpoint is slow, with and without what the pool does then.

    python bench/stragglers.py [--requests 900] [--rounds 3]

Three simulated endpoints of 16 slots each, in processes of their own; answers take 0.1 to 0.5 s. `stuck`: one
request in 100 at one of them is never answered. `slow`: one of them takes ten times as long. Times are a
tenth to a hundredth of real ones, so the floor of the progress deadline is too (3 s), and a request's own
deadline is 30 s. Arms take turns within a round. Printed: medians over rounds of the whole span, the time
from 98 % done to the end, the work done twice, and the spans' ratio to the arm without any of it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import anyio

from funcdex.endpoints.http import open_transport
from funcdex.errors import EndpointError
from funcdex.pool.joining import probe_all
from funcdex.pool.pool import Pool
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.pool import PoolSettings
from funcdex.sim.config import SimConfig
from funcdex.sim.faults import Fault
from funcdex.sim.process import SimProcess
from funcdex.types.request import Message, Request, Sampling

SLOTS = 16
STEP_MS = 4.0
FLOOR_S = 3.0
TIMEOUT_S = 30.0
NEVER_S = 3600.0
QUICK, STUCK, SLOW = (
    SimConfig(slots=SLOTS, step_ms=STEP_MS),
    # The probe's completion is spared.
    SimConfig(slots=SLOTS, step_ms=STEP_MS, faults=(Fault("stall", probability=0.01, after=1),)),
    SimConfig(slots=SLOTS, step_ms=10 * STEP_MS),
)
CASES: Mapping[str, SimConfig] = {"stuck": STUCK, "slow": SLOW, "neither": QUICK}
ARMS: Mapping[str, PoolSettings] = {
    "none": PoolSettings(max_in_flight=SLOTS, stall_after_s=NEVER_S, hedge="off"),
    "progress deadline": PoolSettings(max_in_flight=SLOTS, stall_after_s=FLOOR_S, hedge="off"),
    "both": PoolSettings(max_in_flight=SLOTS, stall_after_s=FLOOR_S, hedge="tail"),
}


@dataclass(frozen=True)
class Ran:
    """One arm of one round. Times are in seconds."""

    span_s: float
    tail_s: float
    hedged: int
    stalled: int
    lost: int


async def run(pool: Pool, requests: int) -> Ran:
    """All requests at once through a pool, as many as it takes in flight."""
    ended_s: list[float] = []
    lost = 0
    began_s = time.monotonic()

    async def ask(number: int) -> None:
        nonlocal lost
        prompt = Message("user", f"Describe case {number}.")
        sampling = Sampling(max_tokens=160, seed=number)
        try:
            await pool.generate(Request(f"c{number}", "scenario", (prompt,), sampling, TIMEOUT_S))
        except EndpointError:
            lost += 1
        ended_s.append(time.monotonic() - began_s)

    async with anyio.create_task_group() as tasks:
        for number in range(requests):
            tasks.start_soon(ask, number)
    seen = pool.snapshot()
    stalled = sum(endpoint.failed.get("stalled", 0) for endpoint in seen.endpoints)
    return Ran(ended_s[-1], ended_s[-1] - ended_s[int(0.98 * requests)], seen.hedged, stalled, lost)


async def arm(settings: PoolSettings, odd: SimConfig, requests: int) -> Ran:
    """A fresh set of endpoints, so that every arm meets the same faults."""
    async with AsyncExitStack() as stack:
        specs = []
        for config in (QUICK, QUICK, odd):
            sim = SimProcess(config)
            stack.push_async_callback(sim.stop)
            specs.append(EndpointSpec(url=await sim.start()))
        transport = await stack.enter_async_context(open_transport())
        candidates = await probe_all(specs, transport, timeout_s=30, now=time.monotonic)
        pool = await stack.enter_async_context(Pool(candidates, settings))
        return await run(pool, requests)


async def measure(requests: int, rounds: int, cases: Sequence[str]) -> None:
    """Prints a table."""
    print(f"{requests} requests, {rounds} rounds\n")
    print("| case | arm | span | to none | last 2 % | sent twice | stalled | lost |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for case in cases:
        found: dict[str, list[Ran]] = {name: [] for name in ARMS}
        for _ in range(rounds):
            for name, settings in ARMS.items():
                found[name].append(await arm(settings, CASES[case], requests))
        for name, rans in found.items():
            ratio = statistics.median(
                ran.span_s / base.span_s for ran, base in zip(rans, found["none"], strict=True)
            )
            span_s, tail_s, hedged, stalled, lost = (
                statistics.median(getattr(ran, figure) for ran in rans)
                for figure in ("span_s", "tail_s", "hedged", "stalled", "lost")
            )
            print(
                f"| {case} | {name} | {span_s:.1f} s | {ratio:.2f} | {tail_s:.1f} s "
                f"| {hedged:g} | {stalled:g} | {lost:g} |",
                flush=True,
            )


def main() -> None:
    """Reads the arguments and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--requests", type=int, default=900)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    chosen = parser.parse_args()
    anyio.run(measure, chosen.requests, chosen.rounds, chosen.cases)


if __name__ == "__main__":
    main()
