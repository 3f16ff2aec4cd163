"""Text from outside as a terminal may have it. Model names, URLs, reasons and answers of servers are data."""

from __future__ import annotations

import re

# What a terminal may act on and JSON lets stand: DEL, C1 controls, line and paragraph separators,
# changes of writing direction. They only occur inside strings, so an escape means the same.
_ACTED_ON = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text with control characters made visible, newlines and tabs kept."""
    return "".join(char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text)


def one_line(text: str, most_chars: int | None = None) -> str:
    """`printable`, newlines and tabs as blanks, cut to `most_chars` with `...` where it is longer."""
    line = printable(" ".join(text.split()))
    return line if most_chars is None or len(line) <= most_chars else line[: most_chars - 3] + "..."


def printable_json(text: bytes) -> bytes:
    """JSON that means the same, with nothing in it that a terminal acts on."""
    return _ACTED_ON.sub(lambda found: f"\\u{ord(found[0]):04x}", text.decode()).encode()
