"""Chooses what to write next inside JSON: short values that fit their keys, few members, no white space
but the one after `,` and `:`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from string import digits

from funcdex.sim import lexicon
from funcdex.sim.json_cursor import JsonCursor
from funcdex.sim.mask import Mask
from funcdex.sim.prose import Author
from funcdex.sim.values import Facts, is_count, kind_of, numbers, strings

_QUOTE = ord('"')
_LONGEST_WALK = 16
_SURELY = 100.0
# Legal only where any key is: then all that is prescribed has been written.
_UNHEARD_OF_KEY = b', "unheard of"'
_DIGITS = digits.encode()


class JsonWriter:
    """Writes one text's JSON. `fits(piece)` asks the matcher whether a piece could come next as a whole."""

    def __init__(self, author: Author, facts: Facts, rng: Random, *, fits: Callable[[bytes], bool]) -> None:
        self.cursor = JsonCursor(self._members_wanted)
        self.answering = False
        self.hurried = False
        self._author = author
        self._facts = facts
        self._rng = rng
        self._fits = fits

    def _members_wanted(self, is_object: bool, depth: int) -> int:
        if self.hurried or depth > 3:
            return 1
        return self._rng.randint(1, 4) if is_object else self._rng.choice((1, 1, 1, 2, 2, 3))

    def wrote(self, piece: bytes) -> None:
        """Takes note of a piece that was written, by whomever."""
        self.cursor.feed(piece)

    def next_piece(self, mask: Mask, last: int) -> bytes:
        """What to write after the byte `last`."""
        if self.cursor.in_string:
            return self._string(mask)
        if last in b",:" and ord(" ") in mask:
            return b" "
        match self.cursor.expects:
            case "value":
                return self.value(mask)
            case "key" | "separator":
                return self._or_close(mask, b'"' if self.cursor.at_key else b",")
            case "scalar" if mask.among(b",]}"):
                return self._or_close(mask, b",")
            case _:
                return self._branch(mask)

    def value(self, mask: Mask) -> bytes:
        """The beginning of a value; a number in full."""
        depth = len(self.cursor.stack)
        # What a schema prescribes leaves one or two kinds; the weights matter where it leaves all.
        weights = {b'"': 6.0, b"{": 20.0 if not depth else 0.8 / depth, b"[": 0.6 / depth if depth else 0.6}
        weights |= {b"t": 0.8, b"f": 0.8, b"n": 0.02, b"0": 2.0}
        if is_count(self.cursor.key):
            weights[b"0"] = _SURELY
        elif kind_of(self.cursor.key) != "phrase":
            weights[b'"'] = _SURELY
        options = [kind for kind in weights if mask.among(_DIGITS if kind == b"0" else kind)]
        if not options:
            return self._branch(mask)
        chosen = self._rng.choices(options, [weights[kind] for kind in options])[0]
        return self._number(mask) if chosen == b"0" else chosen

    def _number(self, mask: Mask) -> bytes:
        first_digits = mask.among(_DIGITS).decode()
        values = numbers(self.cursor.key, first_digits, self._facts, self._rng, answering=self.answering)
        return self._first_that_fits(values) or self._branch(mask)

    def _or_close(self, mask: Mask, more: bytes) -> bytes:
        """One more member, or the bracket that closes the container."""
        close = mask.among(b"]}")
        more = mask.among(more)
        if more and close:
            return more if self._wants_more() else close
        return more or close or self._branch(mask)

    def _wants_more(self) -> bool:
        box = self.cursor.stack[-1]
        # The member before a comma is counted when the comma comes.
        written = box.count + (self.cursor.expects == "scalar")
        if written >= box.want or (self.hurried and written):
            return False
        prescribed = box.is_object and written and not box.invented
        return not (prescribed and self._fits(_UNHEARD_OF_KEY))

    def _string(self, mask: Mask) -> bytes:
        """The whole of a string with its closing quote if one of our values is legal, else one byte of it."""
        written = len(self.cursor.string)
        if not written and (whole := self._whole_string(mask)):
            return whole
        if written >= _LONGEST_WALK and _QUOTE in mask:
            return b'"'
        return self._branch(mask)

    def _whole_string(self, mask: Mask) -> bytes:
        if not self.cursor.at_key:
            return self._value_string()
        if not mask.free or not self.cursor.stack:
            return b""
        box = self.cursor.stack[-1]
        box.invented = box.invented or not box.count
        return self._first_that_fits(f'{key}"' for key in lexicon.KEYS if key not in box.keys)

    def _value_string(self) -> bytes:
        key = self.cursor.key
        values = strings(key, self._facts, self._author, self._rng, answering=self.answering)
        piece = self._first_that_fits(f'{value}"' for value in values)
        known = {"id": self._facts.ids, "url": self._facts.urls}.get(kind_of(key))
        if piece and self.answering and known is not None:
            known.append(piece[:-1].decode())
        return piece

    def _first_that_fits(self, candidates: Iterable[str]) -> bytes:
        pieces = (candidate.encode() for candidate in candidates)
        return next(filter(self._fits, pieces), b"")

    def _branch(self, mask: Mask) -> bytes:
        choices = mask.branches()
        return bytes([self._rng.choice(choices)]) if choices else b""
