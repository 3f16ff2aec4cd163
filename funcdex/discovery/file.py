"""Endpoints listed in a file that is read again and again, or in all files of a folder: one a machine, say.

Not told of changes by the system: on the shared file systems that clusters have (NFS, Lustre) nobody is told
of what another machine writes.
"""

from __future__ import annotations

from pathlib import Path

import anyio
import anyio.to_thread

from funcdex.discovery.listing import MOST_BYTES, decoded, specs_of
from funcdex.errors import DiscoveryError
from funcdex.ordinary_file import read_ordinary
from funcdex.settings.endpoint_spec import EndpointSpec

MOST_FILES = 10_000
SUFFIXES = (".txt", ".json", ".yaml", ".yml")
"""Of the files of a folder that are lists."""


class FileSource:
    """`options` are for all endpoints that are listed. `path`: a file, or a folder of such."""

    def __init__(self, path: Path, options: EndpointSpec, timeout_s: float) -> None:
        self._path = path
        self._options = options
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """One line."""
        return f"file:{self._path}"

    async def listed(self) -> tuple[EndpointSpec, ...]:
        """All endpoints of the file. Raises DiscoveryError."""
        try:
            with anyio.fail_after(self._timeout_s):
                # A file system that hangs keeps the thread, not the run.
                lists = await anyio.to_thread.run_sync(self._read, abandon_on_cancel=True)
        except TimeoutError:
            raise self._unreadable(f"no answer within {self._timeout_s:g} s") from None
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from error
        found = [specs_of(decoded(data, where), where, self._options) for where, data in lists]
        return tuple(dict.fromkeys(spec for specs in found for spec in specs))

    def _read(self) -> list[tuple[str, bytes]]:
        """Names and contents. A folder's hidden files are being written, and it may hold logs, too."""
        if not self._path.is_dir():
            return [(self.name, read_ordinary(self._path, MOST_BYTES))]
        files = sorted(one for one in self._path.iterdir() if _is_list(one))
        if len(files) > MOST_FILES:
            raise OSError(f"the folder has more than {MOST_FILES:,} files")
        return [(f"{self.name}/{file.name}", read_ordinary(file, MOST_BYTES)) for file in files]

    def _unreadable(self, why: str) -> DiscoveryError:
        return DiscoveryError(
            f"the list cannot be read: {why}",
            where=self.name,
            fix="Write it, one endpoint a line; `funcdex serve` does with --endpoints-file.",
        )


def _is_list(path: Path) -> bool:
    return path.suffix in SUFFIXES and path.name[0] != "." and path.is_file()
