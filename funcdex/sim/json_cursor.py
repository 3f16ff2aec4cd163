"""Where in a JSON text the last byte stands: in which container, at a key or a value, inside a string.

Only ever a hint about what to write next. What is legal, the matcher decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Expects = Literal["key", "colon", "value", "scalar", "separator"]
_SPACE = b" \t\r\n"


@dataclass(slots=True)
class Container:
    """An object or array that is open. `want` is how many members it should get; `invented` tells that its
    keys are our own, because nothing prescribes any."""

    is_object: bool
    want: int
    invented: bool = False
    key: str = ""
    count: int = 0
    keys: set[str] = field(default_factory=set)


class JsonCursor:
    """Follows a JSON text byte by byte. Outside any JSON it waits for `{`, `[` or `"`."""

    def __init__(self, want: Callable[[bool, int], int]) -> None:
        """`want(is_object, depth)` says how many members a new container should get."""
        self.stack: list[Container] = []
        self.in_string = False
        self.expects: Expects = "value"
        self.string = bytearray()
        self._want = want
        self._escaped = False

    @property
    def active(self) -> bool:
        """Whether the last byte stands inside JSON."""
        return self.in_string or bool(self.stack)

    @property
    def at_key(self) -> bool:
        """Whether the string that is open, or comes next, is a key."""
        return self.expects == "key"

    @property
    def key(self) -> str:
        """The key whose value is being written; for an array's items, the key of the array."""
        return next((box.key for box in reversed(self.stack) if box.is_object), "")

    def feed(self, text: bytes) -> None:
        """Moves on over a run of bytes."""
        for byte in text:
            if self.in_string:
                self._in_string(byte)
            else:
                self._outside(byte)

    def _in_string(self, byte: int) -> None:
        if self._escaped:
            self._escaped = False
        elif byte == ord("\\"):
            self._escaped = True
        elif byte == ord('"'):
            self.in_string = False
            self._string_ended()
            return
        self.string.append(byte)

    def _string_ended(self) -> None:
        if self.at_key and self.stack:
            box = self.stack[-1]
            box.key = self.string.decode("utf-8", "replace")
            box.keys.add(box.key)
            self.expects = "colon"
        else:
            self._value_ended()

    def _outside(self, byte: int) -> None:
        match chr(byte):
            case '"':
                self.in_string, self.string = True, bytearray()
            case "{" | "[" as bracket:
                self._open(is_object=bracket == "{")
            case "}" | "]" | "," as mark if self.stack:
                self._separate(mark)
            case ":" if self.stack:
                self.expects = "value"
            case _ if self.stack and byte not in _SPACE:
                self.expects = "scalar"

    def _open(self, *, is_object: bool) -> None:
        self.stack.append(Container(is_object, self._want(is_object, len(self.stack))))
        self.expects = "key" if is_object else "value"

    def _separate(self, mark: str) -> None:
        if self.expects == "scalar":
            self._value_ended()
        if mark == ",":
            self.expects = "key" if self.stack[-1].is_object else "value"
        else:
            self.stack.pop()
            self._value_ended()

    def _value_ended(self) -> None:
        if self.stack:
            self.stack[-1].count += 1
        self.expects = "separator" if self.stack else "value"
