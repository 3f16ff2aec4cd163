"""`funcdex tools embed`; and searches by meaning where a catalogue has an index."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funcdex.cli.tools import CatalogOption
from funcdex.printable import printable

if TYPE_CHECKING:
    from funcdex.catalogue.reader import Catalogue
    from funcdex.catalogue.search import Filter, Hit
    from funcdex.settings.catalog_place import Place


def embed(
    catalog: CatalogOption = None,
    model: Annotated[
        str, typer.Option("--model", help="`minilm` (packaged), a hub name or a folder.")
    ] = "minilm",
    device: Annotated[str, typer.Option("--device", help="torch device of the model: cpu, cuda.")] = "cpu",
) -> None:
    """Makes the index by which `tools search` finds tools by meaning, too, or brings it up to date.

    Example: funcdex tools embed --catalog tools.db
    """
    from funcdex.cli.catalog import catalog_of
    from funcdex.errors import ConfigError

    chosen = catalog_of(catalog, None)
    if chosen is None:
        fix = "Name one with --catalog, or in the setting `catalog`."
        raise ConfigError("no catalogue is named", where="command line", fix=fix)
    embed_place(chosen, model, device)


def embed_place(catalog: Place, model: str, device: str) -> None:
    """Makes the index of a catalogue, and says what was done. Raises ConfigError, CatalogueError and
    DedupError."""
    from funcdex.dedup.embedding import SentenceModel, require_packages
    from funcdex.errors import ConfigError
    from funcdex.tool_meaning.build import embed_catalogue
    from funcdex.tool_meaning.index import folder_of

    if not isinstance(catalog, Path):
        fix = "Import the same sources into a file: funcdex tools import ... --catalog tools.db."
        raise ConfigError("only a catalogue in a file has an index of meanings", where="--catalog", fix=fix)
    require_packages(model)
    built = embed_catalogue(catalog, SentenceModel(model, device), model, _tell)
    where = printable(str(folder_of(catalog)))
    done = "is up to date" if built.unchanged else "is made"
    sys.stdout.write(f"the index of {built.tools} tools in {where} {done}\n")


def found(opened: Catalogue, catalog: Place | None, query: str, limit: int, only: Filter) -> tuple[Hit, ...]:
    """The tools for a query: by words, and by meaning where the catalogue has an index that can be used; if
    one cannot be, that is told. Raises CatalogueError."""
    if isinstance(catalog, Path) and catalog.with_name(f"{catalog.name}.meaning").is_dir():
        from funcdex.dedup.embedding import SentenceModel, require_packages
        from funcdex.errors import CatalogueError, DedupError
        from funcdex.tool_meaning.search import opened_with_meaning

        def model_of(name: str) -> SentenceModel:
            require_packages(name)
            return SentenceModel(name, "cpu")

        try:
            by_meaning = opened_with_meaning(opened, catalog, model_of)
            if by_meaning:
                return by_meaning.search(query, limit, only)
        except (CatalogueError, DedupError) as error:
            sys.stderr.write(printable(f"note: searched by words alone: {error}\n"))
    return opened.search(query, limit, only)


def _tell(done: int, all: int) -> None:
    sys.stderr.write(f"{done} of {all} tools embedded\n")
