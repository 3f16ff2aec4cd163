"""What `funcdex tools import` can be pointed at, and the toolkits of it, one document after the other.

A file, a folder with all folders below it, an archive, `-` for standard input, a URL (where allowed), or
Python code (`module:function`, `package.module`). One document of many that cannot be used costs a refusal
in the report, and no more; one that is named outright raises.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from funcdex.errors import ToolDefinitionError
from funcdex.ordinary_file import open_ordinary, read_ordinary
from funcdex.settings.tree import ToolReferences
from funcdex.toolkits.archive import is_archive, is_document_name, members, unzipped
from funcdex.toolkits.documents import Home
from funcdex.toolkits.fetch import MOST_ARCHIVE_BYTES, fetched, is_url, without_secrets
from funcdex.toolkits.load import LARGEST_BYTES, SUFFIXES, decoded, document_of
from funcdex.toolkits.notes import Note, Notebook
from funcdex.toolkits.read import read_toolkits, toolkits_in
from funcdex.types.tools import Toolkit

_PYTHON = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::(?:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)?)?")


@dataclass(frozen=True, slots=True)
class Document:
    """One document that a source holds, not yet read. `data`: its bytes, or why they cannot be had; None for
    Python code, and for a file that may refer to others beside it. `home`: the URL that it was fetched from,
    where others may be that it refers to."""

    file: str
    data: bytes | ToolDefinitionError | None
    is_one_of_many: bool = False
    home: Home | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What one document gave. `refused` says why it gave nothing; it is "" where it gave something."""

    file: str
    toolkits: tuple[Toolkit, ...]
    notes: tuple[Note, ...] = ()
    refused: str = ""
    is_one_of_many: bool = False


def imported(
    source: str, references: ToolReferences = "refuse", allow_url: bool = False
) -> Iterator[Imported]:
    """Each document of one source, read. Raises ToolDefinitionError as said above."""
    return (read(document, references) for document in documents(source, allow_url))


def documents(source: str, allow_url: bool = False) -> Iterator[Document]:
    """Each document of one source. Raises ToolDefinitionError as said above."""
    if source == "-":
        yield Document("stdin", sys.stdin.buffer.read(LARGEST_BYTES + 1))
    elif is_url(source):
        yield from _of_url(source, allow_url)
    elif os.path.isdir(source):
        yield from _of_folder(Path(source))
    elif not os.path.exists(source) and _is_python(source):
        yield Document(source, None)
    elif is_archive(source):
        yield from _of_archive(source)
    elif source.lower().endswith(".gz"):
        yield Document(source, unzipped(_bytes_of(Path(source)), source))
    else:
        yield Document(source, None)


def read(document: Document, references: ToolReferences = "refuse") -> Imported:
    """What a document gives. Raises ToolDefinitionError if it is not one of many."""
    if document.is_one_of_many:
        return _one_of_many(document)
    if document.data is None:
        return _file_or_code(document.file, references)
    if isinstance(document.data, ToolDefinitionError):
        raise document.data
    return _named_outright(document.data, document.file, references, document.home)


def _file_or_code(name: str, references: ToolReferences) -> Imported:
    if os.path.exists(name) or not _is_python(name):
        result = read_toolkits([Path(name)], references)
        return Imported(name, result.toolkits, result.notes)
    from funcdex.toolkits.python_functions import toolkit_of_code

    notebook = Notebook()
    toolkit = toolkit_of_code(name, notebook)
    return Imported(name, (toolkit,), notebook.notes())


def _is_python(source: str) -> bool:
    is_code = _PYTHON.fullmatch(source) is not None and (":" in source or "." in source)
    return is_code and not source.lower().endswith((*SUFFIXES, ".gz")) and not is_archive(source)


def _of_url(url: str, allowed: bool) -> Iterator[Document]:
    if not allowed:
        fix = "Allow it (--allow-url), or download it yourself and name the file."
        raise ToolDefinitionError("nothing is fetched without being allowed", where=url, fix=fix)
    name = without_secrets(url)
    if is_archive(name):
        data = fetched(url, MOST_ARCHIVE_BYTES).data
        yield from (Document(*member, True) for member in members(io.BytesIO(data), name))
    else:
        got = fetched(url)
        data = unzipped(got.data, name)
        yield Document(name, data, home=Home(without_secrets(got.url), got.is_named, len(data)))


def _of_folder(folder: Path) -> Iterator[Document]:
    """Every document below it, in the order of names; neither links to folders nor what is hidden."""
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(filter(is_document_name, files)):
            path = Path(where, name)
            try:
                data: bytes | ToolDefinitionError = unzipped(_bytes_of(path), str(path))
            except ToolDefinitionError as error:
                data = error
            yield Document(str(path), data, True)


def _of_archive(source: str) -> Iterator[Document]:
    try:
        file = open_ordinary(Path(source))
    except OSError as error:
        what = f"the file cannot be read: {error.strerror or error}"
        raise ToolDefinitionError(what, where=source, fix="Name a file that can be read.") from error
    with file:
        yield from (Document(*member, True) for member in members(file, source))


def _bytes_of(path: Path) -> bytes:
    try:
        return read_ordinary(path, LARGEST_BYTES)
    except OSError as error:
        what = f"the file cannot be read: {error.strerror or error}"
        raise ToolDefinitionError(what, where=str(path), fix="Name a file that can be read.") from error


def _named_outright(data: bytes, file: str, references: ToolReferences, home: Home | None) -> Imported:
    if len(data) > LARGEST_BYTES:
        what = f"more than {LARGEST_BYTES // 2**20} MB"
        raise ToolDefinitionError(what, where=file, fix="Split it into several.")
    notebook = Notebook()
    content = document_of(decoded(data, file), file, may_be_yaml=True)
    toolkits = toolkits_in(content, file, notebook, references, home)
    return Imported(file, toolkits, notebook.notes())


def _one_of_many(document: Document) -> Imported:
    file, data = document.file, document.data
    if isinstance(data, ToolDefinitionError):
        return Imported(file, (), (), data.what, True)
    notebook = Notebook()
    try:
        content = document_of(decoded(data or b"", file), file, may_be_yaml=".json" not in file.lower())
        return Imported(file, toolkits_in(content, file, notebook), notebook.notes(), "", True)
    except ToolDefinitionError as error:
        return Imported(file, (), notebook.notes(), error.what, True)
