"""What `--ray` costs: CPU of a conversation on two nodes against one in a single process; how many decisions
on duplicates the actors for it take in a second; and what Ray costs by itself.

    python bench/ray_overhead.py [--conversations 1000] [--rounds 3] [--step-ms 2 0] [--decisions 8192]
        [--folder /dev/shm/bench] [--record]

Two nodes on this machine, two actors, one that decides, two simulated endpoints in processes of their own,
some six requests a conversation. Beside one process there are two without Ray, with half of the conversations
and one endpoint each, which decide apart: how much of the difference is that two at once use more CPU for the
same work, on cores and caches that they share. And one actor that has both endpoints, beside the one that
decides: what Ray and deciding elsewhere cost.

`--step-ms` is how long the endpoints take for a token. With some, they set the pace, the same for all, as a
model does, and nobody waits for a core. With 0 the clients set it: every core is busy, more of them with two
actors than with one process, and what shares a core's two hardware threads takes more CPU for the same work.

CPU is user and system time of the session and of the actors, with the processes that these begin. What a
conversation costs is the difference between a run of that many and one of a fifth, by the difference in
conversations: what is paid once (imports, joining the cluster, tools and grammars, of which each actor builds
its own) is in `start`, in seconds. Ray's daemons are at work whether there is a run or not; they are told
apart (`ray idle`).

Decisions: scenarios that are all new, vectors at hand, two that decide on a toolkit set each, two that ask
and have one call with each of them under way, as ranges have. Each of the layers is asked, and the ledger is
synced.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from anyio.from_thread import start_blocking_portal
from record import record, record_option, spread_of
from spread.cpu import ACTORS, daemons_used_s, watched_actors
from spread.deciding import Asker, Empty, MeasuredShard

from funcdex.cluster.shard import ShardOrder
from funcdex.rundir.layout import RunDir
from funcdex.settings.dedup import DedupSettings
from funcdex.sim.config import SimConfig
from funcdex.sim.process import simulated_endpoints

FIFTH = 5
COMPARED = (("ray", "one_process"), ("ray", "two_processes"), ("ray_one_actor", "one_process"))
IDLE_FOR_S = 5.0
EMPTY_CALLS = 2000
FOLDER = Path(__file__).resolve().parents[1] / ".bench"


def main() -> None:
    """Measures what was asked for."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--conversations", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=3, help="0: leaves runs out")
    options.add_argument(
        "--step-ms", type=float, nargs="+", default=[2.0, 0.0], help="the runs, with each of these"
    )
    options.add_argument("--decisions", type=int, default=8192)
    options.add_argument(
        "--folder", type=Path, default=FOLDER, help="of runs and ledgers; in memory where others use the disk"
    )
    record_option(options)
    chosen = options.parse_args()
    try:
        from ray.cluster_utils import Cluster
    except ImportError:
        print("ray is not installed: pip install 'funcdex[ray]'")
        return
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    cluster.add_node(num_cpus=2)
    try:
        parts: dict[str, Callable[[], dict[str, Any]]] = {
            "ray": partial(by_itself, cluster.address),
            "decisions in batches of 64": partial(
                decisions, cluster.address, chosen.decisions, 64, chosen.folder
            ),
            "decisions in batches of 8": partial(
                decisions, cluster.address, chosen.decisions, 8, chosen.folder
            ),
        }
        for step_ms in chosen.step_ms if chosen.rounds else ():
            parts[f"run, {step_ms:g} ms a token"] = partial(
                runs, cluster.address, chosen.conversations, chosen.rounds, chosen.folder, step_ms
            )
        figures = {}
        for part, measure in parts.items():
            figures[part] = measure()
            for name, value in figures[part].items():
                print(f"{part} {name}: {value}", flush=True)
    finally:
        cluster.shutdown()
    if chosen.record:
        record(
            "ray_overhead",
            # Of the one below the project its name alone: where that lies is the machine's own matter.
            {"folder": FOLDER.name if chosen.folder == FOLDER else str(chosen.folder), **figures},
            versions=("ray", "anyio", "aiohttp", "numpy"),
        )


