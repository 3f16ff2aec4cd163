"""Text from outside as a terminal may have it. Model names, URLs, reasons and answers of servers are data."""

from __future__ import annotations

import re

# Nothing is seen of them, and yet Python calls them printable: Unicode's Default_Ignorable_Code_Point
# beyond the categories Cf and Cn (joiners, fillers, variation selectors), and the empty braille cell.
_UNSEEN = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
)
_UNSEEN_ONE = re.compile(f"[{_UNSEEN}]")

# What a terminal may act on, or does not show, and JSON lets stand: DEL, C1 controls, separators, changes of
# writing direction, marks without width, tags. They only occur inside strings, so an escape means the same.
_ACTED_ON = re.compile(
    f"[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    f"\U000e0000-\U000e007f{_UNSEEN}]"
)


def printable(text: str) -> str:
    """The text with control characters and those that cannot be seen made visible, newlines and tabs kept."""
    if text.isprintable() and not _UNSEEN_ONE.search(text):
        return text
    return "".join(char if is_visible(char) or char in "\n\t" else _escaped(char) for char in text)


def is_visible(char: str) -> bool:
    """Whether a reader sees the character, the blank included."""
    return char.isprintable() and not _UNSEEN_ONE.match(char)


def one_line(text: str, most_chars: int | None = None) -> str:
    """`printable`, newlines and tabs as blanks, cut to `most_chars` with `...` where it is longer."""
    line = printable(" ".join(text.split()))
    return line if most_chars is None or len(line) <= most_chars else line[: most_chars - 3] + "..."


def printable_json(text: bytes) -> bytes:
    """JSON that means the same, with nothing in it that a terminal acts on or that cannot be seen."""
    return _ACTED_ON.sub(lambda found: _json_escaped(found[0]), text.decode()).encode()


def _json_escaped(char: str) -> str:
    """`\\u200b`, two of them beyond U+FFFF."""
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
