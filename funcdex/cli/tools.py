"""`funcdex tools`: read tool definitions of any form, look at them, check them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from funcdex.cli.tables import JsonOption, show, write_json
from funcdex.errors import ConfigError

if TYPE_CHECKING:
    from funcdex.settings.catalog_place import Place
    from funcdex.settings.tree import ToolReferences
    from funcdex.types.tools import Toolkit

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Import, list, show and check tool definitions.")

ToolsOption = Annotated[
    list[Path] | None,
    typer.Option("--tools", help="A tool file or folder; repeatable. Default: the shipped ones."),
]

ToolReferencesOption = Annotated[
    Literal["refuse", "files", "urls"] | None,
    typer.Option(
        "--tool-references",
        help="$refs in OpenAPI documents may name files below them; with urls, https, too.",
    ),
]


def catalog_option(text: str) -> Place:
    """For an option that names a catalogue. A wrong URL is not shown: it may hold a password."""
    from funcdex.settings.catalog_place import place_of

    try:
        return place_of(text)
    except ValueError as error:
        raise ConfigError(
            str(error), where="--catalog", fix="Name a file, or postgresql://user@host/name."
        ) from None


CatalogOption = Annotated[
    Any,
    typer.Option(
        "--catalog",
        parser=catalog_option,
        metavar="PLACE",
        help="A catalogue of tools, a file or postgresql://...; default: the setting `catalog`.",
    ),
]


@app.command("import")
def import_(
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders, archives, - , URLs (--allow-url), or module:function."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The tool file to write.")] = None,
    catalog: Annotated[
        Any,
        typer.Option(
            "--catalog",
            parser=catalog_option,
            metavar="PLACE",
            help="The catalogue to add to, a file or postgresql://..., made if it is not there.",
        ),
    ] = None,
    mcp: Annotated[
        list[str] | None,
        typer.Option("--mcp", help="A running MCP server: a command line, or its URL; repeatable."),
    ] = None,
    references: ToolReferencesOption = None,
    allow_url: Annotated[
        bool, typer.Option("--allow-url", help="URLs among the sources are fetched.")
    ] = False,
    curate: Annotated[
        bool, typer.Option("--curate", help="Clean, prune and merge by rules; --rules implies it.")
    ] = False,
    rules: Annotated[Path | None, typer.Option("--rules", help="Rules of curation, YAML.")] = None,
    embed: Annotated[
        bool, typer.Option("--embed", help="With --catalog: makes its index of meanings, too.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--report", help="Writes what was left out or changed, as JSON.")
    ] = None,
    processes: Annotated[
        int,
        typer.Option(
            "--processes", min=0, max=64, help="That read for a catalogue; 0: as many as there are cores."
        ),
    ] = 0,
) -> None:
    """Reads definitions of any known form and writes them as one tool file, or adds them to a catalogue.

    Example: funcdex tools import gmail.json drive.json --out google.json
    """
    if (out is None) == (catalog is None):
        raise typer.BadParameter("Name the file to write with --out, or the catalogue with --catalog.")
    if catalog is not None:
        from funcdex.cli.catalog_import import CatalogImport, import_into_catalog

        if report:
            raise typer.BadParameter("--report goes with --out: with --catalog all of it is printed.")
        chosen = CatalogImport(references or "refuse", allow_url, curate, rules, processes)
        import_into_catalog(sources or [], mcp or [], catalog, chosen)
        if embed:
            from funcdex.cli.catalog_meaning import embed_place

            embed_place(catalog, "minilm", "cpu")
        return
    if embed:
        raise typer.BadParameter("--embed goes with --catalog: a tool file has no index.")
    assert out is not None
    from funcdex.cli.tools_import import import_tools

    import_tools(sources or [], mcp or [], out, references or "refuse", allow_url, curate, rules, report)


@app.command("list")
def list_(
    tools: ToolsOption = None,
    catalog: CatalogOption = None,
    references: ToolReferencesOption = None,
    json: JsonOption = None,
) -> None:
    """Lists toolkits.

    Example: funcdex tools list --tools google.json
    """
    from funcdex.cli.catalog import catalog_of, listed_rows

    if chosen := catalog_of(catalog, tools):
        show("toolkits", listed_rows(chosen), json)
        return
    rows = [
        {"toolkit": kit.name, "tools": len(kit.tools), "description": kit.description}
        for kit in read_tools(tools, references)
    ]
    show("toolkits", rows, json)


@app.command("show")
def show_(
    name: Annotated[str, typer.Argument(help="TOOLKIT, or TOOLKIT/TOOL.")],
    tools: ToolsOption = None,
    catalog: CatalogOption = None,
    references: ToolReferencesOption = None,
    json: JsonOption = None,
) -> None:
    """Shows a toolkit's tools, or one tool whole.

    Example: funcdex tools show gmail/SEND_MESSAGE
    """
    from funcdex.cli.catalog import catalog_of, toolkit_of

    toolkit_name, _, tool_name = name.partition("/")
    chosen = catalog_of(catalog, tools)
    kit = (
        toolkit_of(chosen, toolkit_name)
        if chosen
        else _named(toolkit_name, {kit.name: kit for kit in read_tools(tools, references)}, "toolkit")
    )
    if not tool_name:
        rows = [{"tool": tool.name, "description": tool.description} for tool in kit.tools]
        show(f"{kit.name}: {kit.description}", rows, json)
        return
    tool = _named(tool_name, {tool.name: tool for tool in kit.tools}, f"tool of {kit.name}")
    definition = tool.as_openai["function"] | {"response": tool.response}
    write_json(json or Path("-"), definition)


@app.command()
def check(
    tools: Annotated[list[Path] | None, typer.Argument(help="Tool files or folders.")] = None,
    references: ToolReferencesOption = None,
    json: JsonOption = None,
) -> None:
    """Reads tool files and says what is wrong or weak in them, and how good each toolkit is, of 100.

    Exit code 2 if there is an error.

    Example: funcdex tools check google.json
    """
    from dataclasses import asdict

    from funcdex.toolkits.check import check_toolkits
    from funcdex.toolkits.check_score import scores

    toolkits = read_tools(tools, references)
    findings = check_toolkits(toolkits)
    rows = [
        {"severity": one.severity, "where": one.where, "code": one.code, "finding": one.what}
        for one in findings
    ]
    if rows or json:
        show("findings", rows, json)
    else:
        sys.stdout.write("no findings\n")
    if not json:
        show("scores", [asdict(score) for score in scores(toolkits, findings)], None)
    if any(one.severity == "error" for one in findings):
        raise typer.Exit(2)


def read_tools(paths: list[Path] | None, references: ToolReferences | None) -> tuple[Toolkit, ...]:
    """The toolkits of files and folders, or the shipped ones."""
    from funcdex.data import data_dir
    from funcdex.toolkits.read import read_toolkits

    return read_toolkits(paths or [data_dir("tool_definitions")], references or "refuse").toolkits


def _named(name: str, known: dict[str, T], what: str) -> T:
    import difflib

    from funcdex.errors import ConfigError

    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    fix = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(known)[:20])}."
    raise ConfigError(f"no {what} is called {name!r}", where="command line", fix=fix)
