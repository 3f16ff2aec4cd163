"""Contents of files in arguments: real ones, and of the size that is told (`file_fields.py` tells where)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator

from funcdex.types.fault import Fault
from funcdex.verify.file_fields import is_base64_field, is_file_key, told_sizes
from funcdex.verify.leaves import Leaf

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
_FAKE = re.compile(
    r"placeholder|base64|content[ _-]?here|encoded|dummy|sample data|^\W*\.\.\.|\.\.\.\W*$|"
    r"^\s*<[^<>]*>\s*$|^\s*\[[^\[\]{}]*\]\s*$",
    re.IGNORECASE,
)
_FEWEST_KINDS = 3
_LONGEST_FAKE = 120
"""Characters from which a text says more than that a file should stand there."""


def file_contents(turn: int, call: str, arguments: Iterable[Leaf]) -> Iterator[Fault]:
    """Reasons: fake_file_content, wrong_file_size. `call` is how the call is named."""
    for leaf in arguments:
        if isinstance(leaf.value, str):
            for reason, what in _faults_of(leaf, leaf.value):
                yield Fault(reason, f"arguments of {call}: {leaf.path}: {what}", turn)


def _faults_of(leaf: Leaf, value: str) -> Iterator[tuple[str, str]]:
    if is_base64_field(leaf.key, leaf.schema):
        content = decoded(value)
        if content is None or is_fake(value, content):
            yield "fake_file_content", f"{value[:60]!r} is not the content of a file in base64"
            return
    elif is_file_key(leaf.key):
        if stands_for_content(value):
            yield "fake_file_content", f"{value[:60]!r} stands for the content of a file"
            return
        content = value.encode("utf-8", "replace")
    else:
        return
    told = next(iter(told_sizes(leaf.owner or {}).values()), None)
    if told is not None and told not in (len(content), len(value)):
        yield "wrong_file_size", f"the content has {len(content)} bytes, and {told} are told"


def stands_for_content(text: str) -> bool:
    """Whether a text says that a file's content should stand there: `<pdf content>`, `[base64 data]`."""
    return len(text) < _LONGEST_FAKE and _FAKE.search(text) is not None


def decoded(text: str) -> bytes | None:
    """The bytes of base64, in the alphabet for URLs too, with or without `=`; None if it is none, or
    nothing."""
    bare = "".join(text.split())
    if not bare or not _BASE64.fullmatch(bare) or len(bare.rstrip("=")) % 4 == 1:
        return None
    padded = bare.rstrip("=") + "=" * (-len(bare.rstrip("=")) % 4)
    try:
        return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return None


def readable(text: str) -> str | None:
    """The text that stands in base64; None if it is no base64, or not of something that can be read."""
    content = decoded(text)
    try:
        made = None if content is None else content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return made if made and all(char.isprintable() or char.isspace() for char in made) else None


def is_fake(text: str, content: bytes) -> bool:
    """Whether base64 by its form is a word, a blank or one sign again and again."""
    if len(content) < 3:
        return True
    as_text = content[:200].decode("utf-8", "replace")
    if len(as_text) < 100 and _FAKE.search(as_text):
        return True
    if len(content) >= 8 and len(set(content)) < _FEWEST_KINDS:
        return True
    # `base64content`, `FileContentHere`: words that happen to have the form, and decode to no text.
    bare = text.rstrip("=")
    return (
        bare.replace("-", "").replace("_", "").isalpha()
        and _reads_as_words(bare)
        and not as_text.isprintable()
    )


def _reads_as_words(text: str) -> bool:
    parts = re.findall(r"[A-Z]?[a-z]{3,}", text)
    return sum(map(len, parts)) >= 0.85 * len(text)
