"""The dataset card: `README.md` with the YAML header that the Hugging Face Hub and `datasets` read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import yaml

from funcdex.dataset.figures import Figures
from funcdex.errors import FuncdexError
from funcdex.export.formats.protocol import Format
from funcdex.export.options import Options
from funcdex.printable import one_line
from funcdex.rundir.layout import RunDir
from funcdex.rundir.manifest import Manifest, read_manifest
from funcdex.rundir.status import RunStatus, status

_MOST_ROWS = 60
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def card(
    format: Format,
    options: Options,
    run: RunDir | None,
    figures: Figures,
    report: Mapping[str, Any],
    pictures: Mapping[str, str],
) -> str:
    """The card's text; `pictures` are what each shows by file. The same run and options give the same."""
    manifest, progress = _of_run(run)
    parts = [
        *_title(format, figures),
        *_figures(figures, report),
        *_pictures(pictures),
        *_yield(progress),
        *_counted("Kinds of conversation", "kind", figures.kinds),
        *_counted("Toolkits", "toolkit", figures.toolkits),
        *_origin(figures, manifest),
        *_split(report),
        *_limits(format, figures, report),
    ]
    return f"---\n{_header(format, options, figures, report)}---\n\n" + "\n".join(parts) + "\n"


def _of_run(run: RunDir | None) -> tuple[Manifest | None, RunStatus | None]:
    """None for what a file alone does not tell, or a run that cannot be read any more."""
    if run is None:
        return None, None
    try:
        return read_manifest(run), status(run)
    except FuncdexError:
        return None, None


def _header(format: Format, options: Options, figures: Figures, report: Mapping[str, Any]) -> str:
    rows: Mapping[str, int] = report["rows"]
    pattern = "data/{}-*.parquet" if format.container == "parquet" else "{}.jsonl"
    config: dict[str, Any] = {
        "config_name": "default",
        "data_files": [{"split": split, "path": pattern.format(split)} for split in rows],
    }
    header: dict[str, Any] = {
        "license": "unknown",
        "pretty_name": "Function-calling conversations",
        "task_categories": ["text-generation"],
        "tags": ["function-calling", "tool-use", "multi-turn", "synthetic", "funcdex"],
        "size_categories": [_size(sum(rows.values()))],
        "configs": [config],
    }
    if features := format.features(options):
        header["dataset_info"] = {"config_name": "default", "features": list(features)}
    return yaml.safe_dump(header, sort_keys=False, allow_unicode=True)


def _size(rows: int) -> str:
    return next((name for most, name in _SIZES if rows < most), "1M<n<10M")


def _title(format: Format, figures: Figures) -> Iterator[str]:
    yield "# Function-calling conversations"
    yield ""
    yield (
        f"{figures.conversations:,} multi-turn conversations between a user, an assistant and tools, "
        f"written by language models and generated with funcdex. Format: {format.says}."
    )
    if figures.simulated:
        yield ""
        yield (
            f"**{figures.simulated:,} of them were written by a simulated endpoint: the form is right, "
            "the content has no sense. Do not train on them.**"
        )
    yield ""
    yield (
        "**Licence: not chosen.** The field `license` above says `unknown` until you set it. It depends on "
        "your own wish, on the terms of the models below, and on those of the tool definitions."
    )
    yield ""


def _figures(figures: Figures, report: Mapping[str, Any]) -> Iterator[str]:
    conversations, calls = max(1, figures.conversations), max(1, figures.calls)
    yield from _table(
        "Figures",
        ("what", "how many"),
        [
            ("conversations", f"{figures.conversations:,}"),
            *((f"rows in `{split}`", f"{rows:,}") for split, rows in report["rows"].items()),
            ("messages a conversation", f"{figures.messages / conversations:.1f}"),
            ("user turns a conversation", f"{figures.user_turns / conversations:.1f}"),
            ("calls a conversation", f"{figures.calls / conversations:.2f}"),
            ("arguments a call", f"{figures.arguments / calls:.2f}"),
            ("tokens a conversation, about", f"{figures.tokens / conversations:,.0f} (four characters each)"),
            ("tools shown a conversation", f"{figures.tools_shown / conversations:.1f}"),
            ("distinct tools shown, called", f"{len(figures.tools):,}, {len(figures.called):,}"),
            ("messages with parallel calls", f"{figures.parallel:,}"),
            ("conversations without a call", f"{figures.without_calls:,}"),
            ("conversations with thoughts", f"{figures.with_thoughts:,}"),
            ("conversations with a system prompt", f"{figures.with_system:,}"),
        ],
    )


