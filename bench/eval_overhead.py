"""What one context of `funcdex eval` costs the client, beside the same requests by the pool alone.

    python bench/eval_overhead.py [--requests 10000] [--in-flight 512] [--rounds 3]

The method is that of pool_overhead.py: a mock server in a process of its own answers after 20 ms, clients run
in processes of their own, in rounds that take turns; CPU (user and system) of the same program with next to
no requests is subtracted. The evaluation reads its data set, asks, and keeps its journal; then it reads both
again, scores every answer, of which three in ten are wrong, and makes all figures with their intervals. The
two parts are told apart: while it scores, no endpoint waits. Its report must be the one that follows from
what the mock answers.
"""

from __future__ import annotations

import argparse
import os

from evaluated.clients import dataset_of
from evaluated.talks import CONTEXTS_EACH, write
from overhead.measure import Client, measure
from overhead.mock import SERVICE_S, mock_server
from overhead.table import figures_of, table
from record import record, record_option, verdict

POOL, EVAL = "funcdex pool, the same requests", "funcdex eval"
MOST_TIMES_POOL = 1.3


def main() -> None:
    """Measures."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--requests", type=int, default=10_000)
    options.add_argument("--in-flight", type=int, default=512)
    options.add_argument("--rounds", type=int, default=3)
    record_option(options)
    chosen = options.parse_args()
    requests = chosen.requests - chosen.requests % CONTEXTS_EACH
    for contexts in (requests, CONTEXTS_EACH):
        write(dataset_of(contexts), contexts)
    clients = [
        Client(name, "evaluated.clients", (argument,), least=CONTEXTS_EACH, reports=argument == "eval")
        for name, argument in ((POOL, "pool"), (EVAL, "eval"))
    ]
    with mock_server() as mock:
        costs, broken = measure(clients, mock, requests, chosen.in_flight, chosen.rounds)
    figures = figures_of(costs, broken, {}, requests, chosen.in_flight)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(
        f"{requests} requests, {chosen.in_flight} in flight, {SERVICE_S * 1000:.0f} ms service, load {load}\n"
    )
    medians = {name: row["cpu_ms"]["median"] for name, row in figures["clients"].items()}
    if POOL in medians:
        figures["clients"]["funcdex pool"] = figures["clients"].pop(POOL)
    print("\n".join(table(figures)))
    if medians.keys() >= {POOL, EVAL}:
        parts = figures["clients"][EVAL]["parts_ms"]
        figures["asking_times_pool"] = round(parts["asking"] / medians[POOL], 3)
        figures["whole_times_pool"] = round(medians[EVAL] / medians[POOL], 3)
        print(f"\nof a context: asking {parts['asking']:.3f} ms, scoring {parts['scoring']:.3f} ms")
        print(
            verdict("eval while it asks, times the pool alone", figures["asking_times_pool"], MOST_TIMES_POOL)
        )
        print(f"with all its scores, times the pool alone: {figures['whole_times_pool']:.2f}")
    if chosen.record:
        record("eval_overhead", figures, versions=("aiohttp", "anyio", "uvloop", "orjson", "numpy"))


if __name__ == "__main__":
    main()
