"""Which servers are to be started, and how: one for each GPU, with the flags that suit a run. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from funcdex.errors import ConfigError

ServerKind = Literal["vllm", "llamacpp"]

ON_CPU = ("cpu", "none")
DEFAULT_CONTEXT_TOKENS = 32_768
DEFAULT_SLOTS: Mapping[ServerKind, int] = {"vllm": 256, "llamacpp": 4}
DEFAULT_EXECUTABLE: Mapping[ServerKind, str] = {"vllm": "vllm serve", "llamacpp": "llama-server"}
HTTP_THREADS_BESIDE_SLOTS = 64
"""llama-server gives each kept-alive connection a thread; too few of them, and bursts wait for seconds."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server to be started. `environment` comes on top of ours; where ours says otherwise, ours stays,
    but for the GPU."""

    name: str
    url: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    gpu: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for. `ports` are as many as `gpus`; `executable` is a command line's beginning;
    `listed_host` is the host that others reach the servers by."""

    kind: ServerKind
    model: str
    gpus: Sequence[str]
    ports: Sequence[int]
    host: str = "127.0.0.1"
    listed_host: str = "127.0.0.1"
    executable: str | None = None
    slots: int | None = None
    context_tokens: int = DEFAULT_CONTEXT_TOKENS
    extra: Sequence[str] = ()
    cores: int = 1


def gpus_of(text: str) -> tuple[str, ...]:
    """`0,1,2,3`, `0-3`, GPU or MIG ids, or `cpu`. Raises ConfigError."""
    if text.strip().lower() in ON_CPU:
        return ("cpu",)
    found: list[str] = []
    for part in (one.strip() for one in text.split(",")):
        first, dash, last = part.partition("-")
        if dash and first.isdecimal() and last.isdecimal() and int(first) <= int(last) < 4096:
            found += [str(number) for number in range(int(first), int(last) + 1)]
        elif part:
            found.append(part)
    if not found or len(set(found)) < len(found) or "cpu" in found:
        raise ConfigError("GPUs are named once each", where=f"--gpus {text}", fix="Write 0,1,2,3 or cpu.")
    return tuple(found)


def planned(wanted: Wanted) -> tuple[Server, ...]:
    """A server for each GPU. Raises ConfigError for an executable that cannot be read."""
    return tuple(
        _server(wanted, number, gpu, port)
        for number, (gpu, port) in enumerate(zip(wanted.gpus, wanted.ports, strict=True))
    )


def _server(wanted: Wanted, number: int, gpu: str, port: int) -> Server:
    on_cpu = gpu == "cpu"
    make = _vllm if wanted.kind == "vllm" else _llamacpp
    threads = max(1, min(wanted.cores - 1, wanted.cores // len(wanted.gpus)))
    command, environment = make(wanted, port, on_cpu, threads)
    return Server(
        name=f"{wanted.kind}-{'cpu' if on_cpu else gpu}",
        url=f"http://{wanted.listed_host}:{port}",
        command=(*command, *wanted.extra),
        environment=environment,
        gpu=None if on_cpu else gpu,
    )


def _vllm(wanted: Wanted, port: int, on_cpu: bool, threads: int) -> tuple[list[str], dict[str, str]]:
    """Prompts of a run begin alike (tools), so prefixes are cached. Which library enforces a grammar vLLM
    finds by its notation; naming one here would shut the others out."""
    context = str(wanted.context_tokens)
    command = [*_beginning(wanted), "--host", wanted.host, "--port", str(port)]
    command += ["--max-model-len", context, "--max-num-seqs", str(wanted.slots or DEFAULT_SLOTS["vllm"])]
    command += ["--enable-prefix-caching"]
    # The GPU does the work; threads that spin on the cores would take them from grammars and tokenizers.
    environment = {"OMP_NUM_THREADS": "1", "VLLM_NO_USAGE_STATS": "1"}
    if on_cpu:
        # A prompt that is read in chunks and a seed end the engine of a CPU build (seen with 0.32).
        command += ["--no-enable-chunked-prefill", "--max-num-batched-tokens", context, "--enforce-eager"]
        environment |= {
            "OMP_NUM_THREADS": str(threads),
            "VLLM_TARGET_DEVICE": "cpu",
            "VLLM_CPU_KVCACHE_SPACE": "2",
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        }
    return command, environment


def _llamacpp(wanted: Wanted, port: int, on_cpu: bool, threads: int) -> tuple[list[str], dict[str, str]]:
    """The context is divided among the slots."""
    slots = wanted.slots or DEFAULT_SLOTS["llamacpp"]
    command = [*_beginning(wanted), "--host", wanted.host, "--port", str(port), "--jinja", "--metrics"]
    command += ["-c", str(wanted.context_tokens * slots), "-np", str(slots), "-t", str(threads)]
    command += ["--threads-http", str(slots + HTTP_THREADS_BESIDE_SLOTS)]
    return command + ([] if on_cpu else ["-ngl", "999"]), {"OMP_NUM_THREADS": str(threads)}


def _beginning(wanted: Wanted) -> list[str]:
    """The program and its model. `vllm serve` takes it by its place, whatever else by its flag."""
    text = wanted.executable or DEFAULT_EXECUTABLE[wanted.kind]
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ConfigError(
            f"it cannot be read: {error}", where="--executable", fix="Check its quotes."
        ) from None
    if not words:
        raise ConfigError("it is empty", where="--executable", fix="Name the server's program.")
    return [*words, wanted.model] if words[-1] == "serve" else [*words, "--model", wanted.model]