def _pictures(pictures: Mapping[str, str]) -> Iterator[str]:
    for name, shows in pictures.items():
        yield f"![{shows}]({name})"
        yield ""


def _yield(progress: RunStatus | None) -> Iterator[str]:
    if progress is None:
        return
    rows = [("planned", f"{progress.planned:,}"), ("accepted", f"{progress.accepted:,}")]
    rows += ((f"rejected: {_cell(why)}", f"{count:,}") for why, count in sorted(progress.rejected.items()))
    if unsettled := progress.planned - progress.settled:
        rows.append(("not finished", f"{unsettled:,}"))
    yield from _table("Yield of the run", ("outcome", "conversations"), rows)


def _counted(title: str, what: str, counts: Mapping[str, int]) -> Iterator[str]:
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [(_cell(name), f"{count:,}") for name, count in ranked[:_MOST_ROWS]]
    if rest := ranked[_MOST_ROWS:]:
        rows.append((f"{len(rest):,} others", f"{sum(count for _, count in rest):,}"))
    yield from _table(title, (what, "conversations"), rows)


def _origin(figures: Figures, manifest: Manifest | None) -> Iterator[str]:
    yield from _counted("Models that wrote the conversations", "model", figures.models)
    prompts = sorted(figures.prompts.items())
    if prompts:
        rows = [(_cell(stage), _cell(version), f"{count:,}") for (stage, version), count in prompts]
        yield from _table("Versions of the prompts", ("stage", "version", "conversations"), rows[:_MOST_ROWS])
    if manifest is not None:
        yield "## How it was made"
        yield ""
        yield (
            f"funcdex {_cell(manifest.funcdex)}, run begun {_cell(manifest.created_at)}, "
            f"seed {manifest.seed}."
        )
        yield ""
        yield from _sources(manifest)


def _sources(manifest: Manifest) -> Iterator[str]:
    """Where tool definitions came from. What a file's licence is, the file rarely says; its owner knows."""
    named = manifest.settings.get("tools")
    named = list(named) if isinstance(named, list) else []
    if isinstance(catalog := manifest.settings.get("catalog"), str) and catalog:
        named.append(catalog)
    rows = [(_cell(PurePath(str(path)).name), "not told: see where the file comes from") for path in named]
    if not manifest.settings.get("tools"):
        rows.append(("the definitions that funcdex ships", "MIT, as funcdex"))
    yield from _table("Tool definitions and their licences", ("source", "licence"), rows)
    yield f"Digest of all tools of the run: `{_cell(manifest.tools_digest[:16])}`."
    yield ""


def _split(report: Mapping[str, Any]) -> Iterator[str]:
    if (told := report.get("split")) is None:
        return
    yield "## Splits"
    yield ""
    yield (
        f"{told['how']} {told['groups']:,} groups, the largest of {told['largest_group']:,} records; "
        f"{told['records_not_alone']:,} records are not alone in theirs."
    )
    if told["held_out_tools"]:
        yield ""
        yield f"Held out: {', '.join(f'`{_cell(name)}`' for name in told['held_out_tools'])}."
    yield ""


def _limits(format: Format, figures: Figures, report: Mapping[str, Any]) -> Iterator[str]:
    yield "## Known limits"
    yield ""
    yield "- Users, tools and their responses are invented. No call was ever carried out."
    yield (
        "- Calls and responses fit the schemas of the tools as far as a grammar enforces them; whether they "
        "make sense was judged by a model."
    )
    yield "- People, companies and addresses are made up; likeness to real ones is chance."
    if format.lost:
        yield f"- This format has no place for {format.lost}."
    if format.name in ("sharegpt", "alpaca") and figures.text_beside_calls:
        yield f"- {figures.text_beside_calls:,} messages lost what they say beside their calls."
    if count := report["left_out"]["count"]:
        yield f"- {count:,} damaged records were left out."


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _cell(text: str) -> str:
    """Foreign text in a table: one line, and nothing in it that Markdown or HTML acts on."""
    line = one_line(text, 120)
    for char, instead in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("|", "\\|"),
        ("`", "'"),
        ("[", "\\["),
    ):
        line = line.replace(char, instead)
    return line
