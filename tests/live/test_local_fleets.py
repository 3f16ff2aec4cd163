"""`funcdex serve` with the real servers on the CPU: `doctor` finds what it started, and it ends with it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from running import command, run_command

from live import build_env, servers

pytestmark = pytest.mark.live

WAITING = """
import os, pathlib, subprocess, sys, time, json
(source,) = json.loads(os.environ["FUNCDEX_ENDPOINTS"])
path = pathlib.Path(source.removeprefix("file:"))
while len(path.read_text().splitlines()) < 2:
    time.sleep(0.2)
sys.exit(subprocess.call([*sys.argv[1:], "--endpoints", source]))
"""


def served(kind: str, folder: Path, executable: str, model: Path, *flags: str) -> list[dict[str, object]]:
    """What `doctor` says of the server that `serve` started."""
    waiting, found = folder / "waiting.py", folder / "doctor.json"
    waiting.write_text(WAITING)
    then = " ".join([sys.executable, str(waiting), *command("doctor", "--json", found)])
    done = run_command(
        "serve", kind, "--gpus", "cpu", "--model", model, "--executable", executable, "--port-base", 0,
        "--logs", folder / "logs", "--slots", 2, "--then", then, "--", *flags,
        timeout_s=servers.VLLM_READY_WITHIN_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, object]] = json.loads(found.read_text())
    return rows


@pytest.mark.skipif(
    servers.why_not_built("llamacpp") is not None, reason=str(servers.why_not_built("llamacpp"))
)
def test_a_llama_server_is_started_found_and_stopped(tmp_path: Path) -> None:
    model = build_env.MODELS / "tiny.gguf"
    (row,) = served("llamacpp", tmp_path, str(build_env.LLAMA_SERVER), model, "--offline")
    assert (row["usable"], row["enforced"], row["slots"], row["metrics"]) == ("yes", "yes", 2, "yes")
    assert row["context"] == 32_768


@pytest.mark.skipif(servers.why_not_built("vllm") is not None, reason=str(servers.why_not_built("vllm")))
def test_a_vllm_is_started_found_and_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in servers.vllm_env().items():
        monkeypatch.setitem(os.environ, name, value)
    executable = f"{build_env.VLLM_PYTHON} -m vllm.entrypoints.openai.api_server"
    (row,) = served("vllm", tmp_path, executable, build_env.MODELS / "tiny", "--dtype", "float32")
    assert (row["usable"], row["enforced"], row["metrics"]) == ("yes", "yes", "yes")
    assert row["context"] == 32_768
