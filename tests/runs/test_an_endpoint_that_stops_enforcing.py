"""One of two endpoints begins to ignore grammars in mid-run: it is taken out, and its strays are redone."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import anyio.to_thread
from grammar.grammar_matchers import all_accept
from running import records, run_command

from funcdex.order import tools_of_conversation
from funcdex.rundir.layout import RunDir
from funcdex.sim.config import SimConfig
from funcdex.sim.faults import parse_fault
from funcdex.sim.process import SimProcess
from funcdex.stages.grammars import grammar_of
from funcdex.stages.kinds import form_of

COUNT = 40


async def started(stack: AsyncExitStack, *faults: str) -> SimProcess:
    sim = SimProcess(SimConfig(step_ms=0.0, faults=tuple(map(parse_fault, faults))))
    stack.push_async_callback(sim.stop)
    await sim.start()
    return sim


def in_its_grammar(run: RunDir, id: str, text: str) -> bool:
    tools, settings, draft = tools_of_conversation(run.path, id)
    form = form_of(draft, settings.generation)
    return all_accept(grammar_of(tools, settings.generation, form), text)


async def test_an_endpoint_that_stops_enforcing_is_noticed_and_nothing_of_it_is_believed(
    tmp_path: Path, small_config: Path
) -> None:
    run = RunDir(tmp_path / "run")
    async with AsyncExitStack() as stack:
        honest = await started(stack)
        lying = await started(stack, "ignore_grammar,after=20")
        arguments = (
            "generate", small_config, "--endpoints", f"{honest.url},{lying.url}", "--run", run.path,
            "--toolkits", "stripe", "--count", COUNT, "--max-in-flight", 6,
        )  # fmt: skip
        finished = await anyio.to_thread.run_sync(lambda: run_command(*arguments))
    assert finished.returncode in (0, 5), finished.stderr
    assert f"{lying.url}: down: it ignores grammars" in finished.stderr
    assert f"{lying.url}: refused: it ignores the grammar" in finished.stderr

    shown = await anyio.to_thread.run_sync(lambda: run_command("status", run.path))
    assert f"out: {lying.url}" in shown.stdout and "refused: it ignores the grammar" in shown.stdout

    log = records(run.log)
    strays = [event for event in log if event.get("fault") == "grammar_ignored" and event["event"] == "retry"]
    assert strays and {event["endpoint"] for event in strays} == {lying.url}
    taken_out = next(place for place, event in enumerate(log) if event["event"] == "down")
    assert sum(log.index(event) < taken_out for event in strays) < 10

    written = records(run.output("conversations"))
    assert len(written) == COUNT
    assert all(in_its_grammar(run, one["id"], one["conversation_dml"]) for one in written)
    assert {outcome["reason"] for outcome in records(run.output("rejected"))} <= {"low_score"}
