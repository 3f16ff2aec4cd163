"""`funcdex generate`, `resume`, `status`: a run, and what has become of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funcdex.cli.exits import Exit
from funcdex.cli.tables import JsonOption, write_json
from funcdex.cli.tools import CatalogOption, ToolReferencesOption
from funcdex.printable import printable

if TYPE_CHECKING:
    from funcdex.order import Order
    from funcdex.session import Ending, Labour
    from funcdex.snapshot import Observer

DrainTimeoutOption = Annotated[
    float | None,
    typer.Option("--drain-timeout", min=0, help="After an interrupt, seconds to finish what is in flight."),
]
LOOPBACK = "127.0.0.1"

RetryRejectedOption = Annotated[
    bool, typer.Option("--retry-rejected", help="Try rejected conversations again.")
]
MetricsPortOption = Annotated[
    int | None,
    typer.Option("--metrics-port", min=0, max=65535, help="Serve /metrics for Prometheus; 0: any free port."),
]
MetricsHostOption = Annotated[
    str, typer.Option("--metrics-host", help="Address of that page; 0.0.0.0 for all machines.")
]
RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="[ADDRESS]",
        help="Spread the work over a Ray cluster: the one at an address, or auto (also where nothing "
        "follows): one that runs here, else one that begins here.",
    ),
]


def generate(
    config: Annotated[Path | None, typer.Argument(help="A YAML file of settings.")] = None,
    endpoints: Annotated[
        str | None, typer.Option("--endpoints", help="Base URLs, comma between them; or sim, sim:4.")
    ] = None,
    tools: Annotated[
        list[Path] | None, typer.Option("--tools", help="A tool file or folder; repeatable.")
    ] = None,
    references: ToolReferencesOption = None,
    catalog: CatalogOption = None,
    toolkits: Annotated[
        str | None, typer.Option("--toolkits", help="gmail,googledrive+gmail: + makes a bundle.")
    ] = None,
    count: Annotated[int | None, typer.Option("--count", help="Conversations planned.")] = None,
    run: Annotated[
        Path | None, typer.Option("--run", help="The run directory; resumed if it exists.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="All randomness follows from it.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="The model to ask for.")] = None,
    thoughts: Annotated[
        bool | None, typer.Option("--thoughts/--no-thoughts", help="The assistant thinks before it speaks.")
    ] = None,
    max_in_flight: Annotated[
        int | None, typer.Option("--max-in-flight", help="Requests in flight per endpoint.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show plan, prompts and grammar of one conversation; ask nothing."),
    ] = False,
    retry_rejected: RetryRejectedOption = False,
    accept_changes: Annotated[
        bool, typer.Option("--accept-changes", help="Go on with a run although its settings differ.")
    ] = False,
    drain_timeout: DrainTimeoutOption = None,
    from_errors: Annotated[
        Path | None,
        typer.Option("--from-errors", help="An evaluation: what the model got wrong there comes up more."),
    ] = None,
    metrics_port: MetricsPortOption = None,
    metrics_host: MetricsHostOption = LOOPBACK,
    ray: RayOption = None,
    json: JsonOption = None,
) -> None:
    """Runs a generation, or goes on with one.

    Example: funcdex generate --endpoints http://gpu1:8000,http://gpu2:8000 --toolkits gmail,jira+gmail
    --count 1000 --run runs/first
    """
    from funcdex.settings.load import load

    given = {
        "endpoints": endpoints.split(",") if endpoints else None,
        "tools": tools,
        "tool_references": references,
        "catalog": catalog,
        "toolkits": toolkits.split(",") if toolkits else None,
        "count": count,
        "seed": seed,
        "model": model,
        "generation": _present({"thoughts": thoughts}),
        "pool": _present({"max_in_flight": max_in_flight, "drain_timeout_s": drain_timeout}),
    }
    loaded = load(config, _present(given))
    for note in loaded.notes:
        _say(note)
    from funcdex.order import order_from

    settings = loaded.settings
    if from_errors is not None:
        from funcdex.evaluate.raising import errors_of, raised

        generation = raised(settings.generation, errors_of(from_errors))
        settings = settings.model_copy(update={"generation": generation})
    path = run or Path("runs") / datetime.now().strftime("%Y%m%d-%H%M%S")
    asked = order_from(path, settings, retry_rejected=retry_rejected, accept_changes=accept_changes)
    for note in asked.notes:
        _say(note)
    if dry_run:
        import anyio

        from funcdex.dry_run import describe

        sys.stdout.write(printable(anyio.run(describe, asked)))
        return
    _carry_out(asked, json, _metrics_page(metrics_host, metrics_port), ray)


def resume(
    run: Annotated[Path, typer.Argument(help="The run directory.")],
    endpoints: Annotated[
        str | None, typer.Option("--endpoints", help="Other endpoints than the run began with.")
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", min=1, help="More conversations than before.")
    ] = None,
    retry_rejected: RetryRejectedOption = False,
    drain_timeout: DrainTimeoutOption = None,
    metrics_port: MetricsPortOption = None,
    metrics_host: MetricsHostOption = LOOPBACK,
    ray: RayOption = None,
    json: JsonOption = None,
) -> None:
    """Goes on with a run from its manifest alone.

    Example: funcdex resume runs/first
    """
    from funcdex.order import order_to_resume

    urls = endpoints.split(",") if endpoints else None
    asked = order_to_resume(run, urls, count, drain_timeout, retry_rejected=retry_rejected)
    _carry_out(asked, json, _metrics_page(metrics_host, metrics_port), ray)


def status(
    run: Annotated[Path, typer.Argument(help="The run directory.")],
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, until the run ends.")] = False,
    json: JsonOption = None,
) -> None:
    """Shows how far a run is: planned, in progress by stage, accepted, rejected by reason, tokens.

    Example: funcdex status runs/first --watch
    """
    from dataclasses import asdict

    from rich.console import Console

    from funcdex.cli.summary import status_text
    from funcdex.cli.watch import watched
    from funcdex.rundir.status import status as read_status

    # With --json standard output is for the one object.
    found = watched(run, Console(stderr=json is not None)) if watch else read_status(run)
    if json:
        write_json(json, asdict(found))
    else:
        sys.stdout.write(status_text(found))


def _carry_out(asked: Order, json: Path | None, metrics: Observer | None, ray: str | None) -> None:
    """Runs the order, tells how it ended, and leaves with the exit code of that."""
    import anyio

    from funcdex.cli.summary import ending_text
    from funcdex.display.live import LastingConsole
    from funcdex.session import carry_out

    console = LastingConsole(stderr=True)
    observers = [metrics] if metrics else []
    loop = {"use_uvloop": _has_uvloop()}
    ending = anyio.run(carry_out, asked, console, observers, _labour(ray), backend_options=loop)
    if asked.settings.run_index is not None:
        _note_run(asked)
    if json:
        write_json(json, ending.as_json())
    else:
        sys.stdout.write(ending_text(ending, asked.run))
    if code := _exit_code(ending):
        raise typer.Exit(code)


def _labour(ray: str | None) -> Labour:
    """Who does the work: this process, or the actors of a cluster."""
    if ray is None:
        from funcdex.working import in_one_process

        return in_one_process
    from functools import partial

    from funcdex.cluster.driver import on_ray

    return partial(on_ray, ray)


def with_ray_address(arguments: Sequence[str]) -> list[str]:
    """The command line with `--ray` alone made `--ray auto`: the parser's options always have a value."""
    given: list[str] = []
    for place, one in enumerate(arguments):
        given.append(one)
        if one == "--ray" and (place + 1 == len(arguments) or arguments[place + 1].startswith("-")):
            given.append("auto")
    return given


def _note_run(asked: Order) -> None:
    """Adds the run to the list of runs. It has ended whether that works or not."""
    from funcdex.errors import FuncdexError
    from funcdex.run_index.index import open_index

    try:
        with open_index(asked.settings.run_index) as index:
            index.add(asked.run)
    except FuncdexError as fault:
        _say(f"the run is not added to the list of runs: {fault}")


def _metrics_page(host: str, port: int | None) -> Observer | None:
    """What serves the page, its address taken and told; None if none is wanted."""
    if port is None:
        return None
    from functools import partial

    from funcdex.exposition.page import bound_socket, serve, url_of

    listener = bound_socket(host, port)
    _say(f"metrics: {url_of(listener)}")
    return partial(serve, listener)


def _say(note: str) -> None:
    sys.stderr.write(printable(f"note: {note}\n"))


def _has_uvloop() -> bool:
    from importlib.util import find_spec

    return find_spec("uvloop") is not None


def _exit_code(ending: Ending) -> Exit:
    if ending.interrupted:
        return Exit.INTERRUPTED
    if ending.settled < ending.planned:
        return Exit.STOPPED
    return Exit.DONE if ending.accepted >= ending.planned else Exit.FEWER_ACCEPTED


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, {})}
