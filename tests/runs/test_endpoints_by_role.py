"""Writers and a judge at endpoints of their own: every stage is asked where it is served."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from running import records, run_command

from funcdex.rundir.layout import RunDir
from funcdex.sim.process import SimProcess
from funcdex.types.record import STAGES

COUNT = 12


def test_a_run_with_a_writer_and_a_judge(tmp_path: Path, small_config: Path, sims: list[SimProcess]) -> None:
    writer, judge = (sim.url for sim in sims)
    writing = "+".join(stage for stage in STAGES if stage != "judge")
    run = RunDir(tmp_path / "run")
    done = run_command(
        "generate", small_config, "--run", run.path, "--toolkits", "stripe", "--count", COUNT,
        "--endpoints", f"{writer};stages={writing};max_in_flight=4,{judge};stages=judge;max_in_flight=1",
    )  # fmt: skip
    assert done.returncode in (0, 5), done.stderr
    asked: defaultdict[str, set[str]] = defaultdict(set)
    for entry in records(run.journal):
        for used in entry.get("usage", ()):
            asked[used["stage"]].add(used["endpoint"])
    assert asked.pop("judge") == {judge}
    assert asked and all(endpoints == {writer} for endpoints in asked.values())
