"""Documents in archives: `.tgz`, `.tar.gz`, `.tar`, `.zip` and Python's `.whl`, read one after the other.

Nothing is unpacked to the disk, so no name of a member can lead anywhere: it only appears in messages.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.load import LARGEST_BYTES, SUFFIXES

TAR_SUFFIXES = (".tgz", ".tar.gz", ".tar")
ZIP_SUFFIXES = (".zip", ".whl")
MOST_MEMBERS = 200_000
MOST_TOTAL_BYTES = 8 * 1024**3
"""Of all members, unpacked, those that are passed over too: a few kilobytes can stand for terabytes."""

_FIX = "Name an archive of tool definitions."


def is_archive(name: str) -> bool:
    """Whether its name says so."""
    return name.lower().endswith(TAR_SUFFIXES + ZIP_SUFFIXES)


def is_document_name(name: str) -> bool:
    """Whether it may be one of tool definitions: `api/x.json`, `data/x/service-2.json.gz`; nothing hidden."""
    bare = name.lower().removesuffix(".gz")
    return bare.endswith(SUFFIXES) and not PurePosixPath(name).name.startswith(".")


def members(file: BinaryIO, name: str) -> Iterator[tuple[str, bytes | ToolDefinitionError]]:
    """Name and content of each document in the archive `file`; an error for one that cannot be had.

    Raises ToolDefinitionError if the archive itself is damaged, or beyond the limits above.
    """
    read = _of_zip if name.lower().endswith(ZIP_SUFFIXES) else _of_tar
    try:
        yield from read(file, name)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        what = f"the archive cannot be read: {error}"
        raise ToolDefinitionError(what, where=name, fix=_FIX) from error


def unzipped(data: bytes, name: str) -> bytes:
    """`data`, or what it unpacks to if `name` ends in .gz. Raises ToolDefinitionError."""
    if not name.lower().endswith(".gz"):
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            content = packed.read(LARGEST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        what = f"the file cannot be unpacked: {error}"
        raise ToolDefinitionError(what, where=name, fix="Pack it again.") from error
    if len(content) > LARGEST_BYTES:
        raise _too_large(name)
    return content


def _of_tar(file: BinaryIO, name: str) -> Iterator[tuple[str, bytes | ToolDefinitionError]]:
    total = 0
    with tarfile.open(fileobj=file, mode="r|*") as archive:
        for count, member in enumerate(archive):
            total += member.size
            _check_bounds(count, total, name)
            if not member.isreg() or not is_document_name(member.name):
                continue
            content = archive.extractfile(member) if member.size <= LARGEST_BYTES else None
            yield _member(name, member.name, content.read() if content else None)


def _of_zip(file: BinaryIO, name: str) -> Iterator[tuple[str, bytes | ToolDefinitionError]]:
    total = 0
    with zipfile.ZipFile(file) as archive:
        for count, info in enumerate(archive.infolist()):
            _check_bounds(count, total, name)
            if info.is_dir() or not is_document_name(info.filename):
                continue
            with archive.open(info) as packed:  # what the directory says of its size may be wrong
                content = packed.read(LARGEST_BYTES + 1)
            total += len(content)
            yield _member(name, info.filename, content if len(content) <= LARGEST_BYTES else None)


def _member(archive: str, name: str, content: bytes | None) -> tuple[str, bytes | ToolDefinitionError]:
    shown = f"{archive}!{name}"
    if content is None:
        return shown, _too_large(shown)
    try:
        return shown, unzipped(content, shown)
    except ToolDefinitionError as error:
        return shown, error


def _check_bounds(count: int, total: int, name: str) -> None:
    if count >= MOST_MEMBERS:
        what = f"the archive has more than {MOST_MEMBERS:,} members"
        raise ToolDefinitionError(what, where=name, fix=_FIX)
    if total > MOST_TOTAL_BYTES:
        what = f"the archive has more than {MOST_TOTAL_BYTES // 2**30} GB unpacked"
        raise ToolDefinitionError(what, where=name, fix=_FIX)


def _too_large(name: str) -> ToolDefinitionError:
    what = f"the file has more than {LARGEST_BYTES // 2**20} MB"
    return ToolDefinitionError(what, where=name, fix="Split it into several.")
