"""Imports files and folders into a catalogue, one file after the other, so that memory stays what one
needs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from funcdex import __version__
from funcdex.catalogue.dialect import Connection
from funcdex.catalogue.writer import Source, Writer
from funcdex.errors import ToolDefinitionError
from funcdex.ordinary_file import open_ordinary
from funcdex.settings.tree import ToolReferences
from funcdex.toolkits.load import SUFFIXES
from funcdex.toolkits.notes import Note
from funcdex.toolkits.read import ReadResult, read_toolkits

IMPORTER = f"funcdex {__version__}"
_CHUNK_BYTES = 1 << 20

Notify = Callable[[Note], None]


@dataclass(slots=True)
class Imported:
    """What an import did. `sources` count files, `tools` those of the files that were read."""

    read: int = 0
    unchanged: int = 0
    removed: int = 0
    left_out: int = 0
    toolkits: int = 0
    tools: int = 0
    renamed: list[str] = field(default_factory=list)


def import_into(
    connection: Connection,
    roots: Sequence[Path],
    notify: Notify,
    references: ToolReferences = "refuse",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Imported:
    """Reads every tool definition of the files and, with all folders below, of the folders.

    A file that the catalogue has as it is now is not read again; one that is gone from a folder is taken out.
    In a folder, a file that holds no tools is left out with a note. Stopped at any moment, the catalogue has
    every file as it was or as it is, and the next import goes on. Raises ToolDefinitionError for a file that
    was named.
    """
    writer, done = Writer(connection), Imported()
    for root in roots:
        found = set()
        for file in _files(root):
            found.add(_place(file))
            # A document may name other files, whose digest this is not.
            source = Source(_place(file), _place(root), _digest_of(file), IMPORTER)
            if references == "refuse" and writer.has(source):
                done.unchanged += 1
            elif (result := _read(file, root, references, notify)) is not None:
                _take(writer, source, result, done, now())
            else:
                done.left_out += 1
        for gone in sorted(writer.places_of(_place(root)) - found):
            writer.remove(gone)
            done.removed += 1
    if done.read or done.removed:
        writer.count_words()
    return done


def _take(writer: Writer, source: Source, result: ReadResult, done: Imported, now: datetime) -> None:
    names = writer.replace(source, result.toolkits, now)
    for kit, name in zip(result.toolkits, names, strict=True):
        if kit.name != name:
            done.renamed.append(f"{kit.name} of {source.place} is called {name}")
        done.tools += len(kit.tools)
    done.toolkits += len(names)
    done.read += 1


def _read(file: Path, root: Path, references: ToolReferences, notify: Notify) -> ReadResult | None:
    """The file's toolkits; None if it is one of a folder and holds none."""
    try:
        result = read_toolkits([file], references)
    except ToolDefinitionError as error:
        if file == root:
            raise
        notify(Note(error.where, f"left out: {error.what}"))
        return None
    for note in result.notes:
        notify(note)
    return result


def _files(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return
    for file in sorted(root.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
        if file.suffix.lower() in SUFFIXES and not hidden and file.is_file():
            yield file


def _place(path: Path) -> str:
    """An absolute path as text that SQLite takes: what is not UTF-8 in a name is written `\\xff`."""
    return str(path.resolve()).encode(errors="surrogateescape").decode(errors="backslashreplace")


def _digest_of(file: Path) -> str:
    try:
        with open_ordinary(file) as opened:
            digest = hashlib.sha256()
            while chunk := opened.read(_CHUNK_BYTES):
                digest.update(chunk)
            return digest.hexdigest()
    except OSError as error:
        what = f"the file cannot be read: {error.strerror or error}"
        raise ToolDefinitionError(what, where=str(file), fix="Name a file that can be read.") from error
