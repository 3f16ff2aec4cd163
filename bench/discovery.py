"""How soon an endpoint that is added in mid-run has its full share, and what one that is removed costs.

    python bench/discovery.py [--requests 4000]

Four simulated endpoints of 16 slots, in processes of their own. Three are listed in a file at first, the
fourth is added when a fifth of the requests is done, the first is taken off when three fifths are. Printed:
seconds from the line in the file to as many requests in flight at the new one as it takes, seconds until the
one that left is idle, its requests after that, and how many were lost.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import anyio
from record import record, record_option, verdict

from funcdex.errors import FuncdexError
from funcdex.pool.pool import Pool
from funcdex.serving import served_endpoints
from funcdex.settings.load import load
from funcdex.sim.config import SimConfig
from funcdex.sim.process import simulated_processes
from funcdex.types.request import Message, Request, Sampling

SLOTS = 16
WITHIN_S = 10.0
LOOK_EVERY_S = 0.05
CONFIG = SimConfig(slots=SLOTS, step_ms=4.0)


class Watch:
    """What became of the requests so far."""

    def __init__(self, pool: Pool, requests: int) -> None:
        self.pool = pool
        self.requests = requests
        self.by_endpoint = Counter[str]()
        self.lost = 0

    async def ask_all(self) -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(self.requests):
                tasks.start_soon(self._ask, number)

    async def reached(self, share: float) -> None:
        """So much of the requests is done."""
        await self.until(lambda: self.by_endpoint.total() >= share * self.requests)

    async def until(self, state: object) -> float:
        """Seconds until it is so."""
        assert callable(state)
        began_s = time.monotonic()
        while True:
            if state():
                return time.monotonic() - began_s
            await anyio.sleep(LOOK_EVERY_S)

    def in_flight(self, url: str) -> int:
        return sum(one.in_flight for one in self.pool.snapshot().endpoints if one.url == url)

    async def _ask(self, number: int) -> None:
        prompt = Message("user", f"Describe case {number}.")
        sampling = Sampling(max_tokens=160, seed=number)
        try:
            answer = await self.pool.generate(Request(f"c{number}", "scenario", (prompt,), sampling, 120))
            self.by_endpoint[answer.endpoint] += 1
        except FuncdexError:
            self.lost += 1


async def measure(requests: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder) / "workers.txt"
        settings = load(None, {"endpoints": [f"file:{listing};max_in_flight={SLOTS}"]}).settings
        async with simulated_processes(4, CONFIG) as processes:
            urls = [process.url for process in processes]
            write(listing, urls[:3])
            async with served_endpoints(settings, tell, lambda candidate: None) as served:
                assert served.fleet is not None
                async with (
                    Pool(served.candidates, settings.pool, patience_s=600) as pool,
                    anyio.create_task_group() as tasks,
                ):
                    tasks.start_soon(served.fleet.follow, pool)
                    figures = await watched(Watch(pool, requests), listing, urls)
                    tasks.cancel_scope.cancel()
    return figures


async def watched(watch: Watch, listing: Path, urls: list[str]) -> dict[str, float]:
    figures: dict[str, float] = {}
    async with anyio.create_task_group() as asking:
        asking.start_soon(watch.ask_all)
        await watch.reached(0.2)
        write(listing, urls)
        figures["full_share_s"] = await watch.until(lambda: watch.in_flight(urls[3]) >= SLOTS)
        await watch.reached(0.6)
        write(listing, urls[1:])
        figures["idle_s"] = await watch.until(lambda: watch.in_flight(urls[0]) == 0)
        before = watch.by_endpoint[urls[0]]
    figures["after_it_left"] = watch.by_endpoint[urls[0]] - before
    figures["done"] = watch.by_endpoint.total()
    figures["lost"] = watch.lost
    return figures


def write(path: Path, urls: list[str]) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text("".join(f"{url}\n" for url in urls))
    temporary.replace(path)


def tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=4000)
    record_option(parser)
    options = parser.parse_args()
    figures = anyio.run(measure, options.requests)
    for key, value in figures.items():
        print(f"{key:16} {value:.2f}")
    print(verdict("full share of one that was added, s", figures["full_share_s"], WITHIN_S))
    print(verdict("requests lost", figures["lost"], 0))
    if options.record:
        record("discovery", figures)


if __name__ == "__main__":
    main()
