"""`funcdex export`: a run as training files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from funcdex.cli.exits import Exit
from funcdex.cli.tables import JsonOption, write_json
from funcdex.printable import printable

if TYPE_CHECKING:
    from funcdex.dataset.export import Exported, ExportOrder

FormatName = Literal[
    "trl",
    "parquet",
    "openai",
    "sharegpt",
    "alpaca",
    "axolotl",
    "unsloth",
    "hermes",
    "xlam",
    "bfcl",
    "predecessor",
]


def export(
    source: Annotated[Path, typer.Argument(help="A run directory, or a JSON Lines file of records.")],
    format: Annotated[FormatName, typer.Option("--format", help="What will read it; docs/export.md.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to make.")],
    encoding: Annotated[
        Literal["json", "strings"],
        typer.Option(help="Tools and calls as JSON values, or as JSON text for `datasets` older than 4.7."),
    ] = "json",
    thoughts: Annotated[
        Literal["keep", "strip", "reasoning_content"],
        typer.Option(help="The assistant's thoughts: in its text, left out, or in a field of their own."),
    ] = "keep",
    system_prompt_dropout: Annotated[
        float, typer.Option(min=0, max=1, help="Share of conversations without their system prompt.")
    ] = 0.0,
    max_tools: Annotated[
        int | None,
        typer.Option(min=1, help="At most so many tools a conversation, shuffled; called ones always stay."),
    ] = None,
    mask_names: Annotated[
        bool, typer.Option("--mask-names", help="Function names that say nothing, other ones in each record.")
    ] = False,
    loss_mask: Annotated[
        bool, typer.Option("--loss-mask", help="Say of each message whether it is to be learnt.")
    ] = False,
    preferences: Annotated[
        bool, typer.Option("--preferences", help="Also pairs of accepted and rejected versions, for DPO.")
    ] = False,
    split: Annotated[
        list[str] | None, typer.Option("--split", help="test=0.1; repeatable. Train gets the rest.")
    ] = None,
    split_by: Annotated[
        Literal["toolkit", "scenario"],
        typer.Option(help="Take the share of each toolkit, or of all conversations."),
    ] = "scenario",
    held_out_tools: Annotated[
        int, typer.Option(min=0, help="So many tools that train neither calls nor shows.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="All randomness follows from it.")] = 0,
    shard_mb: Annotated[int, typer.Option(min=1, help="Size of a Parquet shard, MB.")] = 500,
    push: Annotated[
        str | None,
        typer.Option("--push", help="Upload to this data set on the Hugging Face Hub, OWNER/NAME; private."),
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="A pushed data set that is new is public.")
    ] = False,
    plots: Annotated[
        bool | None,
        typer.Option(
            "--plots/--no-plots", help="Pictures in the card; with Parquet where matplotlib is there."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export in the folder.")] = False,
    ignore_review: Annotated[
        bool,
        typer.Option("--ignore-review", help="Leave aside what was decided by hand in `funcdex inspect`."),
    ] = False,
    json: JsonOption = None,
) -> None:
    """Writes the conversations of a run as files that a trainer reads, with a dataset card.

    Damaged records are named and left out, and the exit code is then 5.

    Example: funcdex export runs/first --format trl --out data/first

    Example: funcdex export runs/first --format sharegpt --out data/first --split test=0.1 --split-by toolkit
    """
    from funcdex.dataset.export import ExportOrder
    from funcdex.dataset.export import export as carry_out
    from funcdex.dataset.push import require_hub
    from funcdex.dataset.split import SplitOrder, shares_of
    from funcdex.errors import ConfigError
    from funcdex.export.formats.registry import FORMATS
    from funcdex.export.options import Options

    if push is not None:
        require_hub()
    shares = shares_of(split or ())
    if held_out_tools and not shares:
        raise ConfigError(
            "held-out tools need a split to go to", where="--held-out-tools", fix="Add --split test=0.1."
        )
    options = Options(
        thoughts=thoughts,
        encoding=encoding,
        system_prompt_dropout=system_prompt_dropout,
        max_tools=max_tools,
        mask_names=mask_names,
        loss_mask=loss_mask,
        seed=seed,
    )
    order = ExportOrder(
        source=source,
        out=out,
        format=FORMATS[format],
        options=options,
        split=SplitOrder(shares, split_by, held_out_tools, seed) if shares else None,
        preferences=preferences,
        shard_bytes=shard_mb * 1_000_000,
        plots=_plots(plots, format),
        force=force,
        review=not ignore_review,
    )
    exported = carry_out(order)
    if json:
        write_json(json, exported.report)
    else:
        sys.stdout.write(printable(_summary(exported, order)))
    _name_damages(exported)
    if push is not None:
        _push(out, push, public)
    if exported.damages.count:
        raise typer.Exit(Exit.FEWER_ACCEPTED)


def _plots(asked: bool | None, format: str) -> bool:
    from importlib.util import find_spec

    from funcdex.plots import need_matplotlib

    if asked:
        need_matplotlib("--plots")
    return format == "parquet" and find_spec("matplotlib") is not None if asked is None else asked


def _summary(exported: Exported, order: ExportOrder) -> str:
    figures, report = exported.figures, exported.report
    lines = [f"{figures.conversations:,} conversations as {order.format.says}"]
    lines += (f"  {exported.path / name}: {rows:,} rows" for name, rows in sorted(exported.rows.items()))
    if told := report.get("split"):
        lines.append(
            f"split: {told['groups']:,} groups of records that belong together, "
            f"the largest of {told['largest_group']:,}; none straddles"
        )
        if told["held_out_tools"]:
            lines.append(f"held out of train: {', '.join(told['held_out_tools'])}")
    if told := report.get("preferences"):
        lines.append(f"preference pairs: {told['made']:,}. {told['not_kept']}")
    if number := report.get("nothing_to_learn"):
        lines.append(f"left out, because nothing in them is to be learnt: {number:,}")
    by_hand = exported.by_hand
    if by_hand.rejected or by_hand.accepted or by_hand.edited:
        lines.append(
            f"decided by hand: {by_hand.rejected:,} left out, {by_hand.accepted:,} taken in, "
            f"{by_hand.edited:,} edited"
        )
    if order.format.lost:
        lines.append(f"no place here for {order.format.lost}")
    return "\n".join(lines) + "\n"


def _name_damages(exported: Exported) -> None:
    for one in exported.by_hand.not_used:
        sys.stderr.write(printable(f"{one}\n"))
    damages = exported.damages
    for one in damages.named:
        sys.stderr.write(printable(f"left out: {one}\n"))
    if damages.count > len(damages.named):
        sys.stderr.write(f"left out: {damages.count - len(damages.named):,} more\n")


def _push(folder: Path, repo: str, public: bool) -> None:
    from funcdex.dataset.push import push

    sys.stdout.write(printable(f"uploaded to {push(folder, repo, public=public)}\n"))
