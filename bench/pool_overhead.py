"""What one request costs the client: CPU of bare HTTP clients, the pool, a whole run, and of tools like ours.

    python bench/pool_overhead.py [--requests 4002] [--in-flight 512] [--rounds 3] [--peers] [--stock-httpx]
                                  [--streaming]

A mock server in a process of its own answers each completion after 20 ms and counts what it serves. Every
client runs in processes of its own; the CPU (user and system, children included) of the same program with
next to no requests is subtracted. Medians over rounds that take turns. `funcdex pipeline` is a whole run: all
stages, prompts, grammars matched, conversations verified, journal and outputs on the disk
(overhead/pipeline.py), and once more with nothing matched or verified; child processes are told apart.

`--peers` adds curator, sdg-hub and distilabel, each installed below .bench/peers/ on first use, which takes
minutes, and driven by a program in overhead/peers/.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

from overhead.clients import CLIENTS
from overhead.environments import PEERS, install
from overhead.measure import Client, measure
from overhead.mock import SERVICE_S, mock_server
from overhead.pipeline import REQUESTS_EACH
from overhead.table import PIPELINE, UNCHECKED, figures_of, parts, table, verdicts
from record import record, record_option

STOCK_HTTPX = "stock httpx"
STREAMING = "funcdex pool, streaming"
VERSIONS = ("aiohttp", "httpx", "httpx-aiohttp", "anyio", "uvloop", "orjson", "llguidance")


def main() -> None:
    """Measures what was asked for."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--requests", type=int, default=4002)
    options.add_argument("--in-flight", type=int, default=512)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--peers", action="store_true", help="other tools as well; a minute a round")
    options.add_argument("--stock-httpx", action="store_true", help="one round of it, half a minute")
    options.add_argument("--streaming", action="store_true", help="one round of 100 events an answer")
    options.add_argument("--only", nargs="+", default=[], help="clients to measure, by name")
    record_option(options)
    chosen = options.parse_args()
    clients = ours({STOCK_HTTPX: chosen.stock_httpx, STREAMING: chosen.streaming})
    failed: dict[str, str] = {}
    if chosen.peers:
        failed = {peer.name: why for peer in PEERS if (why := install(peer))}
        others = [peer for peer in PEERS if peer.name not in failed]
        clients += [Client(peer.name, peer.module, python=str(peer.python)) for peer in others]
    clients = [client for client in clients if not chosen.only or client.name in chosen.only]
    requests = chosen.requests - chosen.requests % REQUESTS_EACH
    with mock_server() as mock:
        costs, broken = measure(clients, mock, requests, chosen.in_flight, chosen.rounds)
    versions = {peer.name: peer.version for peer in PEERS}
    figures = figures_of(costs, failed | broken, versions, requests, chosen.in_flight)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(
        f"{requests} requests, {chosen.in_flight} in flight, {SERVICE_S * 1000:.0f} ms service, load {load}\n"
    )
    print("\n".join([*table(figures), "", *parts(figures), *verdicts(figures)]))
    if chosen.record:
        record("pool_overhead", figures, versions=VERSIONS)


def ours(slow: Mapping[str, bool]) -> list[Client]:
    """Clients of this environment; the slow ones that are wanted take part in one round."""
    bare = [
        Client(name, "overhead.clients", (name,), most_rounds=1 if name in slow else 99)
        for name in CLIENTS
        if slow.get(name, True)
    ]
    # A start-up that has seen every stage and built its grammars.
    least = 10 * REQUESTS_EACH
    whole = [
        Client(name, "overhead.pipeline", asked, least=least, reports=True)
        for name, asked in ((PIPELINE, ()), (UNCHECKED, ("--unchecked",)))
    ]
    return [*bare, *whole]


if __name__ == "__main__":
    main()
