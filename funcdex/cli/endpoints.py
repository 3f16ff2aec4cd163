"""`funcdex doctor` and `funcdex sim`: look at endpoints, be one."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from funcdex.cli.exits import Exit
from funcdex.cli.tables import JsonOption, show
from funcdex.printable import printable


def doctor(
    endpoints: Annotated[str, typer.Option("--endpoints", help="Base URLs, comma between them; or sim.")],
    model: Annotated[str | None, typer.Option("--model", help="The model to ask for.")] = None,
    json: JsonOption = None,
) -> None:
    """Asks each endpoint what it is and whether it really enforces a grammar; says what to change.

    Exit code 4 if none is usable.

    Example: funcdex doctor --endpoints http://gpu1:8000,http://gpu2:8080
    """
    import anyio

    from funcdex.doctor import examine
    from funcdex.settings.load import load

    flags = {"endpoints": endpoints.split(","), **({"model": model} if model else {})}
    findings = anyio.run(examine, load(None, flags).settings)
    rows = [finding.as_json() if json else finding.as_row() for finding in findings]
    show("endpoints", rows, json)
    if not json:
        for finding in findings:
            for advice in finding.advice:
                sys.stdout.write(printable(f"{finding.url}: {advice}\n"))
    if not any(finding.usable for finding in findings):
        raise typer.Exit(Exit.NO_ENDPOINT)


def sim(
    port: Annotated[int, typer.Option("--port", help="Port to listen at; 0: any that is free.")] = 8000,
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    slots: Annotated[int, typer.Option("--slots", help="Requests that run at once; more wait.")] = 64,
    step_ms: Annotated[float, typer.Option("--step-ms", help="Time of one decode step.")] = 0.5,
    prefill_tokens_per_s: Annotated[
        float, typer.Option("--prefill-tokens-per-s", help="Speed at which prompts are read.")
    ] = 200_000.0,
    max_model_len: Annotated[
        int, typer.Option("--max-model-len", help="Longest prompt and answer, in tokens.")
    ] = 32_768,
    seed: Annotated[int, typer.Option("--seed", help="All faults and texts follow from it.")] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", help="KIND[,probability=P,count=N,from_s=S,until_s=S]; repeatable."),
    ] = None,
    answers: Annotated[
        str, typer.Option("--answers", help="A data set whose calls answer requests with tools.")
    ] = "",
    right: Annotated[float, typer.Option("--right", help="Share of these answers that is right.")] = 1.0,
) -> None:
    """Runs a simulated endpoint: real constrained decoding, random words, faults on request.

    Example: funcdex sim --port 8001 --slots 128 --fault 503,probability=0.1
    """
    import anyio

    from funcdex.sim.config import SimConfig
    from funcdex.sim.faults import parse_fault
    from funcdex.sim.server import serve

    config = SimConfig(
        host=host,
        port=port,
        slots=slots,
        max_model_len=max_model_len,
        prefill_tokens_per_s=prefill_tokens_per_s,
        step_ms=step_ms,
        seed=seed,
        faults=tuple(map(parse_fault, fault or ())),
        answers=answers,
        right=right,
    )

    def announce(url: str) -> None:
        sys.stdout.write(f"simulated endpoint at {url}\n")
        sys.stdout.flush()

    anyio.run(serve, config, announce)
