"""A search by words and by meaning: tools that the words do not find stand beside those that they do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from funcdex.catalogue.reader import Catalogue
from funcdex.catalogue.search import Filter, Hit
from funcdex.dedup.embedding import Embedder, encoded
from funcdex.errors import CatalogueError
from funcdex.tool_meaning.index import MeaningIndex, folder_of, read_about
from funcdex.tool_meaning.texts import state_of

NEIGHBOURS = 60
"""Tools nearest in meaning that are looked at beside those that words find."""
_LONGEST_QUERY = 1000


class MeaningSearch:
    """Finds tools of one catalogue. `embedder` is the model that the index was made with."""

    def __init__(self, opened: Catalogue, index: MeaningIndex, embedder: Embedder) -> None:
        self._opened = opened
        self._index = index
        self._embedder = embedder

    def search(self, text: str, limit: int = 10, only: Filter | None = None) -> tuple[Hit, ...]:
        """As `Catalogue.search`. Raises DedupError, too."""
        if not text.strip():
            return self._opened.search(text, limit, only)
        plain = text[:_LONGEST_QUERY].encode(errors="replace").decode()
        (vector,) = encoded(self._embedder, [plain])
        return self._opened.search(text, limit, only, self._index.near(vector, max(NEIGHBOURS, limit)))


def opened_with_meaning(
    opened: Catalogue, catalog: Path, embedder_of: Callable[[str], Embedder]
) -> MeaningSearch | None:
    """The search of a catalogue that has an index; None if it has none. `embedder_of` makes the model of a
    name. Raises CatalogueError for an index of another state of the catalogue, and DedupError."""
    about = read_about(folder_of(catalog))
    if about is None:
        return None
    if about.state != opened.asked(state_of):
        raise CatalogueError(
            "the index of meanings is older than the catalogue",
            where=str(folder_of(catalog)),
            fix="Bring it up to date: funcdex tools embed --catalog FILE.",
        )
    index = MeaningIndex(folder_of(catalog), about)
    return MeaningSearch(opened, index, embedder_of(about.model))
