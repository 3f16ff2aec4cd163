"""Chooses what to write next inside JSON: short values that fit their keys, few members, no white space
but the one after `,` and `:`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from random import Random
from string import digits
from typing import Any

from funcdex.sim import lexicon
from funcdex.sim.json_cursor import JsonCursor
from funcdex.sim.mask import Mask
from funcdex.sim.prose import Author
from funcdex.sim.script import FRESH, OWN
from funcdex.sim.values import Facts, fresh_strings, is_count, kind_of, numbers, strings

_QUOTE = ord('"')
_LONGEST_WALK = 16
_SURELY = 100.0
# Legal only where any key is: then all that is prescribed has been written.
_UNHEARD_OF_KEY = b', "unheard of"'
_UNHEARD_OF_OBJECT = b'{"unheard of"'
_DIGITS = digits.encode()
_NOTHING = object()
_FRESH_NUMBERS = (100_000, 9_999, 999, 99)
_ERROR = b"error"


class JsonWriter:
    """Writes one text's JSON. `fits(piece)` asks the matcher whether a piece could come next as a whole.

    `example` is what the value should be like, where the grammar allows: the members that it has, and its
    values where they are not OWN. `more_than_example`: other members may stand beside them. `finds_nothing`:
    lists stay empty.
    """

    def __init__(self, author: Author, facts: Facts, rng: Random, *, fits: Callable[[bytes], bool]) -> None:
        self.cursor = JsonCursor(self._members_wanted)
        self.answering = False
        self.hurried = False
        self.example: Any = None
        self.more_than_example = False
        self.finds_nothing = False
        self._kept: dict[str, str] = {}
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
            case "value" if last == ord("[") and self._stays_empty() and ord("]") in mask:
                return b"]"
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
        if piece := self._like_example(mask):
            return piece
        depth = len(self.cursor.stack)
        if (
            self.answering
            and not depth
            and len(mask.among(b"[{")) == 2
            and not self._fits(_UNHEARD_OF_OBJECT)
        ):
            return b"["  # The object would be an error that nobody has planned.
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
        return self._whole_number(values) or self._branch(mask)

    def _whole_number(self, candidates: Iterable[str]) -> bytes:
        """The first that may end there: `12` fits where nine digits are wanted, as their beginning."""
        pieces = tuple(candidate.encode() for candidate in candidates)
        ends = [b"}" if box.is_object else b"]" for box in self.cursor.stack[-1:]] + [b","]
        whole = (piece for piece in pieces if any(self._fits(piece + end) for end in ends))
        return next(whole, b"") or next(filter(self._fits, pieces), b"")

    def _or_close(self, mask: Mask, more: bytes) -> bytes:
        """One more member, or the bracket that closes the container."""
        close = mask.among(b"]}")
        more = mask.among(more)
        if more and close:
            return more if self._wants_more() else close
        return more or close or self._branch(mask)

    def _wants_more(self) -> bool:
        if (wanted := self._wanted()) is not None:
            if wanted or not self.more_than_example or self._could_only_fail():
                return wanted
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
        if key := self._first_that_fits(f"{json.dumps(key)[1:]}" for key in self._keys_to_come()):
            return key
        if not mask.free or not self.cursor.stack:
            return b""
        box = self.cursor.stack[-1]
        box.invented = box.invented or not box.count
        return self._first_that_fits(f'{key}"' for key in lexicon.KEYS if key not in box.keys)

    def _value_string(self) -> bytes:
        key = self.cursor.key
        here = self._example_here()
        if here is FRESH and (fresh := self._first_that_fits(f'{one}"' for one in self._fresh())):
            return fresh
        if isinstance(here, str) and here.startswith(OWN):
            here = self._kept.get(here)
        if isinstance(here, str) and self._fits(piece := _dumped(here)[1:]):
            return piece
        values = strings(key, self._facts, self._author, self._rng, answering=self.answering)
        own = self._example_here()
        labelled = isinstance(own, str) and len(own) > len(OWN)
        # Labels tell things apart, so their values differ.
        taken = set(self._kept.values()) if labelled else ()
        piece = self._first_that_fits(f'{value}"' for value in values if value not in taken)
        if isinstance(own, str) and labelled:
            self._kept[own] = piece[:-1].decode()
        known = {"id": self._facts.ids, "url": self._facts.urls}.get(kind_of(key))
        if piece and self.answering and known is not None:
            known.append(piece[:-1].decode())
        return piece

    def _first_that_fits(self, candidates: Iterable[str]) -> bytes:
        pieces = (candidate.encode() for candidate in candidates)
        return next(filter(self._fits, pieces), b"")

    def _branch(self, mask: Mask) -> bytes:
        choices = mask.branches()
        if self.answering and self.cursor.at_key and len(self.cursor.stack) == 1:
            choices = self._without_error(choices)
        if (named := self._next_of_example()) is not None and named in mask:
            return bytes([named])
        return bytes([self._rng.choice(choices)]) if choices else b""

    def _next_of_example(self) -> int | None:
        """The byte behind what is written of a string, where the example goes on from there: what all that
        may stand here begin with is written before anybody chooses."""
        here = self._example_here() if self.cursor.in_string and not self.cursor.at_key else None
        if not isinstance(here, str) or here.startswith(OWN):
            return None
        written, whole = bytes(self.cursor.string), here.encode() + b'"'
        return whole[len(written)] if whole.startswith(written) and len(whole) > len(written) else None

    def _without_error(self, choices: bytes) -> bytes:
        """The ways to go on that do not lead to an error that nobody has planned."""
        written = bytes(self.cursor.string) if self.cursor.in_string else b""
        if not _ERROR.startswith(written) or len(written) == len(_ERROR):
            return choices
        return bytes(one for one in choices if one != _ERROR[len(written)]) or choices

    def _path(self, depth: int) -> Iterator[str | int]:
        """The keys and indices of the value that is written, or of the container at this depth."""
        for box in self.cursor.stack[:depth]:
            yield box.key if box.is_object else box.count

    def _example_at(self, path: Iterable[str | int]) -> Any:
        node = self.example
        for step in path:
            if isinstance(step, int) and isinstance(node, list) and step < len(node):
                node = node[step]
            elif isinstance(step, str) and isinstance(node, dict) and step in node:
                node = node[step]
            else:
                return _NOTHING
        return _NOTHING if node is None and self.example is None else node

    def _example_here(self) -> Any:
        return self._example_at(self._path(len(self.cursor.stack)))

    def _container(self) -> Any:
        """The example of the container that is open."""
        return self._example_at(self._path(len(self.cursor.stack) - 1))

    def _could_only_fail(self) -> bool:
        """Whether a response that says nothing would become an error by saying something."""
        at_start = len(self.cursor.stack) == 1 and not self.cursor.stack[0].count
        return self.answering and at_start and self._container() == {} and self._fits(b'"error"')

    def _wanted(self) -> bool | None:
        """Whether the example has more members than were written; None if it says nothing of them."""
        example, box = self._container(), self.cursor.stack[-1]
        if box.is_object and isinstance(example, dict):
            return any(key not in box.keys for key in example)
        if not box.is_object and isinstance(example, list):
            return box.count + (self.cursor.expects in ("scalar", "value")) < len(example)
        return None

    def _stays_empty(self) -> bool:
        if self.finds_nothing and len(self.cursor.stack) <= 2:
            return True
        return self._container() == [] and not self.more_than_example

    def _keys_to_come(self) -> Iterator[str]:
        if self.cursor.stack and isinstance(example := self._container(), dict):
            yield from (key for key in example if key not in self.cursor.stack[-1].keys)

    def _like_example(self, mask: Mask) -> bytes:
        here = self._example_here()
        if here is _NOTHING:
            return b""
        if isinstance(here, str) and here.startswith(OWN):
            return mask.among(b'"')
        if here is FRESH:
            return self._fresh_value(mask)
        if isinstance(here, dict | list):
            return mask.among(b"{" if isinstance(here, dict) else b"[")
        for piece in (_dumped(here), b"[" + _dumped(here)):
            if self._fits(piece):
                return piece
        return b""

    def _fresh_value(self, mask: Mask) -> bytes:
        if mask.among(b'"'):
            return self._first_that_fits(f'"{one}"' for one in self._fresh())
        new = (str(self._rng.randrange(most // 10, most)) for most in _FRESH_NUMBERS)
        said = () if self.answering else (str(self._facts.other_number),)
        return self._whole_number((*said, *new)) if mask.among(_DIGITS) else b""

    def _fresh(self) -> Iterator[str]:
        return fresh_strings(self.cursor.key, self._facts, self._author, self._rng, answering=self.answering)


def _dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
