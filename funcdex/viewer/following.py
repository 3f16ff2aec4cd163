"""Follows the files while they are looked at, in a thread of its own."""

from __future__ import annotations

import threading

from funcdex.errors import FuncdexError
from funcdex.viewer.index import Index

LOOK_AGAIN_S = 0.5
TRY_AGAIN_S = 5.0


class Follower:
    """Reads what has come, waits a little, and again."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._stopped = threading.Event()
        self.fault: FuncdexError | None = None

    def run(self) -> None:
        """Until `stop`. A fault is kept, and the files are tried again after a while."""
        while not self._stopped.is_set():
            try:
                more = self._index.grow()
                self.fault = None
            except FuncdexError as fault:
                self.fault, more = fault, False
            # Even with more to read, others get their turn at the interpreter and at the index.
            self._stopped.wait(0.005 if more else TRY_AGAIN_S if self.fault else LOOK_AGAIN_S)

    def stop(self) -> None:
        """Asks it to end."""
        self._stopped.set()