def by_itself(address: str) -> dict[str, float]:
    """What the daemons of two nodes use with nothing to do, and what both sides use for a call of an actor
    that does nothing, CPU in ms."""
    import ray

    ray.init(address=address, log_to_driver=False)
    before_s = daemons_used_s()
    time.sleep(IDLE_FOR_S)
    idle_s = daemons_used_s() - before_s
    empty = ray.remote(Empty).remote()
    ray.get([empty.nothing.remote() for _ in range(100)])
    there_s, here_s = ray.get(empty.used_s.remote()), time.process_time()
    for _ in range(EMPTY_CALLS):
        ray.get(empty.nothing.remote())
    here_s = time.process_time() - here_s
    there_s = ray.get(empty.used_s.remote()) - there_s
    ray.shutdown()
    return {
        "idle_cpu_ms_a_s": 1000 * idle_s / IDLE_FOR_S,
        "empty_call_asking_cpu_ms": 1000 * here_s / EMPTY_CALLS,
        "empty_call_answering_cpu_ms": 1000 * there_s / EMPTY_CALLS,
    }


def runs(address: str, conversations: int, rounds: int, folder: Path, step_ms: float) -> dict[str, Any]:
    """CPU of one conversation, in ms, and ratios; the ways to run take turns."""
    costs: dict[str, list[_Cost]] = {"one_process": [], "two_processes": [], "ray_one_actor": [], "ray": []}
    at = ("--folder", str(folder))
    simulated = simulated_endpoints(2, SimConfig(step_ms=step_ms))
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(simulated) as found:
        urls = ",".join(found)
        for _ in range(rounds):
            costs["one_process"].append(_cost(conversations, [urls], *at))
            costs["two_processes"].append(_cost(conversations, found, *at))
            on_ray = (*at, "--ray", address)
            costs["ray_one_actor"].append(_cost(conversations, [urls], *on_ray, "--actors", "1"))
            costs["ray"].append(_cost(conversations, [urls], *on_ray))
    figures: dict[str, Any] = {"conversations": conversations}
    for name, each in costs.items():
        figures[f"{name}_cpu_ms"] = spread_of([one.ms for one in each])
        figures[f"{name}_start_cpu_s"] = spread_of([one.start_s for one in each])
    for part in costs["ray"][0].each_ms:
        figures[f"ray_{part}_cpu_ms"] = spread_of([one.each_ms[part] for one in costs["ray"]])
    for ours, other in COMPARED:
        pairs = list(zip(costs[ours], costs[other], strict=True))
        figures[f"{ours}_to_{other}"] = spread_of([a.ms / b.ms for a, b in pairs])
        figures[f"{ours}_to_{other}_with_start"] = spread_of([a.whole_s / b.whole_s for a, b in pairs])
    return figures


@dataclass(frozen=True)
class _Cost:
    """Of a run: CPU of one conversation by who used it, what is paid once, and all together."""

    each_ms: dict[str, float]
    start_s: float
    whole_s: float

    @property
    def ms(self) -> float:
        """CPU of one conversation."""
        return sum(self.each_ms.values())


def _cost(conversations: int, urls: Sequence[str], *more: str) -> _Cost:
    few = conversations // FIFTH
    short, whole = (_cpu_s(count, urls, *more) for count in (few, conversations))
    each_ms = {name: 1000 * (whole[name] - short[name]) / (conversations - few) for name in whole}
    start_s = sum(short.values()) - few * sum(each_ms.values()) / 1000
    return _Cost(each_ms, start_s, sum(whole.values()))


def _cpu_s(conversations: int, urls: Sequence[str], *more: str) -> dict[str, float]:
    """What one run took, or several at once that share the conversations, each with endpoints of its own:
    the processes of the sessions, with those that they began, and actors."""
    command = [sys.executable, "-m", "spread.session", "--conversations", str(conversations // len(urls))]
    before = os.times()
    with watched_actors() as actors:
        at_work = [
            subprocess.Popen([*command, "--urls", each, *more], cwd=Path(__file__).parent) for each in urls
        ]
        if any(process.wait() for process in at_work):
            raise SystemExit("a run has failed")
    after = os.times()
    own_s = after.children_user + after.children_system - before.children_user - before.children_system
    return {"session": own_s} | {kind: actors.used_s(kind) for kind in ACTORS}


def decisions(address: str, questions: int, at_once: int, folder: Path) -> dict[str, Any]:
    """Decisions in a second of the clock, and in a second of CPU of those who decide."""
    import ray

    ray.init(address=address, log_to_driver=False)
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="deciding-") as run:
        shards = [
            ray.remote(MeasuredShard).remote(ShardOrder(RunDir(Path(run)), DedupSettings(), 2, number))
            for number in range(2)
        ]
        askers = [ray.remote(Asker).remote(number, shards, questions // 2, at_once) for number in range(2)]
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
