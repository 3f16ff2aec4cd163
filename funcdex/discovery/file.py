"""Endpoints listed in a file that is read again and again.

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


class FileSource:
    """`options` are for all endpoints of the file."""

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
                data = await anyio.to_thread.run_sync(
                    read_ordinary, self._path, MOST_BYTES, abandon_on_cancel=True
                )
        except TimeoutError:
            raise self._unreadable(f"no answer within {self._timeout_s:g} s") from None
        except OSError as error:
            raise self._unreadable(str(error.strerror or error)) from error
        return specs_of(decoded(data, self.name), self.name, self._options)

    def _unreadable(self, why: str) -> DiscoveryError:
        return DiscoveryError(
            f"the list cannot be read: {why}",
            where=self.name,
            fix="Write it, one endpoint a line; `funcdex serve` does with --endpoints-file.",
        )
