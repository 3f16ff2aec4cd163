from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from funcdex.errors import CheckpointError
from funcdex.rundir.layout import RunDir
from funcdex.rundir.lock import exclusive, held

HOLDER = """
import sys, signal
from pathlib import Path
from funcdex.rundir.layout import RunDir
from funcdex.rundir.lock import exclusive
with exclusive(RunDir(Path(sys.argv[1]))):
    sys.stdout.write("held\\n"); sys.stdout.flush()
    signal.pause()
"""


def hold(run: RunDir) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run.path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_and_told_who_is_first(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    with hold(run) as first:
        try:
            assert held(run)
            with pytest.raises(CheckpointError) as caught, exclusive(run):
                pass
            assert f"process {first.pid} on {socket.gethostname()}" in str(caught.value)
            assert "--run" in caught.value.fix
        finally:
            first.kill()


def test_the_lock_of_a_killed_process_is_no_obstacle(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    with hold(run) as first:
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    assert not held(run)
    with exclusive(run):
        assert held(run)
    assert not held(run)


def test_the_lock_makes_the_folder(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "runs" / "first")
    with exclusive(run):
        assert run.path.is_dir()


def test_a_run_directory_that_is_a_file_is_a_checkpoint_error(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(CheckpointError), exclusive(RunDir(tmp_path / "run")):
        pass


def test_nobody_holds_what_is_not_there(tmp_path: Path) -> None:
    assert not held(RunDir(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


def test_a_lock_file_without_a_readable_name_is_still_a_lock(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    with exclusive(run):
        run.lock.write_bytes(b"")
        with pytest.raises(CheckpointError, match="an unknown process"), exclusive(run):
            pass
