"""Documents made into what a catalogue keeps of them, by several processes where there are many.

Reading a document costs a hundred times what writing its entries does, so one process writes and the others
read. What they give comes back in the order of the documents, which names depend on.
"""

from __future__ import annotations

import gc
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain

from funcdex.catalogue.entry import KitEntry, kit_entry_of
from funcdex.errors import ToolDefinitionError
from funcdex.settings.tree import ToolReferences
from funcdex.toolkits.curation import CurationReport, curated
from funcdex.toolkits.curation_rules import Rules
from funcdex.toolkits.notes import Note
from funcdex.toolkits.sources import Document, Imported, read

ALONE_DOCUMENTS, ALONE_BYTES = 32, 4 * 1024 * 1024
"""Fewer and smaller documents are read here: starting processes takes longer."""

_AHEAD = 4
# Documents between two looks for garbage: within one there is next to none.
_EACH_GARBAGE = 8


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one document gave, or why it gave nothing. `error`: that it was named and cannot be read."""

    document: Document
    toolkits: tuple[KitEntry, ...] = ()
    notes: tuple[Note, ...] = ()
    refused: str = ""
    error: ToolDefinitionError | None = None


@dataclass(frozen=True, slots=True)
class Preparing:
    """How documents are read: what references may lead to, and the rules of curation, if any."""

    references: ToolReferences = "refuse"
    rules: Rules | None = None

    def __call__(self, document: Document) -> Prepared:
        """One document, which comes back without its bytes."""
        bare = replace(document, data=None)
        try:
            return self.prepared(read(document, self.references), bare)
        except ToolDefinitionError as error:
            return Prepared(bare, error=error)

    def prepared(self, one: Imported, document: Document) -> Prepared:
        """What was imported, curated by the rules, as entries."""
        kits = one.toolkits
        if self.rules is not None:
            done = CurationReport()
            kits = tuple(kit for each in kits if (kit := curated(each, self.rules, done)) is not None)
        entries = tuple(map(kit_entry_of, kits))
        refused = one.refused or ("" if entries else "the rules of curation leave no tool")
        return Prepared(document, entries, one.notes, refused)


def prepared(
    documents: Iterator[Document], prepare: Callable[[Document], Prepared], processes: int
) -> Iterator[Prepared]:
    """What each document gives, in their order."""
    first, size = [], 0
    for document in documents:
        first.append(document)
        size += len(document.data) if isinstance(document.data, bytes) else 0
        if len(first) >= ALONE_DOCUMENTS or size > ALONE_BYTES:
            break
    if processes < 2 or len(first) < 2 or (len(first) < ALONE_DOCUMENTS and size <= ALONE_BYTES):
        yield from map(prepare, chain(first, documents))
    else:
        yield from _by_processes(chain(first, documents), prepare, processes)


def _by_processes(
    documents: Iterator[Document], prepare: Callable[[Document], Prepared], processes: int
) -> Iterator[Prepared]:
    waiting: deque[Future[Prepared]] = deque()
    # Not by fork: this process may have threads, and SQLite's connections do not live through one.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, initializer=_without_garbage)
    try:
        for document in documents:
            waiting.append(pool.submit(_collected, prepare, document))
            if len(waiting) >= _AHEAD * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _without_garbage() -> None:
    """Python's collector would look through every document a dozen times while it is read, and find none."""
    gc.freeze()
    gc.disable()


_done = 0


def _collected(prepare: Callable[[Document], Prepared], document: Document) -> Prepared:
    global _done
    _done += 1
    if _done % _EACH_GARBAGE == 0:
        gc.collect()
    return prepare(document)
