"""Which bytes may come next, as the matcher computed it."""

from __future__ import annotations

from functools import reduce
from string import ascii_letters, ascii_lowercase, digits

from funcdex.sim.tokens import END_OF_TEXT


def _bits(members: bytes) -> int:
    return reduce(lambda bits, byte: bits | 1 << byte, members, 0)


_LETTERS = _bits(ascii_lowercase.encode())
_SPACE = b" \t\r\n"
_WORDLIKE = ascii_letters.encode() + digits.encode()
_PRINTABLE = bytes(range(33, 127))
# After a `<` of plain text a few letters are refused, and the region is free none the less.
_FREE_FROM = 20


class Mask:
    """A set of bytes, and whether the text may end here."""

    __slots__ = ("_allowed",)

    def __init__(self, bitmask: bytes) -> None:
        self._allowed = int.from_bytes(bitmask, "little")

    def __contains__(self, byte: int) -> bool:
        return bool(self._allowed >> byte & 1)

    def among(self, candidates: bytes) -> bytes:
        """Those of the candidates that are allowed, in their order."""
        return bytes(byte for byte in candidates if self._allowed >> byte & 1)

    @property
    def may_end(self) -> bool:
        """Whether the text is complete as it stands."""
        return END_OF_TEXT in self

    @property
    def free(self) -> bool:
        """Whether words can be written here: nearly every letter is allowed."""
        return (self._allowed & _LETTERS).bit_count() >= _FREE_FROM

    def branches(self) -> bytes:
        """The bytes to choose from where the grammar branches: letters and digits before signs before
        white space, and whatever there is as the last resort."""
        for group in (_WORDLIKE, _PRINTABLE, _SPACE, bytes(range(256))):
            if found := self.among(group):
                return found
        return b""
