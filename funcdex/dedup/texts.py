"""Many texts that are seldom read: packed, so that they take a fraction of the memory of their vectors."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import orjson

BLOCK = 256
"""Texts packed together: reading one of them takes a millisecond."""
_LEVEL = 6


class PackedTexts:
    """A list that only grows, read by row."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._last: list[str] = []

    def extend(self, texts: Iterable[str]) -> None:
        """Adds texts at the end."""
        self._last.extend(texts)
        while len(self._last) >= BLOCK:
            self._packed.append(zlib.compress(_joined(self._last[:BLOCK]), _LEVEL))
            del self._last[:BLOCK]

    def __getitem__(self, row: int) -> str:
        block, place = divmod(row, BLOCK)
        if block < len(self._packed):
            text: str = orjson.loads(zlib.decompress(self._packed[block]))[place]
            return text
        return self._last[place]

    def __len__(self) -> int:
        return len(self._packed) * BLOCK + len(self._last)


def _joined(texts: list[str]) -> bytes:
    # Half a character outside the BMP, which a model may write, is no UTF-8.
    return orjson.dumps([text.encode("utf-8", "replace").decode() for text in texts])
