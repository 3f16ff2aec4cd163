"""Imports sources into a catalogue, one document after the other, so that memory stays what a few need."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from funcdex import __version__
from funcdex.catalogue.dialect import Connection
from funcdex.catalogue.preparing import Prepared, Preparing, prepared
from funcdex.catalogue.writer import Source, Writer
from funcdex.errors import ToolDefinitionError
from funcdex.ordinary_file import open_ordinary
from funcdex.toolkits.notes import Note
from funcdex.toolkits.sources import Document, Imported, documents

IMPORTER = f"funcdex {__version__}"
_CHUNK_BYTES = 1 << 20

Notify = Callable[[Note], None]


@dataclass(slots=True)
class Done:
    """What an import did. `read` and the like count documents, `tools` are those of documents read."""

    read: int = 0
    unchanged: int = 0
    removed: int = 0
    left_out: int = 0
    toolkits: int = 0
    tools: int = 0
    renamed: list[str] = field(default_factory=list)


def import_into(
    connection: Connection,
    sources: Sequence[str],
    notify: Notify,
    prepare: Preparing | None = None,
    *,
    allow_url: bool = False,
    processes: int = 1,
    live: Sequence[Imported] = (),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Done:
    """Reads every document of the sources (what they may be: `toolkits/sources.py`), by so many processes,
    and takes in what `live` servers told.

    A document that the catalogue has as it is now is not read again; one that is gone from a folder or an
    archive is taken out. One of many that holds no tools is left out with a note. Stopped at any moment, the
    catalogue has every document as it was or as it is, and the next import goes on. Raises
    ToolDefinitionError for a document that was named.
    """
    prepare = prepare or Preparing()
    run = _Run(Writer(connection), notify, prepare, now, Done())
    for source in sources:
        run.take_source(source, allow_url, processes)
    for one in live:
        document = Document(one.file, None)
        run.take(prepare.prepared(one, document), Source(one.file, one.file, "", IMPORTER))
    if run.done.read or run.done.removed:
        run.writer.count_words()
    return run.done


@dataclass(frozen=True, slots=True)
class _Run:
    writer: Writer
    notify: Notify
    prepare: Preparing
    now: Callable[[], datetime]
    done: Done

    def take_source(self, source: str, allow_url: bool, processes: int) -> None:
        """Everything that one source holds, and nothing that it held before."""
        root, found = _place(source), dict[str, Source]()

        def changed() -> Iterator[Document]:
            for document in documents(source, allow_url):
                at = Source(_place(document.file), root, self._version_of(document), IMPORTER)
                found[document.file] = at
                # A document may name other files, whose digest this is not.
                if self.prepare.references == "refuse" and at.digest and self.writer.has(at):
                    self.done.unchanged += 1
                else:
                    yield document

        for one in prepared(changed(), self.prepare, processes):
            self.take(one, found[one.document.file])
        for gone in sorted(self.writer.places_of(root) - {at.place for at in found.values()}):
            self.writer.remove(gone)
            self.done.removed += 1

    def take(self, one: Prepared, source: Source) -> None:
        """Writes what a document gave in the place of what it gave before."""
        if one.error is not None:
            raise one.error
        if one.refused:
            self.notify(Note(one.document.file, f"left out: {one.refused}"))
            self.done.left_out += 1
            return
        for note in one.notes:
            self.notify(note)
        names = self.writer.replace(source, one.toolkits, self.now())
        for kit, name in zip(one.toolkits, names, strict=True):
            if kit.name != name:
                self.done.renamed.append(f"{kit.name} of {source.place} is called {name}")
            self.done.tools += len(kit.tools)
        self.done.toolkits += len(names)
        self.done.read += 1

    def _version_of(self, document: Document) -> str:
        """The digest of what it says, and of the rules that it is curated by; "" if that cannot be known."""
        if isinstance(document.data, ToolDefinitionError):
            return ""
        if document.data is None and not os.path.exists(document.file):
            return ""  # Python code
        data = document.data
        digest = _digest_of(document.file) if data is None else hashlib.sha256(data).hexdigest()
        rules = self.prepare.rules
        return digest if rules is None else hashlib.sha256(f"{digest} {rules!r}".encode()).hexdigest()


def _place(name: str) -> str:
    """An absolute path as text that SQLite takes: what is not UTF-8 in a name is written `\\xff`. Of an
    archive's member the archive's, and its own behind it; what is no file stays as it is."""
    file, mark, member = name.partition("!")
    if not os.path.exists(file):
        file, mark, member = name, "", ""
    whole = f"{Path(file).resolve()}{mark}{member}" if os.path.exists(file) else name
    return whole.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _digest_of(file: str) -> str:
    try:
        with open_ordinary(Path(file)) as opened:
            digest = hashlib.sha256()
            while chunk := opened.read(_CHUNK_BYTES):
                digest.update(chunk)
            return digest.hexdigest()
    except OSError as error:
        what = f"the file cannot be read: {error.strerror or error}"
        raise ToolDefinitionError(what, where=file, fix="Name a file that can be read.") from error
