"""A run on a real Ray cluster of two nodes: what one process makes of the same order, and nothing lost or
twice whatever is killed. Skips where ray is missing. `FUNCDEX_RAY_CONVERSATIONS` sets the size of each
run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from running import command, records, run_command

from funcdex.rundir.layout import OUTPUTS, RunDir
from funcdex.rundir.reading import Damaged, journal_items, read_journal
from funcdex.rundir.replay import Outcome, Replay
from funcdex.rundir.segments import segments
from funcdex.sim.config import SimConfig
from funcdex.sim.process import simulated_endpoints
from live.servers import free_port

pytestmark = pytest.mark.live

CONVERSATIONS = int(os.environ.get("FUNCDEX_RAY_CONVERSATIONS", "200"))
SETTINGS = """
toolkits: [gmail, jira]
generation: {min_user_turns: 1, max_user_turns: 1, distractor_tools: 0, max_tools: 3}
dedup: {layers: [masked, words], examples_shown: 0, max_scenario_retries: 6}
pool: {max_in_flight: 8, backoff_base_s: 0.05, open_for_s: 0.2}
ray: {actors: 4, dedup_actors: 2}
"""
"""No prompt shows other conversations, so that each is what it is whoever came first."""


@pytest.fixture(scope="module")
def endpoints() -> Iterator[str]:
    simulated = simulated_endpoints(4, SimConfig(step_ms=1.0))
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(simulated) as urls:
        yield ",".join(urls)


class Nodes:
    """A head and a second node, both on this machine."""

    def __init__(self) -> None:
        cluster_utils = pytest.importorskip("ray.cluster_utils", reason="ray is not installed: make ray")
        head = {
            "num_cpus": 2,
            "dashboard_port": free_port(),
            "dashboard_agent_listen_port": free_port(),
        }
        self.cluster = cluster_utils.Cluster(initialize_head=True, head_node_args=head)
        self.second = self.cluster.add_node(num_cpus=2)

    @property
    def address(self) -> str:
        """For `--ray`."""
        address: str = self.cluster.address
        return address

    def lose_one(self) -> None:
        """The second node is gone, with all that runs on it."""
        self.cluster.remove_node(self.second, allow_graceful=False)
        self.second = None

    def get_back(self) -> None:
        """There are two again."""
        if self.second is None:
            self.second = self.cluster.add_node(num_cpus=2)


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_AUTH_MODE", os.environ.get("RAY_AUTH_MODE", "disabled"))
        # A job finds its command where the head does.
        environment.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        made = Nodes()
        yield made
        made.cluster.shutdown()


@pytest.fixture
def begin(tmp_path: Path, endpoints: str, nodes: Nodes) -> Callable[[], subprocess.Popen[str]]:
    """Begins the run, or goes on with it."""
    config = tmp_path / "settings.yaml"
    config.write_text(SETTINGS)
    asked = [
        "generate",
        config,
        "--endpoints",
        endpoints,
        "--count",
        CONVERSATIONS,
        "--run",
        tmp_path / "run",
    ]

    def started() -> subprocess.Popen[str]:
        nodes.get_back()
        return subprocess.Popen(
            command(*asked, "--ray", nodes.address),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return started


def test_ids_and_rules_are_those_of_one_process(
    tmp_path: Path, endpoints: str, begin: Callable[[], subprocess.Popen[str]]
) -> None:
    here = tmp_path / "here"
    config = tmp_path / "settings.yaml"
    asked = ("generate", config, "--endpoints", endpoints, "--count", CONVERSATIONS, "--run", here)
    assert run_command(*asked, timeout_s=1800).returncode in (0, 5)
    assert _end_of(begin()) in (0, 5)
    spread = tmp_path / "run"
    _is_whole(spread)
    assert _plans(here) == _plans(spread)
    texts = [_words(one["metadata"]["scenario"]) for one in records(spread / "conversations.jsonl")]
    assert len(texts) == len(set(texts))
    assert len(segments(RunDir(spread))) >= 4
    # A few conversations end differently: which of two like scenarios came first is chance.
    kept = [{one["id"] for one in records(run / "accepted_conversations.jsonl")} for run in (here, spread)]
    assert len(kept[0] ^ kept[1]) <= CONVERSATIONS // 10


@pytest.mark.parametrize("killed", ["actor", "dedup actor", "node", "driver"])
def test_whatever_is_killed_nothing_is_lost_and_nothing_comes_twice(
    tmp_path: Path, nodes: Nodes, begin: Callable[[], subprocess.Popen[str]], killed: str
) -> None:
    driver = begin()
    run = RunDir(tmp_path / "run")
    _wait_for(driver, lambda: _settled(run) >= CONVERSATIONS // 5)
    acknowledged = _outcomes(run)
    if killed == "actor":
        _kill_one("RangeActor")
    elif killed == "dedup actor":
        _kill_one("Shard")
    elif killed == "node":
        nodes.lose_one()
    else:
        driver.kill()
        driver.communicate()
        driver = begin()
    assert _end_of(driver) in (0, 5)
    _is_whole(run.path)
    after = read_journal(run)
    assert all(after.settled[id] == outcome for id, outcome in acknowledged.items())
    assert (after.damaged, after.repeated, after.passed_over) == ((), 0, 0)


def test_a_run_goes_on_with_and_without_the_cluster(
    tmp_path: Path, endpoints: str, nodes: Nodes, begin: Callable[[], subprocess.Popen[str]]
) -> None:
    driver = begin()
    run = RunDir(tmp_path / "run")
    # What the actors report while they work, and not only when they have ended.
    _wait_for(driver, lambda: _told(run) >= CONVERSATIONS // 5)
    driver.send_signal(signal.SIGINT)
    assert _end_of(driver) == 130
    alone = subprocess.Popen(
        command("resume", run.path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    _wait_for(alone, lambda: _settled(run) >= CONVERSATIONS // 2)
    alone.kill()
    alone.communicate()
    nodes.get_back()
    last = run_command("resume", run.path, "--ray", nodes.address, timeout_s=1800)
    assert last.returncode in (0, 5), last.stderr
    _is_whole(run.path)


def test_ray_data_reads_what_a_run_wrote(tmp_path: Path, begin: Callable[[], subprocess.Popen[str]]) -> None:
    pytest.importorskip("ray.data", reason="Ray Data is not installed: pip install 'ray[data]'")
    assert _end_of(begin()) in (0, 5)
    run = tmp_path / "run"
    told = subprocess.run(
        [*command()[:1], "examples/ray_data.py", str(run)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    kept = len(records(run / "parsed_conversations.jsonl"))
    assert f"{kept} conversations" in told.stdout


def test_a_run_is_a_job_of_the_cluster(
    tmp_path: Path, endpoints: str, nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("aiohttp_cors", reason="the cluster takes no jobs: pip install 'ray[default]'")
    nodes.get_back()
    run = tmp_path / "run"
    monkeypatch.setenv("RUN", str(run))
    monkeypatch.setenv("COUNT", "24")
    head = f"http://{nodes.cluster.webui_url}"
    submitted = subprocess.run(
        ["sh", "examples/ray_job.sh", head, endpoints], capture_output=True, text=True, timeout=600
    )
    # Exit code 5 (fewer accepted than asked for) is the job's, which `ray` tells as 1.
    assert "submitted successfully" in submitted.stdout, submitted.stderr
    assert submitted.returncode in (0, 1) and RunDir(run).exists, submitted.stdout + submitted.stderr
    told = json.loads(run_command("status", run, "--json", "-").stdout)
    assert told["accepted"] + sum(told["rejected"].values()) == 24, submitted.stdout + submitted.stderr
    assert len(segments(RunDir(run))) >= 2


def test_an_endpoint_that_joins_in_mid_run_works_for_every_actor(
    tmp_path: Path, endpoints: str, nodes: Nodes
) -> None:
    nodes.get_back()
    *first, last = endpoints.split(",")
    _write(tmp_path / "workers.txt", first)
    (tmp_path / "settings.yaml").write_text(f"{SETTINGS}discovery: {{every_s: 0.5}}\n")
    asked = ["--endpoints", "file:workers.txt", "--count", CONVERSATIONS, "--run", tmp_path / "run"]
    driver = subprocess.Popen(
        command("generate", tmp_path / "settings.yaml", *asked, "--ray", nodes.address),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    run = RunDir(tmp_path / "run")
    _wait_for(driver, lambda: _settled(run) >= CONVERSATIONS // 10)
    _write(tmp_path / "workers.txt", [*first, last])
    assert _end_of(driver) in (0, 5)
    _is_whole(run.path)
    joined = [event for event in records(run.log) if event["event"] == "joined" and event["endpoint"] == last]
    assert len(joined) == 4  # One of each actor.


def _write(path: Path, urls: list[str]) -> None:
    """A list of endpoints, whole at every moment."""
    new = path.with_suffix(".new")
    new.write_text("\n".join(urls) + "\n")
    new.replace(path)


def _end_of(process: subprocess.Popen[str]) -> int:
    said, _ = process.communicate(timeout=1800)
    sys.stdout.write(said)  # Shown by pytest where the test fails.
    return process.returncode


def _wait_for(process: subprocess.Popen[str], so_far: Callable[[], bool]) -> None:
    while not so_far():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.1)


def _settled(run: RunDir) -> int:
    return len(_outcomes(run)) if run.exists else 0


def _told(run: RunDir) -> int:
    """How many ended conversations stand in the outputs, which the driver writes."""
    outputs = (run.output("accepted_conversations"), run.output("rejected"))
    return sum(path.read_bytes().count(b"\n") for path in outputs if path.exists())


def _outcomes(run: RunDir) -> dict[str, Outcome]:
    """How conversations have ended by now. Places cannot be read while the run goes on."""
    replay = Replay()
    for item in journal_items(run):
        if not isinstance(item, Damaged):
            replay.take(item)
    return replay.settled


def _is_whole(run: Path) -> None:
    """All that was planned has ended, once, and every output has the lines that are due, once."""
    told = json.loads(run_command("status", run, "--json", "-").stdout)
    assert told["accepted"] + sum(told["rejected"].values()) == CONVERSATIONS
    assert (told["not_begun"], told["in_progress"], told["damaged"], told["running"]) == (0, {}, 0, False)
    by_output = {name: Counter(one["id"] for one in records(run / f"{name}.jsonl")) for name in OUTPUTS}
    assert all(set(counted.values()) <= {1} for counted in by_output.values())
    assert (
        len(by_output["accepted_conversations"]) == told["accepted"] == len(by_output["parsed_conversations"])
    )
    assert len(by_output["rejected"]) == sum(told["rejected"].values())


def _plans(run: Path) -> dict[str, tuple[Any, ...]]:
    ended = records(run / "accepted_conversations.jsonl") + records(run / "rejected.jsonl")
    return {one["id"]: (one["toolkits"], one["kind"], one["seed"], one["today"]) for one in ended}


def _words(text: str) -> str:
    return " ".join(text.casefold().split())


def _kill_one(kind: str) -> None:
    """A process of Ray's that runs an actor of this class."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                named = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if named.startswith(f"ray::{kind}".encode()):
                os.kill(int(entry.name), signal.SIGKILL)
                return
    raise AssertionError(f"no actor {kind} is there")
