"""Contents of files in arguments: real ones, and of the size that is told. Also: encoding what was written plain.

A string is the content of a file in base64 where its schema says so (`contentEncoding: base64`, format `byte`
or `binary`), or where its key or description does (`content_base64`, "base64 encoded"). Under a key such as
`file_content` it may be plain text, but no placeholder.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from funcdex.types.conversation import Conversation, JsonValue, Step, ToolCall
from funcdex.types.fault import Fault
from funcdex.types.tools import JsonSchema, Tool
from funcdex.verify.exchanges import exchanges
from funcdex.verify.leaves import Leaf, leaves, member_schema
from funcdex.verify.needs import snake

_BASE64_KEY = re.compile(r"base_?64|(^|_)b64($|_)")
_FILE_KEY = re.compile(
    r"(file|attachment|document|image|media|binary|raw)_?(content|contents|data|bytes)$|^content_bytes$"
)
_SIZE_KEY = re.compile(
    r"^(file_|content_|attachment_)?(size|size_(in_)?bytes|length|byte_(count|size)|bytes|content_length)$"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
_FAKE = re.compile(
    r"placeholder|base64|content[ _-]?here|encoded|dummy|sample data|\.\.\.|<[^>]*>|\[[^\]]*\]", re.IGNORECASE
)
_FEWEST_KINDS = 3
MOST_BYTES = 1_000_000


def is_base64_field(key: str, schema: Mapping[str, Any]) -> bool:
    """Whether a string under this key is to be the content of a file in base64."""
    if schema.get("contentEncoding") in ("base64", "base64url") or schema.get("format") in ("byte", "binary"):
        return True
    if _BASE64_KEY.search(snake(key)):
        return True
    description = schema.get("description")
    told = isinstance(description, str) and re.search(r"base-?64", description, re.IGNORECASE)
    return bool(told) and schema.get("type", "string") == "string"


def file_contents(conversation: Conversation, tools: Mapping[str, Tool]) -> Iterator[Fault]:
    """Reasons: fake_file_content, wrong_file_size."""
    for exchange in exchanges(conversation):
        tool = tools.get(exchange.call.name)
        subject = f"arguments of call {exchange.number} ({exchange.call.name[:64]})"
        for leaf in leaves(dict(exchange.call.arguments), tool.parameters if tool else None):
            if isinstance(leaf.value, str):
                yield from (
                    Fault(reason, f"{subject}: {leaf.path}: {what}", exchange.turn)
                    for reason, what in _faults_of(leaf, leaf.value)
                )


def _faults_of(leaf: Leaf, value: str) -> Iterator[tuple[str, str]]:
    if is_base64_field(leaf.key, leaf.schema):
        content = decoded(value)
        if content is None or is_fake(value, content):
            yield "fake_file_content", f"{value[:60]!r} is not the content of a file in base64"
            return
    elif _FILE_KEY.search(snake(leaf.key)):
        if _FAKE.search(value) and len(value) < 120:
            yield "fake_file_content", f"{value[:60]!r} stands for the content of a file"
            return
        content = value.encode("utf-8", "replace")
    else:
        return
    told = _told_size(leaf.owner or {})
    if told is not None and told not in (len(content), len(value)):
        yield "wrong_file_size", f"the content has {len(content)} bytes, and {told} are told"


def decoded(text: str) -> bytes | None:
    """The bytes of base64, in the alphabet for URLs too, with or without `=`; None if it is none, or nothing."""
    bare = "".join(text.split())
    if not bare or not _BASE64.fullmatch(bare) or len(bare.rstrip("=")) % 4 == 1:
        return None
    padded = bare.rstrip("=") + "=" * (-len(bare.rstrip("=")) % 4)
    try:
        return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return None


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


def _told_size(owner: Mapping[str, JsonValue]) -> int | None:
    for key, value in owner.items():
        if _SIZE_KEY.search(snake(key)) and not isinstance(value, bool):
            if isinstance(value, int):
                return value
            if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 15:
                return int(value)
    return None


def wants_file_content(tool: Tool) -> bool:
    """Whether a call of this tool may carry a file in base64."""
    return any(is_base64_field(key, schema) for key, schema in _fields(tool.parameters))


def with_encoded_files(conversation: Conversation, tools: Mapping[str, Tool]) -> Conversation:
    """The same with file contents that were written as plain text encoded, and the sizes beside them set.
    The very same object where there is nothing to encode."""
    if not any(
        name in tools and wants_file_content(tools[name]) for name in {c.name for c in conversation.calls}
    ):
        return conversation
    turns = tuple(
        replace(turn, messages=tuple(
            replace(message, steps=tuple(_encoded_step(step, tools) for step in message.steps))
            for message in turn.messages
        ))
        for turn in conversation.turns
    )  # fmt: skip
    made = Conversation(turns)
    return conversation if made == conversation else made


def _encoded_step(step: Step, tools: Mapping[str, Tool]) -> Step:
    return replace(step, calls=tuple(_encoded_call(call, tools.get(call.name)) for call in step.calls))


def _encoded_call(call: ToolCall, tool: Tool | None) -> ToolCall:
    if tool is None:
        return call
    return ToolCall(call.name, encode_files(dict(call.arguments), tool.parameters))


def encode_files(
    value: JsonValue, schema: JsonSchema, root: JsonSchema | None = None, depth: int = 0
) -> JsonValue:
    """The value with each file's content in base64: what is already is left. Beside it, a size is set to the
    number of bytes; one that is not there is not added. Placeholders stay, so that verification finds them."""
    root = root if root is not None else schema
    if depth > 40:
        return value
    if isinstance(value, list):
        items = schema.get("items")
        return [
            encode_files(item, items if isinstance(items, Mapping) else {}, root, depth + 1) for item in value
        ]
    if not isinstance(value, dict):
        return value
    made = dict(value)
    for key, item in value.items():
        known = member_schema(schema, key, root)
        if isinstance(item, str) and is_base64_field(key, known) and _is_plain(item):
            content = item.encode("utf-8", "replace")
            made[key] = base64.b64encode(content).decode("ascii")
            _set_size(made, len(content))
        elif isinstance(item, dict | list):
            made[key] = encode_files(item, known, root, depth + 1)
    return made


def _is_plain(text: str) -> bool:
    if not text or len(text) > MOST_BYTES or (_FAKE.search(text) and len(text) < 120):
        return False
    content = decoded(text)
    # `Agenda` has the form of base64: words of a language have blanks, or decode to nothing that can be read.
    return content is None or (" " in text.strip() and not _is_readable(content))


def _is_readable(content: bytes) -> bool:
    try:
        return content.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return False


def _set_size(owner: dict[str, JsonValue], size: int) -> None:
    for key, value in owner.items():
        if _SIZE_KEY.search(snake(key)) and not isinstance(value, bool) and isinstance(value, int | str):
            owner[key] = size if isinstance(value, int) else str(size)


def _fields(schema: Any, depth: int = 0) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if depth > 12 or not isinstance(schema, Mapping):
        return
    properties = schema.get("properties")
    for key, known in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(known, Mapping):
            yield key, known
            yield from _fields(known, depth + 1)
    yield from _fields(schema.get("items"), depth + 1)
