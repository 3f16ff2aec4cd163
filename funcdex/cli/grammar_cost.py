"""`funcdex grammar cost`: what a grammar costs a server, and what in it does."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from funcdex.cli.exits import Exit
from funcdex.cli.grammar import (
    IdOption,
    LevelOption,
    MaxTurns,
    MinTurns,
    Parallel,
    RunOption,
    Thoughts,
    Toolkits,
    generation_of,
    tools_and_settings,
)
from funcdex.cli.tables import JsonOption, show, write_json
from funcdex.cli.tools import ToolsOption
from funcdex.printable import printable

if TYPE_CHECKING:
    from funcdex.grammar_cost.lint import Finding
    from funcdex.grammar_cost.measure import Figures, Measurement
    from funcdex.grammar_cost.report import Cost, Subject
    from funcdex.grammar_cost.vocabulary import Vocabulary
    from funcdex.settings.generation import GenerationSettings
    from funcdex.stages.kinds import Form
    from funcdex.types.request import Dialect
    from funcdex.types.tools import Tool

TALK_TOKENS = 4000
"""The length of the conversation to measure along: that of a long one."""

FileArgument = Annotated[Path | None, typer.Argument(help="A grammar file: Lark, GBNF or xgrammar's EBNF.")]
Tokenizer = Annotated[
    Path | None,
    typer.Option(
        "--tokenizer", help="tokenizer.json, .tiktoken, or ranks of js-tiktoken. Default: a small one."
    ),
]
TextOption = Annotated[Path | None, typer.Option("--text", help="A text in the grammar, to measure along.")]
DialectOption = Annotated[
    Literal["lark", "structural_tag", "ebnf", "gbnf"],
    typer.Option("--dialect", help="The notation that xgrammar reads the tools' grammar in."),
]


def cost(
    file: FileArgument = None,
    tools: ToolsOption = None,
    toolkits: Toolkits = None,
    level: LevelOption = "schema",
    thoughts: Thoughts = False,
    parallel: Parallel = False,
    min_turns: MinTurns = 2,
    max_turns: MaxTurns = 8,
    run: RunOption = None,
    id: IdOption = None,
    tokenizer: Tokenizer = None,
    text: TextOption = None,
    dialect: DialectOption = "lark",
    batch: Annotated[int, typer.Option("--batch", min=1, help="Requests in a step of the server.")] = 64,
    step_ms: Annotated[float, typer.Option("--step-ms", min=0.01, help="A step without masks, ms.")] = 20.0,
    limit_s: Annotated[
        float, typer.Option("--limit-s", min=0.1, help="Masks of one engine, seconds.")
    ] = 20.0,
    json: JsonOption = None,
) -> None:
    """Measures the grammar of a tool set, of a run's conversation, or of a file: compile time, mask time per
    token with llguidance and xgrammar, tokens/s lost; and says what in it is costly.

    Example: funcdex grammar cost my_grammar.gbnf --tokenizer my_model/tokenizer.json
    """
    from funcdex.grammar_cost.report import Limits, cost_of
    from funcdex.grammar_cost.vocabulary import read_vocabulary

    vocabulary = read_vocabulary(tokenizer)
    along = _read(text) if text else None
    if file:
        subject = _of_file(file, along)
    else:
        asked = generation_of(level, thoughts, parallel, min_turns, max_turns)
        shown, generation, form = tools_and_settings(tools, toolkits, asked, run, id)
        subject = _of_tools(shown, generation, form, dialect, along, vocabulary)
    found = cost_of(subject, vocabulary, Limits(limit_s, batch, step_ms))
    if json:
        write_json(json, asdict(found))
    else:
        _show(found)
    if not found.throughputs:
        raise typer.Exit(Exit.USAGE)


def _of_file(file: Path, along: str | None) -> Subject:
    from funcdex.grammar_cost.report import Subject
    from funcdex.grammar_cost.source import source_of

    source = source_of(_read(file))
    return Subject(file.name, source, source, text=along)


def _of_tools(
    tools: tuple[Tool, ...],
    generation: GenerationSettings,
    form: Form | None,
    dialect: Dialect,
    along: str | None,
    vocabulary: Vocabulary,
) -> Subject:
    """Measured along a conversation with these tools; the next grammar allows one turn more."""
    from funcdex.grammar_cost.engines import Source
    from funcdex.grammar_cost.report import Subject
    from funcdex.grammar_cost.source import source_of
    from funcdex.stages.grammars import grammar_of

    longer = generation.model_copy(update={"max_user_turns": generation.max_user_turns + 1})
    first, following = grammar_of(tools, generation, form), grammar_of(tools, longer, form)
    lark = (Source("lark", first.render("lark")), Source("lark", following.render("lark")))
    name = f"{len(tools)} tools, level {generation.level}, {dialect}"
    text = along or _conversation(tools, generation, vocabulary)
    return Subject(name, source_of(first.render(dialect)), source_of(following.render(dialect)), lark, text)


def _conversation(tools: tuple[Tool, ...], generation: GenerationSettings, vocabulary: Vocabulary) -> str:
    from funcdex.grammar_cost.engines import tokenizer_of
    from funcdex.grammar_cost.talk import TalkForm, conversation_text

    tokenizer = tokenizer_of(vocabulary)
    form = TalkForm(
        generation.thoughts,
        generation.parallel_calls,
        generation.max_user_turns,
        exact=generation.level == "exact",
    )
    return conversation_text(
        tools, form, seed=7, long_enough=lambda text: len(tokenizer.greedy_tokenize(text)) >= TALK_TOKENS
    )


def _read(file: Path) -> str:
    from funcdex.errors import ConfigError
    from funcdex.grammar_cost.notation import MAX_BYTES
    from funcdex.ordinary_file import read_ordinary

    try:
        return sys.stdin.read() if str(file) == "-" else read_ordinary(file, MAX_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read it: {error}", where=str(file), fix="Give a text file.") from error


def _show(found: Cost) -> None:
    note = f" ({found.vocabulary_note})" if found.vocabulary_note else ""
    head = (
        f"{found.name}: {found.form}, {found.size_bytes} bytes, {found.rules} rules\n"
        f"vocabulary: {found.vocabulary}, {found.words} words{note}\n"
        f"measured along: {found.path}\n\n"
    )
    sys.stdout.write(printable(head))
    show("Cost, CPU milliseconds on one core", [_times(each) for each in found.measurements], None)
    placed = [_places(each.engine, each.figures) for each in found.measurements if each.figures]
    if placed:
        show("\nMean mask by place and by quarter of the path", placed, None)
        show("\nEstimate: tokens per second that masks leave, if nothing overlaps", _losses(found), None)
    if found.findings:
        show("\nFindings", [_finding(each) for each in found.findings], None)
    else:
        sys.stdout.write("\nNo findings.\n")


def _times(measured: Measurement) -> dict[str, object]:
    each = measured.figures
    return {
        "engine": measured.engine,
        "compile": "" if measured.first_s is None else f"{measured.first_s * 1e3:.1f}",
        "warm": "" if measured.warm_s is None else f"{measured.warm_s * 1e3:.1f}",
        "masks": each.count if each else "",
        "mean": _ms(each.mean_ms if each else None),
        "p50": _ms(each.p50_ms if each else None),
        "p99": _ms(each.p99_ms if each else None),
        "max": _ms(each.max_ms if each else None),
        "note": measured.note,
    }


def _places(engine: str, figures: Figures) -> dict[str, object]:
    from funcdex.grammar_cost.places import PLACES

    row: dict[str, object] = {"engine": engine}
    row.update((place, _ms(figures.places_ms.get(place))) for place in PLACES)
    row.update((f"quarter {n}", _ms(mean)) for n, mean in enumerate(figures.quarters_ms, 1))
    return row


def _losses(found: Cost) -> list[dict[str, object]]:
    return [
        {
            "engine": engine,
            "batch": each.batch,
            "step ms": each.step_ms,
            "masks ms": _ms(each.masks_ms),
            "tokens/s without": round(each.free_tokens_per_s),
            "tokens/s with": round(each.tokens_per_s),
            "lost": f"{each.lost:.1%}",
        }
        for engine, each in found.throughputs.items()
    ]


def _finding(each: Finding) -> dict[str, object]:
    return {
        "line": each.line,
        "rule": each.rule,
        "finding": f"{each.kind}: {each.what}",
        "why": each.why,
        "instead": each.instead,
    }


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
