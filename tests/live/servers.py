"""Starts the real servers that build_env.py built, each with the tiny model, and stops them again.

with servers.vllm() as server:
    httpx.get(f"{server.base_url}/v1/models")
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx

from live import build_env

Kind = Literal["vllm", "llamacpp"]

MODEL_NAME = "tiny"
VLLM_CONTEXT = 32768
"""Prompt and answer together, in tokens, of each vLLM request."""
SLOT_CONTEXT = 32768
"""The same for each slot of llama-server."""
VLLM_READY_WITHIN_S = 600.0
"""Three processes import torch one after another: 35 to 60 s on two free cores, 215 s seen on shared ones."""
LLAMACPP_READY_WITHIN_S = 60.0
STOP_WITHIN_S = 15.0
VLLM_READS_CALLS = ("--enable-auto-tool-choice", "--tool-call-parser", "hermes")
"""Without them vLLM refuses requests with tools and `tool_choice: auto`."""


@dataclass(frozen=True)
class LiveServer:
    """A real server that answered /health; `base_url` is without /v1."""

    kind: Kind
    base_url: str
    process: subprocess.Popen[bytes]
    log_path: Path


class ServerDidNotStartError(Exception):
    """The server ended or stayed silent; the message holds the end of its log."""


def why_not_built(kind: Kind) -> str | None:
    """None if the server can be started, else a line for the user."""
    missing = [name for name in (kind, "models") if not build_env.PARTS[name].is_built()]
    if not missing:
        return None
    build = f"`make live` or `python tests/live/build_env.py {kind}` builds it"
    return f"not built in .live: {', '.join(missing)}; {build}, and .live/*.log says why it could not"


@contextmanager
def vllm(*, name: str = "vllm", max_num_seqs: int = 16, flags: Sequence[str] = ()) -> Iterator[LiveServer]:
    """vLLM on the CPU, at most `max_num_seqs` requests in flight. `name` names the log, so give a second
    server another one."""
    port = free_port()
    options = {
        "--model": build_env.MODELS / "tiny",
        "--served-model-name": MODEL_NAME,
        "--host": "127.0.0.1",
        "--port": port,
        "--dtype": "float32",
        "--max-num-seqs": max_num_seqs,
        "--max-model-len": VLLM_CONTEXT,
        # A prompt read in pieces must rewind the generator of a request that has a `seed`, which torch's CPU
        # generator cannot do: "CPU Generator does not use offset", and the engine is dead. So chunked
        # prefill is off, and a step is as long as the longest prompt.
        "--max-num-batched-tokens": VLLM_CONTEXT,
    }
    start: list[str | Path] = [build_env.VLLM_PYTHON, "-m", "vllm.entrypoints.openai.api_server"]
    command = [*start, *_flat(options), "--enforce-eager", "--no-enable-chunked-prefill", *flags]
    with _running("vllm", name, command, port, vllm_env(), VLLM_READY_WITHIN_S) as server:
        yield server


@contextmanager
def llamacpp(*, name: str = "llamacpp", slots: int = 2, flags: Sequence[str] = ()) -> Iterator[LiveServer]:
    """llama-server with `slots` slots of SLOT_CONTEXT tokens each."""
    port = free_port()
    options = {
        "--model": build_env.MODELS / "tiny.gguf",
        "--alias": MODEL_NAME,
        "--host": "127.0.0.1",
        "--port": port,
        "-c": SLOT_CONTEXT * slots,
        "-np": slots,
        # With two threads on two cores OpenMP's spinning stalls it for seconds.
        "-t": 1,
    }
    command: list[str | Path] = [
        build_env.LLAMA_SERVER,
        *_flat(options),
        "--jinja",
        "--metrics",
        "--offline",
        *flags,
    ]
    with _running("llamacpp", name, command, port, {}, LLAMACPP_READY_WITHIN_S) as server:
        yield server


def _flat(options: Mapping[str, object]) -> list[str]:
    return [word for name, value in options.items() for word in (name, str(value))]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def vllm_env() -> dict[str, str]:
    """1 GB of KV cache, and every cache file in `.live/` instead of the home folder."""
    caches = build_env.LIVE / "cache"
    places = {
        name: str(caches) for name in ("XDG_CACHE_HOME", "VLLM_CACHE_ROOT", "VLLM_CONFIG_ROOT", "HF_HOME")
    }
    places["TORCHINDUCTOR_CACHE_DIR"] = str(caches / "inductor")
    switches = {
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_TARGET_DEVICE": "cpu",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        # Its one worker thread, bound to a core, waits for whatever else runs there: on two shared cores
        # /metrics and the notice that a client has gone came a minute late.
        "OMP_NUM_THREADS": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    }
    return places | switches


@contextmanager
def _running(
    kind: Kind,
    name: str,
    command: build_env.Command,
    port: int,
    env: Mapping[str, str],
    ready_within_s: float,
) -> Iterator[LiveServer]:
    log_path = build_env.LIVE / "logs" / f"{name}.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("wb") as log:
        # A session of its own: vLLM's engine and worker processes end with it.
        process = subprocess.Popen(
            [str(word) for word in command],
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = LiveServer(kind, f"http://127.0.0.1:{port}", process, log_path)
    try:
        wait_until_healthy(server, ready_within_s)
        yield server
    finally:
        stop(process)


def wait_until_healthy(server: LiveServer, within_s: float) -> None:
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        if server.process.poll() is not None:
            raise ServerDidNotStartError(
                f"{server.kind} ended with {server.process.returncode}: {log_end(server)}"
            )
        if is_healthy(server.base_url):
            return
        time.sleep(0.2)
    raise ServerDidNotStartError(f"{server.kind} is not healthy after {within_s:.0f} s: {log_end(server)}")


def is_healthy(base_url: str) -> bool:
    try:
        return httpx.get(f"{base_url}/health", timeout=5.0, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def log_end(server: LiveServer) -> str:
    lines = server.log_path.read_text("utf-8", errors="replace").splitlines()
    return "\n".join([f"the end of {server.log_path}:", *lines[-15:]])


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the whole process group: first kindly, then, also for what the kind way left over, not."""
    for sent, patience_s in ((signal.SIGTERM, STOP_WITHIN_S), (signal.SIGKILL, STOP_WITHIN_S)):
        try:
            os.killpg(process.pid, sent)
        except ProcessLookupError:
            break
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
    process.wait(STOP_WITHIN_S)
