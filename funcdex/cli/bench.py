"""`funcdex bench`: how much endpoints carry, what grammars cost there, and which limit to set."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funcdex.cli.exits import Exit
from funcdex.cli.tables import write_json
from funcdex.cli.tools import ToolReferencesOption
from funcdex.printable import printable

if TYPE_CHECKING:
    from anyio.abc import TaskStatus

    from funcdex.bench.measure import Measurement
    from funcdex.bench.metrics import Limits
    from funcdex.bench.result import Result
    from funcdex.bench.sweep import Asked
    from funcdex.settings.tree import Settings

_CASES = 256
_PLAIN_WIDTH = 140


def bench(
    config: Annotated[Path | None, typer.Argument(help="A YAML file of settings.")] = None,
    endpoints: Annotated[
        str | None, typer.Option("--endpoints", help="Base URLs, comma between them; or sim, sim:4.")
    ] = None,
    requests: Annotated[
        int, typer.Option("--requests", min=1, help="Measured for each constraint and concurrency.")
    ] = 256,
    concurrency: Annotated[
        str, typer.Option("--concurrency", help="In flight at each endpoint: auto, or 1,32,128,512.")
    ] = "auto",
    constraint: Annotated[
        str, typer.Option("--constraint", help="Of none, markup, names, schema, exact; comma between them.")
    ] = "none,schema",
    repeats: Annotated[
        int, typer.Option("--repeats", min=1, max=100, help="Turns of each constraint; shows the noise.")
    ] = 2,
    tools: Annotated[
        list[Path] | None, typer.Option("--tools", help="A tool file or folder; repeatable.")
    ] = None,
    references: ToolReferencesOption = None,
    toolkits: Annotated[
        str | None, typer.Option("--toolkits", help="gmail,googledrive+gmail: + makes a bundle.")
    ] = None,
    tool_sets: Annotated[
        int, typer.Option("--tool-sets", min=1, help="Sets of tools shown in turn; a grammar each.")
    ] = 16,
    run: Annotated[
        Path | None, typer.Option("--run", help="Take prompts, tools and settings from this run.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="The model to ask for.")] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=1, help="Longest answer; default: as in a run.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="All randomness follows from it.")] = None,
    ttft_limit_s: Annotated[
        float | None, typer.Option("--ttft-limit-s", help="Goodput: first token within this.")
    ] = None,
    itl_limit_s: Annotated[
        float | None, typer.Option("--itl-limit-s", help="Goodput: mean gap between tokens.")
    ] = None,
    latency_limit_s: Annotated[
        float | None, typer.Option("--latency-limit-s", help="Goodput: whole answer within this.")
    ] = None,
    conversations: Annotated[
        int, typer.Option("--conversations", min=1, help="Project the hours for so many.")
    ] = 10_000,
    gpus: Annotated[float, typer.Option("--gpus", min=0.01, help="GPUs of each endpoint.")] = 1.0,
    accepted_share: Annotated[
        float | None, typer.Option("--accepted-share", min=0.01, max=1, help="Of what is planned.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", help="Everything, each sample too, as JSON; - for output.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="A report with charts, one file.")] = None,
    png: Annotated[Path | None, typer.Option("--png", help="The charts as one picture.")] = None,
    against: Annotated[
        Path | None, typer.Option("--against", help="Compare with this earlier --json file.")
    ] = None,
    stored: Annotated[
        Path | None, typer.Option("--from", help="Measure nothing; show this --json file again.")
    ] = None,
) -> None:
    """Loads endpoints with the prompts and grammars of a run, and says what they carry.

    Example: funcdex bench --endpoints http://gpu1:8000,http://gpu2:8000 --requests 256
    --concurrency 1,32,128,512 --constraint none,schema --json bench.json --html bench.html
    """
    from funcdex.bench.metrics import Limits
    from funcdex.bench.result import read_result
    from funcdex.plots import need_matplotlib

    for path in (json, html, png):
        _must_be_writable(path)
    if html or png:
        need_matplotlib("--html" if html else "--png")
    earlier = read_result(against) if against else None
    if stored is not None:
        _report(read_result(stored), earlier, json, html, png)
        return
    chosen = {
        "endpoints": endpoints.split(",") if endpoints else None,
        "tools": tools,
        "tool_references": references,
        "toolkits": toolkits.split(",") if toolkits else None,
        "model": model,
        "seed": seed,
    }
    given = {key: value for key, value in chosen.items() if value is not None}
    asked = _asked(constraint, concurrency, requests, repeats)
    limits = Limits(ttft_limit_s, itl_limit_s, latency_limit_s)
    measurement = _measurement(config, given, asked, limits, run, tool_sets, max_tokens)
    _project(measurement, conversations, gpus, accepted_share)
    interrupted = _measure(measurement)
    result = measurement.result()
    if result is not None:
        _report(result, earlier, json, html, png)
    if interrupted:
        raise typer.Exit(Exit.INTERRUPTED)
    if result is None or all(sample.fault for one in result.rounds for sample in one.samples):
        raise typer.Exit(Exit.NO_ENDPOINT)


def _must_be_writable(path: Path | None) -> None:
    """Said before an hour of measuring, not after."""
    from funcdex.errors import ConfigError

    if path is None:
        return
    try:
        was_there = path.exists()
        path.open("ab").close()
        if not was_there:
            path.unlink()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ConfigError(
            f"no file can be written there: {why}", where=str(path), fix="Name a file in a folder."
        ) from error


def _asked(constraint: str, concurrency: str, requests: int, repeats: int) -> Asked:
    from funcdex.bench.result import CONSTRAINTS
    from funcdex.bench.sweep import Asked
    from funcdex.errors import ConfigError

    names = {part.strip() for part in constraint.split(",")}
    unknown = sorted(names - set(CONSTRAINTS))
    if unknown:
        raise ConfigError(
            f"no constraint is called {unknown[0]!r}",
            where="--constraint",
            fix=f"Of {','.join(CONSTRAINTS)}.",
        )
    places = None if concurrency.strip() == "auto" else _places(concurrency)
    ordered = tuple(name for name in CONSTRAINTS if name in names)
    return Asked(ordered, requests, places, repeats)


def _places(text: str) -> tuple[int, ...]:
    from funcdex.errors import ConfigError

    try:
        places = sorted({int(part) for part in text.split(",")})
    except ValueError:
        places = []
    if not places or not 1 <= places[0] <= places[-1] <= 8192:
        raise ConfigError(
            f"{text!r} is no list of concurrencies", where="--concurrency", fix="auto, or like 1,32,128,512."
        )
    return tuple(places)


def _measurement(
    config: Path | None,
    given: dict[str, Any],
    asked: Asked,
    limits: Limits,
    run: Path | None,
    tool_sets: int,
    max_tokens: int | None,
) -> Measurement:
    from funcdex.bench.measure import Measurement
    from funcdex.bench.result import Assumptions
    from funcdex.bench.work import Work, cases_of, cases_of_run
    from funcdex.order import order_from
    from funcdex.settings.load import load

    settings = load(config, given).settings
    assumptions = Assumptions()
    if run is None:
        # Only read: no run is begun here.
        order = order_from(Path(), settings)
        cases, source = cases_of(settings, order.bundles, _CASES, tool_sets), "made of the tools"
    else:
        cases, of_run, assumptions = cases_of_run(run)
        kept = {"endpoints": settings.endpoints, "model": settings.model or of_run.model}
        settings, source = of_run.model_copy(update=kept), f"run {run}"
    if max_tokens:
        settings = _shortened(settings, max_tokens)
    return Measurement(Work(cases, settings), asked, source, limits, assumptions, _tell)


def _shortened(settings: Settings, max_tokens: int) -> Settings:
    conversation = settings.sampling.conversation.model_copy(update={"max_tokens": max_tokens})
    sampling = settings.sampling.model_copy(update={"conversation": conversation})
    return settings.model_copy(update={"sampling": sampling})


def _project(measurement: Measurement, conversations: int, gpus: float, accepted_share: float | None) -> None:
    from dataclasses import replace

    known = measurement.assumptions
    measurement.assumptions = replace(
        known,
        conversations=conversations,
        gpus_per_endpoint=gpus,
        accepted_share=known.accepted_share if accepted_share is None else accepted_share,
    )


def _measure(measurement: Measurement) -> bool:
    """Whether it was broken off from the keyboard; what was measured before that is kept."""
    from importlib.util import find_spec

    import anyio

    loop = {"use_uvloop": find_spec("uvloop") is not None}
    try:
        interrupted = anyio.run(_until_interrupted, measurement.run, backend_options=loop)
    except KeyboardInterrupt:  # before anybody listened
        interrupted = True
    if interrupted:
        _tell("broken off; what was measured before that follows")
    return interrupted


async def _until_interrupted(work: Callable[[], Awaitable[None]]) -> bool:
    """Whether SIGINT came first. asyncio's own way, to cancel the main task once, is lost where that is just
    ending a group of tasks; a cancelled scope stays so."""
    import signal

    import anyio

    interrupted = False
    async with anyio.create_task_group() as tasks:

        async def listen(*, task_status: TaskStatus[None]) -> None:
            nonlocal interrupted
            with anyio.open_signal_receiver(signal.SIGINT) as signals:
                task_status.started()
                async for _ in signals:
                    interrupted = True
                    tasks.cancel_scope.cancel()
                    return  # The second one ends the process.

        await tasks.start(listen)
        await work()
        tasks.cancel_scope.cancel()
    return interrupted


def _tell(line: str) -> None:
    sys.stderr.write(f"{printable(line)}\n")
    sys.stderr.flush()


def _report(
    result: Result, earlier: Result | None, json: Path | None, html: Path | None, png: Path | None
) -> None:
    from dataclasses import fields

    from rich.console import Console

    from funcdex.bench.charts import charts_of
    from funcdex.bench.compare import compare
    from funcdex.bench.report_html import html_report
    from funcdex.bench.report_table import print_tables
    from funcdex.bench.summary import summarise
    from funcdex.plots import as_png

    summary = summarise(result)
    comparison = compare(earlier, result) if earlier else None
    if json:
        whole = {one.name: getattr(result, one.name) for one in fields(result)}
        write_json(json, whole | {"summary": summary, "comparison": comparison})
    if html:
        html.write_text(html_report(result, summary, comparison), "utf-8", errors="replace")
    if png and (charts := charts_of(result, summary)):
        png.write_bytes(as_png(charts))
    if str(json) != "-":
        # What is not a terminal has no width, and a file may have long lines.
        console = Console() if sys.stdout.isatty() else Console(width=_PLAIN_WIDTH)
        print_tables(console, result, summary, comparison, printable)
