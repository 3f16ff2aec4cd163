"""`funcdex eval`: how well a served model calls tools, on a data set; evaluations beside each other."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from funcdex.cli.exits import Exit
from funcdex.cli.tables import JsonOption, show, write_json
from funcdex.printable import printable

if TYPE_CHECKING:
    from funcdex.evaluate.session import EvalOrder, Outcome

_ROWS_OF_FLAWS = 15
_PLAIN_WIDTH = 160


class ToolChoice(StrEnum):
    """What is sent as `tool_choice`."""

    AUTO = "auto"
    NONE = "none"


class _EvalGroup(TyperGroup):
    """`funcdex eval DATASET` is `funcdex eval run DATASET`: the first word is a data set unless it is a
    command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_EvalGroup,
    no_args_is_help=False,
    help="Scores a served model on a data set, or compares evaluations.",
)


@app.command()
def run(
    dataset: Annotated[
        Path,
        typer.Argument(help="A run directory, an exported folder, or JSON Lines with messages and tools."),
    ],
    endpoints: Annotated[
        str | None, typer.Option("--endpoints", help="Base URLs, comma between them; or sim, sim:4.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="The model to ask for.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The evaluation's folder; gone on with if it exists.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="A YAML file of settings.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only the first so many conversations.")
    ] = None,
    text_calls: Annotated[
        bool, typer.Option("--text-calls", help="Read <tool_call> in the text where no call comes natively.")
    ] = False,
    tool_choice: Annotated[
        ToolChoice, typer.Option("--tool-choice", help="none: for servers without a parser of calls.")
    ] = ToolChoice.AUTO,
    prices: Annotated[
        Path | None, typer.Option("--prices", help="YAML: MODEL: {prompt: ..., completion: ...}.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=1, help="Longest answer, reasoning included.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", min=0, max=5, help="Of the model; default 0.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Sent with each request.")] = None,
    max_in_flight: Annotated[
        int | None, typer.Option("--max-in-flight", help="Requests in flight per endpoint.")
    ] = None,
    json: JsonOption = None,
) -> None:
    """Asks a model for the next tool calls at each place of each conversation, and scores its answers.

    `funcdex eval compare A B` puts evaluations beside each other.

    Example: funcdex eval runs/first --endpoints http://gpu1:8000 --model Qwen3-1.7B --out evals/qwen
    """
    import anyio

    from funcdex.display.live import LastingConsole
    from funcdex.evaluate.session import carry_out

    flags = {
        "endpoints": endpoints.split(",") if endpoints else None,
        "model": model,
        "seed": seed,
        "pool": _present({"max_in_flight": max_in_flight}),
        "sampling": _present(
            {"evaluation": _present({"max_tokens": max_tokens, "temperature": temperature})}
        ),
    }
    order = _order(dataset, out, config, _present(flags), prices, limit, str(tool_choice), text_calls)
    outcome = anyio.run(
        carry_out, order, LastingConsole(stderr=True), backend_options={"use_uvloop": _has_uvloop()}
    )
    _report(outcome, order, json)
    if code := _exit_code(outcome):
        raise typer.Exit(code)


@app.command()
def compare(
    evaluations: Annotated[list[Path], typer.Argument(help="Folders of evaluations.")],
    markdown: Annotated[
        Path | None, typer.Option("--markdown", help="Write the tables as Markdown; - for output.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write them as one page.")] = None,
    json: JsonOption = None,
) -> None:
    """Puts evaluations beside each other: all measures with their intervals, by toolkit, kind and turn.

    Example: funcdex eval compare evals/qwen evals/ours --markdown compared.md --html compared.html
    """
    from funcdex.evaluate.compare import as_html, as_markdown, read_report, sections
    from funcdex.evaluate.tables import differences

    reports = [read_report(path) for path in evaluations]
    tables = sections(reports)
    if json:
        write_json(json, {"notes": differences(reports), "tables": dict(tables)})
    if html:
        _write(html, as_html(reports))
    if markdown and str(markdown) != "-":
        _write(markdown, as_markdown(reports))
    elif markdown:
        sys.stdout.write(printable(as_markdown(reports)))
    if not (json or markdown or html):
        for title, rows in tables:
            show(title, rows, None, width=_PLAIN_WIDTH)
        for note in differences(reports):
            sys.stdout.write(printable(f"note: {note}\n"))


def _order(
    dataset: Path,
    out: Path | None,
    config: Path | None,
    flags: Mapping[str, Any],
    prices: Path | None,
    limit: int | None,
    tool_choice: str,
    text_calls: bool,
) -> EvalOrder:
    from funcdex.evaluate.folder import EvalDir
    from funcdex.evaluate.prices import read_prices
    from funcdex.evaluate.session import EvalOrder
    from funcdex.settings.load import load

    loaded = load(config, flags)
    for note in loaded.notes:
        sys.stderr.write(printable(f"note: {note}\n"))
    settings = loaded.settings
    if prices is not None:
        settings = settings.model_copy(update={"prices": {**settings.prices, **read_prices(prices)}})
    folder = EvalDir(out or Path("evals") / datetime.now().strftime("%Y%m%d-%H%M%S"))
    return EvalOrder(folder, dataset, settings, limit, tool_choice, text_calls)


def _report(outcome: Outcome, order: EvalOrder, json: Path | None) -> None:
    if json:
        write_json(json, outcome.report)
    else:
        _show(outcome)
    for bad in outcome.damages.named:
        sys.stderr.write(printable(f"left out: {bad}\n"))
    if outcome.fault is not None:
        sys.stderr.write(printable(f"stopped before the end: {outcome.fault}\n"))
    if not outcome.whole:
        sys.stderr.write("not every context was asked; the same command goes on\n")
    sys.stderr.write(printable(f"context by context: {order.folder.records}\n"))


def _show(outcome: Outcome) -> None:
    from funcdex.evaluate.tables import cost_rows, flaw_rows, group_rows, name_of, score_rows

    report = outcome.report
    unanswered = sum(report["unanswered"].values())
    sys.stdout.write(
        printable(
            f"{name_of(report)}: {report['answered']:,} of {report['contexts']['all']:,} contexts answered, "
            f"{report['right']:,} right{f', {unanswered:,} unanswered' if unanswered else ''}\n\n"
        )
    )
    if report["simulated"]:
        sys.stdout.write("simulated: these figures say nothing of any model\n\n")
    tables = [
        ("Scores", score_rows(report)),
        *((f"By {name}", group_rows(report, name)) for name in ("toolkit", "kind", "turn")),
        ("What was wrong", flaw_rows(report)[:_ROWS_OF_FLAWS]),
        ("Tokens and cost", cost_rows(report)),
    ]
    for title, rows in tables:
        if rows:
            show(title, rows, None, width=_PLAIN_WIDTH)
            sys.stdout.write("\n")


def _exit_code(outcome: Outcome) -> Exit:
    if outcome.interrupted:
        return Exit.INTERRUPTED
    if not outcome.whole:
        return Exit.STOPPED
    incomplete = outcome.report["unanswered"] or outcome.damages.count
    return Exit.FEWER_ACCEPTED if incomplete else Exit.DONE


def _write(path: Path, text: str) -> None:
    from funcdex.errors import ConfigError

    try:
        path.write_text(text, "utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(
            f"cannot write it: {error.strerror}", where=str(path), fix="Name a file in a folder."
        ) from error


def _has_uvloop() -> bool:
    from importlib.util import find_spec

    return find_spec("uvloop") is not None


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, {})}
