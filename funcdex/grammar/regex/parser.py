"""Reads regular expressions as JSON Schema has them: ECMA-262 where it and Python's `re` agree, and no more.

What the two read differently, and what no finite automaton can do, raises UnknownRegex: backreferences,
possessive and atomic groups, `[]...]`, `{,3}`, flags other than `i` and `s`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from funcdex.grammar.regex import char_sets
from funcdex.grammar.regex.char_sets import CharSet
from funcdex.grammar.regex.tree import NOTHING, Edge, Look, One, Regex, one_of, then, times

MAX_CHARS = 4000
MAX_DEPTH = 60
MAX_COUNT = 10_000_000

_COUNTER = re.compile(r"\{(\d*)(,?)(\d*)\}")
_FLAGS = re.compile(r"\(\?([is]+)(:|\))")
_NAMED = re.compile(r"\(\?P?<[A-Za-z_]\w*>")
_CLASSES = {"d": char_sets.DIGIT, "w": char_sets.WORD, "s": char_sets.SPACE}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}
_LOOKS = {"(?=": (False, False), "(?!": (False, True), "(?<=": (True, False), "(?<!": (True, True)}


class UnknownRegex(Exception):
    """A regular expression that is broken or not one of ours; the message says why."""


@lru_cache(maxsize=2048)
def parse_regex(pattern: str) -> Regex:
    """The tree of a pattern. Raises UnknownRegex."""
    if len(pattern) > MAX_CHARS:
        raise UnknownRegex(f"it has more than {MAX_CHARS} characters")
    return _Parser(pattern).whole()


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._depth = 0
        self._flags: frozenset[str] = frozenset()

    def whole(self) -> Regex:
        """All of the pattern."""
        self._leading_flags()
        tree = self._choice()
        if self._at < len(self._text):
            raise UnknownRegex("it has a `)` too many")
        return tree

    def _leading_flags(self) -> None:
        found = _FLAGS.match(self._text)
        if found and found[2] == ")":
            self._flags, self._at = frozenset(found[1]), found.end()

    def _choice(self) -> Regex:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise UnknownRegex("it is nested too deep")
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        self._depth -= 1
        return one_of(*options)

    def _sequence(self) -> Regex:
        parts: list[Regex] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._repeated(self._atom()))
        return then(*parts)

    def _repeated(self, atom: Regex) -> Regex:
        counted = self._quantifier()
        if counted is None:
            return atom
        self._take("?")
        if self._peek() in ("*", "+") or (self._peek() == "{" and _COUNTER.match(self._text, self._at)):
            raise UnknownRegex("it repeats a repetition")
        return times(atom, *counted)

    def _quantifier(self) -> tuple[int, int | None] | None:
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        char = self._peek()
        if char in simple:
            self._at += 1
            return simple[char]
        found = _COUNTER.match(self._text, self._at) if char == "{" else None
        if found is None or not (found[1] or found[3]):
            return None
        if not found[1]:
            raise UnknownRegex("it has a counter without a lower bound")
        self._at = found.end()
        least = int(found[1])
        most = least if not found[2] else int(found[3]) if found[3] else None
        if max(least, most or 0) > MAX_COUNT or (most is not None and most < least):
            raise UnknownRegex("it has a counter out of bounds")
        return least, most

    def _atom(self) -> Regex:
        char = self._next()
        if char == "(":
            return self._group()
        if char == "[":
            return One(self._cased(self._class()))
        if char == "\\":
            return self._escape()
        if char == ".":
            return One(char_sets.ANYTHING if "s" in self._flags else char_sets.DOT)
        if char in "^$":
            return Edge("begin" if char == "^" else "end")
        if char in "*+?":
            raise UnknownRegex(f"it repeats nothing at {self._at - 1}")
        return One(self._cased(char_sets.of(char)))

    def _group(self) -> Regex:
        self._at -= 1
        outer = self._flags
        look = next((begin for begin in _LOOKS if self._text.startswith(begin, self._at)), None)
        if look:
            self._at += len(look)
            behind, negative = _LOOKS[look]
            return Look(self._closed(), behind, negative)
        if self._text.startswith("(?#", self._at):
            self._at = self._text.find(")", self._at) + 1 or len(self._text)
            return NOTHING
        self._open_group()
        body = self._closed()
        self._flags = outer
        return body

    def _open_group(self) -> None:
        flagged, named = (form.match(self._text, self._at) for form in (_FLAGS, _NAMED))
        if flagged and flagged[2] == ":":
            self._flags, self._at = self._flags | frozenset(flagged[1]), flagged.end()
        elif named:
            self._at = named.end()
        elif self._text.startswith("(?:", self._at):
            self._at += 3
        elif self._text.startswith("(?", self._at):
            raise UnknownRegex(f"it has a group of a kind unknown here at {self._at}")
        else:
            self._at += 1

    def _closed(self) -> Regex:
        body = self._choice()
        if not self._take(")"):
            raise UnknownRegex("it has a `(` too many")
        return body

    def _escape(self) -> Regex:
        char = self._peek()
        edges: dict[str, Edge] = {
            "b": Edge("word"),
            "B": Edge("no word"),
            "A": Edge("begin"),
            "Z": Edge("end"),
        }
        if char in edges:
            self._at += 1
            return edges[char]
        if char and char in "123456789k":
            raise UnknownRegex("it refers back to a group")
        return One(self._cased(self._escaped_set()))

    def _escaped_set(self) -> CharSet:
        """The characters that stand behind a backslash, in a class or out of it."""
        char = self._next()
        if char.lower() in _CLASSES:
            chosen = _CLASSES[char.lower()]
            return chosen if char.islower() else ~chosen
        if char in "pP":
            return self._property(negated=char == "P")
        if char in _CONTROLS:
            if char == "0" and self._peek().isdigit():
                raise UnknownRegex("it has an octal escape")
            return char_sets.of(_CONTROLS[char])
        if char in "xu":
            return self._coded(char)
        if char == "c" and self._peek().isalpha() and self._peek().isascii():
            return char_sets.of(chr(ord(self._next()) % 32))
        if char.isalnum():
            raise UnknownRegex(f"it has the escape \\{char}, which has no meaning")
        return char_sets.of(char)

    def _coded(self, kind: str) -> CharSet:
        forms = {"x": r"([0-9a-fA-F]{2})", "u": r"([0-9a-fA-F]{4})|\{([0-9a-fA-F]{1,6})\}"}
        found = re.compile(forms[kind]).match(self._text, self._at)
        if found is None:
            raise UnknownRegex(f"its escape at {self._at - 2} lacks digits")
        self._at = found.end()
        point = int(found[found.lastindex or 1], 16)
        if point > char_sets.LAST:
            raise UnknownRegex("it names a character beyond Unicode")
        return char_sets.plain([(point, point)])

    def _property(self, *, negated: bool) -> CharSet:
        found = re.compile(r"\{(?:gc=|General_Category=|Is)?(\w+)\}|(\w)").match(self._text, self._at)
        chosen = char_sets.category(found[1] or found[2]) if found else None
        if found is None or chosen is None:
            raise UnknownRegex("it names a property of characters that is unknown here")
        self._at = found.end()
        return ~chosen if negated else chosen

    def _class(self) -> CharSet:
        negated = self._take("^")
        if self._peek() == "]":
            raise UnknownRegex("it has a class that begins with `]`")
        chosen = char_sets.plain([])
        while not self._take("]"):
            chosen |= self._member()
        chosen = self._cased(chosen)
        return ~chosen if negated else chosen

    def _member(self) -> CharSet:
        first = self._class_atom()
        # `-` is plain at either end and beside a class such as \w.
        low = _single(first)
        if self._peek() != "-" or self._peek(1) in ("]", "") or low is None:
            return first
        self._at += 1
        second = self._class_atom()
        high = _single(second)
        if high is None:
            return first | char_sets.of("-") | second
        if high < low:
            raise UnknownRegex("it has a range that runs backwards")
        return char_sets.plain([(low, high)])

    def _class_atom(self) -> CharSet:
        char = self._next()
        if char != "\\":
            return char_sets.of(char)
        if self._take("b"):
            return char_sets.of("\b")
        return self._escaped_set()

    def _cased(self, chars: CharSet) -> CharSet:
        return char_sets.both_cases(chars) if "i" in self._flags else chars

    def _peek(self, ahead: int = 0) -> str:
        return self._text[self._at + ahead : self._at + ahead + 1]

    def _next(self) -> str:
        char = self._peek()
        if not char:
            raise UnknownRegex("it ends in the middle")
        self._at += 1
        return char

    def _take(self, char: str) -> bool:
        taken = self._peek() == char
        self._at += taken
        return taken


def _single(chars: CharSet) -> int | None:
    """The code point of a set of one; None for a class such as `\\d`."""
    if len(chars.ecma) == 1 and chars.ecma[0][0] == chars.ecma[0][1]:
        return chars.ecma[0][0]
    return None
