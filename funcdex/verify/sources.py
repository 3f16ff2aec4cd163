"""What has been said before a place in a conversation, source by source, and where in it something stands."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from funcdex.types.conversation import JsonValue
from funcdex.types.tools import JsonSchema
from funcdex.verify.file_content import readable
from funcdex.verify.fold import find_whole, fold
from funcdex.verify.leaves import Leaf, leaves
from funcdex.verify.quantities import canonical

SourceKind = Literal["system", "user", "response", "assistant", "call", "schema", "calendar"]
MAX_SOURCE_CHARS = 200_000
SHORTEST_FILE = 12
"""Characters of base64 from which a value may be the content of a file."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said. `turn` is from 0 (None: before the first), `number` that of the call whose
    response or arguments are meant, from 1, and `path` the value in them. `start` and `end` count characters
    of the text, or of that value's text, where what can be read in a file stands behind its base64; both
    are 0 where it stands as a whole or follows from more than one place."""

    kind: SourceKind
    turn: int | None = None
    number: int = 0
    path: str = ""
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Source:
    """One text, or the values of one response or call, a line each."""

    kind: SourceKind
    turn: int | None
    text: str
    number: int = 0
    values: tuple[Leaf, ...] = ()
    _folded: str | None = None
    _starts: list[int] = field(default_factory=list)

    @property
    def folded(self) -> str:
        """As it is compared (`fold.py`)."""
        if self._folded is None:
            self._folded = fold(self.text)
        return self._folded

    def place(self, start: int = 0, end: int = 0) -> Place:
        """Of characters of the folded text."""
        if len(self.folded) != len(self.text):
            # Folding moved them: the lines are the same.
            line = self.folded.count("\n", 0, start)
            starts = self._line_starts()
            start = end = starts[line] if line < len(starts) else 0
        if not self.values or start == end == 0:
            return Place(self.kind, self.turn, self.number, "", start, end)
        starts = self._line_starts()
        index = bisect_right(starts, start) - 1
        begin = starts[index]
        path = self.values[index].path if index < len(self.values) else ""
        return Place(self.kind, self.turn, self.number, path, start - begin, max(0, end - begin))

    def find(self, needle: str) -> Place | None:
        """Where a folded text stands as a whole word or more."""
        start = find_whole(needle, self.folded)
        return None if start < 0 else self.place(start, start + len(needle))

    def numbers_by_key(self) -> Iterator[tuple[str, float]]:
        """The numbers among the values, with their keys."""
        for leaf in self.values:
            value = leaf.value
            if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15:
                yield leaf.key, canonical(value)

    def _line_starts(self) -> list[int]:
        if not self._starts:
            at = 0
            for line in self.text.split("\n"):
                self._starts.append(at)
                at += len(line) + 1
        return self._starts


def source_of_text(kind: SourceKind, turn: int | None, text: str) -> Source:
    """A message or a prompt."""
    return Source(kind, turn, text[:MAX_SOURCE_CHARS])


def source_of_json(
    kind: SourceKind, turn: int, number: int, value: JsonValue, schema: JsonSchema | None = None
) -> Source:
    """A response, or the arguments of a call."""
    found = tuple(leaves(value, schema))
    lines = [_line(leaf) for leaf in found]
    return Source(kind, turn, "\n".join(lines)[:MAX_SOURCE_CHARS], number, found)


def _line(leaf: Leaf) -> str:
    """A value on one line, so that lines and values have the same numbers. A key that is data stands with
    it."""
    value = leaf.value
    if isinstance(value, str):
        text = _with_content(value).replace("\n", " ").replace("\r", " ")
    elif isinstance(value, bool) or value is None:
        text = ""
    elif isinstance(value, int):
        text = str(value) if abs(value) < 10**30 else ""
    else:
        text = f"{value:f}".rstrip("0").rstrip(".") if isinstance(value, float) else ""
    return (
        text
        if leaf.key.replace("_", "").isalpha() or not leaf.key
        else f"{text} {leaf.key}".replace("\n", " ")
    )


def _with_content(text: str) -> str:
    """A text, and what can be read in it if it is the content of a file in base64."""
    if len(text) < SHORTEST_FILE or len(text) % 4 or " " in text:
        return text
    content = readable(text)
    return text if content is None else f"{text} {content}"
