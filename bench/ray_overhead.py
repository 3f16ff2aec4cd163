"""What `--ray` costs: CPU of a whole run on two nodes against the same run in one process; and how many
decisions on duplicates the actors for it take in a second.

    python bench/ray_overhead.py [--conversations 520] [--rounds 3] [--decisions 8000] [--record]

Two nodes on this machine, two actors, one that decides, two simulated endpoints in processes of their own.
CPU is user and system time of the session and of the actors, without Ray's own daemons, which are at work
whether there is a run or not; what a run of 20 conversations costs is subtracted as start-up. Decisions:
vectors at hand, two actors that ask in batches of 64, every scenario new; each of the layers is asked, and
the ledger is synced.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from anyio.from_thread import start_blocking_portal
from record import record, record_option, spread_of
from spread.cpu import ACTORS, watched_actors
from spread.deciding import Asker, MeasuredShard

from funcdex.cluster.shard import ShardOrder
from funcdex.rundir.layout import RunDir
from funcdex.settings.dedup import DedupSettings
from funcdex.sim.config import SimConfig
from funcdex.sim.process import simulated_endpoints

FEW = 20


def main() -> None:
    """Measures what was asked for."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--conversations", type=int, default=520)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--decisions", type=int, default=8000)
    record_option(options)
    chosen = options.parse_args()
    try:
        from ray.cluster_utils import Cluster
    except ImportError:
        print("ray is not installed: pip install 'funcdex[ray]'")
        return
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    cluster.add_node(num_cpus=2)
    try:
        figures = {
            "run": runs(cluster.address, chosen.conversations, chosen.rounds),
            "decisions": decisions(cluster.address, chosen.decisions),
        }
    finally:
        cluster.shutdown()
    for line in (f"{part} {name}: {value}" for part, told in figures.items() for name, value in told.items()):
        print(line)
    if chosen.record:
        record("ray_overhead", figures, versions=("ray", "anyio", "aiohttp", "numpy"))


def runs(address: str, conversations: int, rounds: int) -> dict[str, Any]:
    """CPU of one conversation, in ms, and their ratio; rounds take turns."""
    here, spread = list[float](), list[float]()
    parts: dict[str, list[float]] = {name: [] for name in ("session", *ACTORS)}
    simulated = simulated_endpoints(2, SimConfig(step_ms=0.0))
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(simulated) as found:
        urls = ",".join(found)
        for _ in range(rounds):
            here.append(sum(_each_ms(urls, conversations).values()))
            on_ray = _each_ms(urls, conversations, "--ray", address)
            spread.append(sum(on_ray.values()))
            for name, cpu_ms in on_ray.items():
                parts[name].append(cpu_ms)
    return {
        "conversations": conversations,
        "one_process_cpu_ms": spread_of(here),
        "ray_cpu_ms": spread_of(spread),
        "parts_cpu_ms": {name: spread_of(each) for name, each in parts.items()},
        "ratio": spread_of([b / a for a, b in zip(here, spread, strict=True)]),
    }


def _each_ms(urls: str, conversations: int, *more: str) -> dict[str, float]:
    """CPU of one conversation by who used it, start-up left out."""
    few, many = (_cpu_s(urls, count, *more) for count in (FEW, conversations))
    return {name: 1000 * (many[name] - few[name]) / (conversations - FEW) for name in many}


def _cpu_s(urls: str, conversations: int, *more: str) -> dict[str, float]:
    """What one run took: the process of the session, with those that it began, and actors."""
    command = ["-m", "spread.session", "--urls", urls, "--conversations", str(conversations), *more]
    before = os.times()
    with watched_actors() as actors:
        subprocess.run([sys.executable, *command], cwd=Path(__file__).parent, check=True)
    after = os.times()
    own_s = after.children_user + after.children_system - before.children_user - before.children_system
    return {"session": own_s} | {kind: actors.used_s(kind) for kind in ACTORS}


def decisions(address: str, questions: int) -> dict[str, Any]:
    """Decisions in a second of the clock, and in a second of CPU of those who decide."""
    import ray

    ray.init(address=address, log_to_driver=False)
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent, prefix=".deciding-") as folder:
        shards = [
            ray.remote(MeasuredShard).remote(ShardOrder(RunDir(Path(folder)), DedupSettings(), 2, number))
            for number in range(2)
        ]
        askers = [ray.remote(Asker).remote(number, shards, questions // 2) for number in range(2)]
        ray.get([shard.used_s.remote() for shard in shards])
        before_s = sum(ray.get([shard.used_s.remote() for shard in shards]))
        ray.get([asker.__ray_ready__.remote() for asker in askers])
        began_s = time.monotonic()
        told = ray.get([asker.ask_all.remote() for asker in askers])
        took_s = time.monotonic() - began_s
        used_s = sum(ray.get([shard.used_s.remote() for shard in shards])) - before_s
    ray.shutdown()
    answered = sum(count for count, _ in told)
    return {
        "answered": answered,
        "per_s": answered / took_s,
        "per_cpu_s": answered / used_s,
        "asking_cpu_ms": 1000 * sum(used for _, used in told) / answered,
        "deciding_cpu_ms": 1000 * used_s / answered,
    }


if __name__ == "__main__":
    main()
