"""`funcdex tools search`, `pick` and `bundles`; and a catalogue where the other commands of `tools` take
one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funcdex.cli.tables import JsonOption, show, write_json
from funcdex.cli.tools import CatalogOption, ToolReferencesOption, ToolsOption, read_tools
from funcdex.printable import printable

if TYPE_CHECKING:
    from funcdex.catalogue.bundles import Proposal
    from funcdex.catalogue.reader import Catalogue
    from funcdex.settings.catalog_place import Place
    from funcdex.settings.tree import ToolReferences
    from funcdex.types.tools import Toolkit

_SHOWN_CHARS = 100


def search(
    query: Annotated[str, typer.Argument(help="What the tool is for, in plain words.")] = "",
    tools: ToolsOption = None,
    catalog: CatalogOption = None,
    toolkit: Annotated[str | None, typer.Option("--toolkit", help="Tools of this toolkit only.")] = None,
    verb: Annotated[
        str | None, typer.Option("--verb", help="Tools that do this only: send, create, list.")
    ] = None,
    parameter: Annotated[
        str | None, typer.Option("--parameter", help="Tools with an argument of this name only.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most tools shown.")] = 10,
    words_only: Annotated[
        bool, typer.Option("--words-only", help="Not by meaning, where the catalogue has an index for that.")
    ] = False,
    references: ToolReferencesOption = None,
    json: JsonOption = None,
) -> None:
    """Finds tools by what they are for, the best first.

    Example: funcdex tools search "send an email with an attachment"
    """
    from funcdex.catalogue.search import Filter
    from funcdex.cli.catalog_meaning import found

    chosen = None if words_only else catalog_of(catalog, tools)
    with _opened(catalog, tools, references) as opened:
        hits = found(opened, chosen, query, limit, Filter(toolkit, verb, parameter))
    rows: list[dict[str, object]]
    if json:
        rows = [
            {"tool": hit.id, "score": hit.score, "description": hit.description, "also": hit.also}
            for hit in hits
        ]
    else:
        rows = [{"tool": hit.id, "description": _start(hit.description)} for hit in hits]
    if rows or json:
        show("tools", rows, json)
    else:
        sys.stdout.write("no tools found\n")


def pick(
    names: Annotated[list[str], typer.Argument(help="TOOLKIT for all its tools, or TOOLKIT/TOOL.")],
    out: Annotated[Path, typer.Option("--out", help="The tool file to write.")],
    tools: ToolsOption = None,
    catalog: CatalogOption = None,
    references: ToolReferencesOption = None,
) -> None:
    """Writes chosen toolkits, or single tools of them, as one tool file.

    Example: funcdex tools pick gmail/SEND_MESSAGE googledrive --out tools.json
    """
    from funcdex.errors import ToolDefinitionError
    from funcdex.toolkits.native import dump_native

    chosen: dict[str, list[str] | None] = {}
    for name in names:
        toolkit, _, tool = name.partition("/")
        some = chosen.setdefault(toolkit, [])
        if not tool:
            chosen[toolkit] = None
        elif some is not None:
            some.append(tool)
    with _opened(catalog, tools, references) as opened:
        kits = [opened.toolkit(toolkit, some or ()) for toolkit, some in chosen.items()]
    try:
        out.write_text(dump_native(kits), "utf-8")
    except OSError as error:
        raise ToolDefinitionError(
            f"cannot write: {error.strerror}", where=str(out), fix="Name another file."
        ) from error
    count = sum(len(kit.tools) for kit in kits)
    sys.stdout.write(f"{count} tools in {len(kits)} toolkits written to {printable(str(out))}\n")


def bundles(
    toolkits: Annotated[
        str | None, typer.Option("--toolkits", help="gmail,jira: among these only. Default: all there are.")
    ] = None,
    tools: ToolsOption = None,
    catalog: CatalogOption = None,
    most: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most bundles proposed.")] = 20,
    out: Annotated[
        Path | None, typer.Option("--out", help="A file for the setting `wanted_toolkits` to write.")
    ] = None,
    endpoints: Annotated[
        str | None,
        typer.Option("--endpoints", help="The model there names and describes them. Base URLs; or sim."),
    ] = None,
    references: ToolReferencesOption = None,
    json: JsonOption = None,
) -> None:
    """Proposes toolkits that go together: what one answers, the other asks for.

    Example: funcdex tools bundles --out wanted_toolkits.json
    """
    from funcdex.catalogue.bundles import as_wanted, profile_of, propose

    with _opened(catalog, tools, references) as opened:
        wanted = toolkits.split(",") if toolkits else sorted(opened.names())
        names = list(dict.fromkeys(name.strip() for name in wanted))
        found = propose([profile_of(opened.toolkit(name)) for name in names], most)
        paired = dict.fromkeys(name for one in found for name in one.toolkits)
        words = _described(found, [opened.toolkit(name) for name in paired], endpoints) if endpoints else {}
    if out:
        write_json(out, as_wanted(names, found, words.values()))
    rows = [
        {"bundle": "+".join(one.toolkits), "score": one.score, "in_common": ", ".join(one.things)}
        | {key: words[one.toolkits][key] for key in ("name", "description") if one.toolkits in words}
        for one in found
    ]
    if rows or json:
        show("bundles", rows, json)
    else:
        sys.stdout.write("no toolkits go together\n")


def _described(
    found: tuple[Proposal, ...], toolkits: list[Toolkit], endpoints: str
) -> dict[tuple[str, ...], dict[str, object]]:
    """What the model calls each bundle that it could describe, by its toolkits."""
    import anyio

    from funcdex.bundle_names import described
    from funcdex.settings.load import load

    settings = load(None, {"endpoints": endpoints.split(",")}).settings
    told = anyio.run(described, found, toolkits, settings)
    named = {one.toolkits: one for one in told if one is not None}
    return {
        key: {"toolkits": list(key), "name": one.name, "description": one.description}
        for key, one in named.items()
    }


def catalog_of(catalog: Place | None, tools: list[Path] | None) -> Place | None:
    """The catalogue to read: the one that was named, or else, unless tool files were, that of the
    settings."""
    if catalog or tools:
        return catalog
    from funcdex.settings.load import load

    return load().settings.catalog


def listed_rows(catalog: Place) -> list[dict[str, object]]:
    """A row for each toolkit of a catalogue."""
    from funcdex.catalogue.reader import open_catalogue

    with open_catalogue(catalog) as opened:
        return [
            {"toolkit": one.name, "tools": one.tools, "description": _start(one.description)}
            for one in opened.listed()
        ]


def toolkit_of(catalog: Place, name: str) -> Toolkit:
    """A toolkit of a catalogue."""
    from funcdex.catalogue.reader import open_catalogue

    with open_catalogue(catalog) as opened:
        return opened.toolkit(name)


def _opened(catalog: Place | None, tools: list[Path] | None, references: ToolReferences | None) -> Catalogue:
    """The catalogue, or one in memory of the tool files, or of the shipped ones."""
    from funcdex.catalogue.reader import catalogue_of, open_catalogue

    if chosen := catalog_of(catalog, tools):
        return open_catalogue(chosen)
    return catalogue_of(read_tools(tools, references))


def _start(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
