"""`funcdex serve`: one server for each GPU of this machine, kept running and listed for runs."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from funcdex.printable import printable


def serve(
    kind: Annotated[Literal["vllm", "llamacpp"], typer.Argument(help="Which server: vllm or llamacpp.")],
    extra: Annotated[
        list[str] | None, typer.Argument(help="Flags for the server, behind `--`.", metavar="[-- FLAGS]")
    ] = None,
    model: Annotated[str, typer.Option("--model", help="Name, folder or GGUF file.")] = "",
    gpus: Annotated[
        str, typer.Option("--gpus", help="0,1,2,3 or 0-3, a server each; cpu for a trial.")
    ] = "0",
    port_base: Annotated[
        int, typer.Option("--port-base", min=0, max=65535, help="Port of the first server; 0: any free.")
    ] = 8000,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; 0.0.0.0 for all machines.")
    ] = "127.0.0.1",
    listed_host: Annotated[
        str | None,
        typer.Option("--listed-host", help="Host in the list; default: --host, or this machine's name."),
    ] = None,
    endpoints_file: Annotated[
        Path | None, typer.Option("--endpoints-file", help="The list of healthy servers to keep up to date.")
    ] = None,
    logs: Annotated[Path, typer.Option("--logs", help="Folder for a log of each server.")] = Path(
        "serve-logs"
    ),
    executable: Annotated[
        str | None, typer.Option("--executable", help="The server's program, with arguments if need be.")
    ] = None,
    slots: Annotated[
        int | None, typer.Option("--slots", min=1, help="Requests at once: vLLM 256, llama.cpp 4.")
    ] = None,
    context: Annotated[
        int, typer.Option("--context", min=1024, help="Longest prompt and answer, in tokens.")
    ] = 32_768,
    restarts: Annotated[
        int, typer.Option("--restarts", min=0, max=1000, help="Times a server that dies starts again.")
    ] = 5,
    ready_within: Annotated[
        float, typer.Option("--ready-within", min=1, help="Seconds for a server to become healthy.")
    ] = 1800,
    then: Annotated[
        str | None, typer.Option("--then", help="A command to run meanwhile; servers end with it.")
    ] = None,
) -> None:
    """Starts a server on each GPU, keeps them running, and lists those that are healthy.

    Example: funcdex serve vllm --gpus 0,1,2,3 --model Qwen/Qwen3-8B --then
    "funcdex generate --toolkits gmail --count 1000 --run runs/first"
    """
    import anyio

    from funcdex.errors import ConfigError
    from funcdex.local_fleet.plan import Wanted, gpus_of, planned
    from funcdex.local_fleet.serve import LocalFleet, free_ports

    if not model:
        raise ConfigError("no model is named", where="--model", fix="Name one that the server can load.")
    chosen = gpus_of(gpus)
    wanted = Wanted(
        kind=kind,
        model=model,
        gpus=chosen,
        ports=free_ports(host, port_base, len(chosen)),
        host=host,
        listed_host=listed_host or _reachable(host),
        executable=executable,
        slots=slots,
        context_tokens=context,
        extra=extra or (),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
    )
    fleet = LocalFleet(
        planned(wanted),
        endpoints_file or logs / "endpoints.txt",
        logs,
        restarts,
        ready_within,
        _say,
        then,
    )
    if then is None:
        _say(f"endpoints: --endpoints file:{fleet.endpoints_file}")
    if code := anyio.run(fleet.run):
        raise typer.Exit(code)


def _reachable(host: str) -> str:
    """What others call this machine."""
    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def _say(text: str) -> None:
    sys.stderr.write(printable(f"{text}\n"))
    sys.stderr.flush()
