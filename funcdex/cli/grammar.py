"""`funcdex grammar`: the grammar of a tool set, and a conversation against it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from funcdex.cli.exits import Exit
from funcdex.cli.tables import write_exact
from funcdex.cli.tools import ToolsOption
from funcdex.printable import printable
from funcdex.types.level import Level
from funcdex.types.request import Dialect

if TYPE_CHECKING:
    from funcdex.grammar.tree_grammar import TreeGrammar
    from funcdex.settings.generation import GenerationSettings
    from funcdex.stages.kinds import Form
    from funcdex.types.tools import Tool

_LARGEST_BYTES = 64 * 2**20

app = typer.Typer(no_args_is_help=True, help="Render grammars, and check conversations against them.")

Toolkits = Annotated[str | None, typer.Option("--toolkits", help="gmail, or googledrive+gmail.")]
LevelOption = Annotated[Level, typer.Option("--level", help="How much it enforces.")]
Thoughts = Annotated[bool, typer.Option("--thoughts/--no-thoughts", help="The assistant thinks first.")]
Parallel = Annotated[bool, typer.Option("--parallel/--no-parallel", help="Several calls at once.")]
MinTurns = Annotated[int, typer.Option("--min-turns", help="Fewest user messages.")]
MaxTurns = Annotated[int, typer.Option("--max-turns", help="Most user messages.")]
MustCall = Annotated[
    str | None, typer.Option("--must-call", help="Tools that are called at least once: SEND,LIST.")
]
NeedCalls = Annotated[
    bool | None, typer.Option("--need-calls/--no-calls", help="At least one call, or none; else as it comes.")
]
Errors = Annotated[
    Literal["none", "allowed", "required"], typer.Option("--errors", help="Tool responses that are errors.")
]
Opening = Annotated[str | None, typer.Option("--opening", help="What the user says first.")]
DialectOption = Annotated[Dialect, typer.Option("--dialect", help="The notation.")]
RunOption = Annotated[Path | None, typer.Option("--run", help="A run directory, with --id.")]
IdOption = Annotated[str | None, typer.Option("--id", help="A conversation of that run.")]


@app.command()
def render(
    tools: ToolsOption = None,
    toolkits: Toolkits = None,
    level: LevelOption = "schema",
    dialect: DialectOption = "lark",
    thoughts: Thoughts = False,
    parallel: Parallel = False,
    min_turns: MinTurns = 2,
    max_turns: MaxTurns = 8,
    must_call: MustCall = None,
    need_calls: NeedCalls = None,
    errors: Errors = "none",
    opening: Opening = None,
    run: RunOption = None,
    id: IdOption = None,
) -> None:
    """Writes the grammar of a tool set, or the one a conversation of a run was written under.

    Example: funcdex grammar render --toolkits gmail --dialect gbnf --must-call SEND_MESSAGE --errors required
    """
    generation = generation_of(level, thoughts, parallel, min_turns, max_turns)
    asked = _asked(must_call, need_calls, errors, opening)
    grammar = _grammar(tools, toolkits, generation, asked, run, id)
    for lost in grammar.relaxed:
        sys.stderr.write(f"note: not enforced: {printable(f'{lost.path}: {lost.keyword}')}\n")
    write_exact(grammar.render(dialect))


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A conversation in markup; - for standard input.")],
    tools: ToolsOption = None,
    toolkits: Toolkits = None,
    level: LevelOption = "schema",
    thoughts: Thoughts = False,
    parallel: Parallel = False,
    min_turns: MinTurns = 2,
    max_turns: MaxTurns = 8,
    must_call: MustCall = None,
    need_calls: NeedCalls = None,
    errors: Errors = "none",
    opening: Opening = None,
    run: RunOption = None,
    id: IdOption = None,
) -> None:
    """Says whether a conversation is in a grammar, and if not, where it leaves it; exit code 2 then.

    Example: funcdex grammar check talk.txt --toolkits gmail --must-call SEND_MESSAGE,LIST_LABELS
    """
    from funcdex.grammar.check import fault_at

    text = _text(file)
    generation = generation_of(level, thoughts, parallel, min_turns, max_turns)
    asked = _asked(must_call, need_calls, errors, opening)
    place = fault_at(_grammar(tools, toolkits, generation, asked, run, id), text)
    if place is None:
        sys.stdout.write("in the grammar\n")
        return
    line, column = text.count("\n", 0, place) + 1, place - (text.rfind("\n", 0, place) + 1) + 1
    around = repr(text[max(0, place - 30) : place])[1:-1] + " >>> " + repr(text[place : place + 30])[1:-1]
    sys.stdout.write(printable(f"not in the grammar from line {line}, column {column}: {around}\n"))
    raise typer.Exit(Exit.USAGE)


def generation_of(level: Level, thoughts: bool, parallel: bool, fewest: int, most: int) -> GenerationSettings:
    """The settings that flags of this group stand for."""
    from funcdex.settings.load import load

    chosen = {
        "level": level,
        "thoughts": thoughts,
        "parallel_calls": parallel,
        "min_user_turns": fewest,
        "max_user_turns": most,
    }
    return load(None, {"generation": chosen}).settings.generation


def _asked(
    must_call: str | None, need_calls: bool | None, errors: str, opening: str | None
) -> dict[str, Any]:
    """The parameters of `conversation_grammar` that were given."""
    asked: dict[str, Any] = {}
    if must_call is not None:
        asked["must_call"] = [name.strip() for name in must_call.split(",")]
    if need_calls is not None:
        asked["calls"] = "required" if need_calls else "none"
    if errors != "none":
        asked["error_responses"] = errors
    if opening is not None:
        asked["opening"] = opening
    return asked


def _grammar(
    tools: list[Path] | None,
    toolkits: str | None,
    generation: GenerationSettings,
    asked: dict[str, Any],
    run: Path | None,
    id: str | None,
) -> TreeGrammar:
    from funcdex.errors import ConfigError
    from funcdex.grammar.conversation import conversation_grammar

    if asked and run is not None:
        raise ConfigError(
            "a conversation of a run has the grammar that it was written under",
            where=f"{', '.join(asked)} with --run",
            fix="Leave them out, or give --tools and --toolkits in place of --run.",
        )
    shown, settings, form = tools_and_settings(tools, toolkits, generation, run, id)
    if form is not None:
        from funcdex.stages.grammars import grammar_of

        return grammar_of(shown, settings, form)
    return conversation_grammar(
        shown,
        thoughts=settings.thoughts,
        parallel_calls=settings.parallel_calls,
        min_user_turns=settings.min_user_turns,
        max_user_turns=settings.max_user_turns,
        level=settings.level,
        **asked,
    )


def tools_and_settings(
    tools: list[Path] | None,
    toolkits: str | None,
    generation: GenerationSettings,
    run: Path | None,
    id: str | None,
) -> tuple[tuple[Tool, ...], GenerationSettings, Form | None]:
    """The tools a grammar is made of and the settings it is made with: those asked for, or those of a run,
    then with the form that the conversation's kind has."""
    from funcdex.errors import ConfigError

    if (run is None) != (id is None):
        raise ConfigError("--run and --id go together", where="command line", fix="Give both, or neither.")
    if run is not None and id is not None:
        from funcdex.order import tools_of_conversation
        from funcdex.stages.kinds import form_of

        shown, settings, draft = tools_of_conversation(run, id)
        return shown, settings.generation, form_of(draft, settings.generation)
    from funcdex.toolkits.read import read_toolkits
    from funcdex.toolkits.select import make_bundles

    found = read_toolkits(tools or []).toolkits
    bundles = make_bundles(toolkits.split(",") if toolkits else [], found)
    if len(bundles) != 1:
        names = ", ".join(bundle.name for bundle in bundles)
        raise ConfigError(
            f"a grammar is of one bundle, here are {names}", where="--toolkits", fix="Name one."
        )
    return tuple(bundles[0].tools), generation, None


def _text(file: Path) -> str:
    from funcdex.errors import ConfigError
    from funcdex.ordinary_file import read_ordinary

    try:
        return sys.stdin.read() if str(file) == "-" else read_ordinary(file, _LARGEST_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read it: {error}", where=str(file), fix="Give a text file.") from error
