"""Four endpoints, three of them in trouble: the run completes and loses nothing."""

from __future__ import annotations

import subprocess
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import anyio.to_thread
from running import command, records

from funcdex.rundir.layout import RunDir
from funcdex.rundir.reading import read_journal
from funcdex.sim.config import SimConfig
from funcdex.sim.faults import parse_fault
from funcdex.sim.process import SimProcess

COUNT = 160


def session(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


async def started(stack: AsyncExitStack, *faults: str) -> SimProcess:
    sim = SimProcess(SimConfig(step_ms=0.0, faults=tuple(map(parse_fault, faults))))
    stack.push_async_callback(sim.stop)
    await sim.start()
    return sim


def settled_in(run: RunDir) -> int:
    return len(read_journal(run).settled) if run.journal.exists() else 0


def wait_until_settled(process: subprocess.Popen[str], run: RunDir, count: int) -> None:
    """Returns when so many conversations have ended, or the process has."""
    while settled_in(run) < count:
        try:
            process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            continue
        return


async def test_a_run_survives_a_killed_an_overloaded_and_a_lying_endpoint(
    tmp_path: Path, small_config: Path
) -> None:
    run = RunDir(tmp_path / "run")
    async with AsyncExitStack() as stack:
        steady = await started(stack)
        dying = await started(stack)
        overloaded = await started(stack, "unavailable,after=30,count=60,retry_after_s=0.2")
        lying = await started(stack, "ignore_grammar")
        urls = [sim.url for sim in (steady, dying, overloaded, lying)]
        arguments = command(
            "generate", small_config, "--endpoints", ",".join(urls), "--run", run.path,
            "--toolkits", "stripe,googledrive+googledocs", "--count", COUNT, "--max-in-flight", 8,
        )  # fmt: skip
        process = await anyio.to_thread.run_sync(session, arguments)
        stack.callback(process.kill)

        await anyio.to_thread.run_sync(wait_until_settled, process, run, COUNT // 6)
        await dying.kill()
        await anyio.to_thread.run_sync(wait_until_settled, process, run, COUNT // 3)
        await dying.start()
        _, stderr = await anyio.to_thread.run_sync(process.communicate)

    assert process.returncode in (0, 5), stderr
    assert f"{lying.url}: refused: it ignores the grammar" in stderr
    state = read_journal(run)
    assert sorted(state.settled) == [f"conv_{index:05d}" for index in range(1, COUNT + 1)]
    assert (state.repeated, state.damaged) == (0, ())
    assert {outcome["reason"] for outcome in records(run.output("rejected"))} <= {"low_score"}
    events = [(event["event"], event.get("endpoint")) for event in records(run.log)]
    assert ("down", dying.url) in events and events.count(("joined", dying.url)) == 2
    assert ("joined", lying.url) not in events
    usage = [used["endpoint"] for entry in records(run.journal) for used in entry.get("usage", ())]
    assert set(usage) == {steady.url, dying.url, overloaded.url}
    refusals = [event for event in records(run.log) if event.get("fault") == "overloaded"]
    assert refusals and {event["endpoint"] for event in refusals} == {overloaded.url}
