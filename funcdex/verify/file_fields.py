"""Where the contents of files stand, told by schemas and keys, and the sizes beside them.

A string is the content of a file in base64 where its schema says so (`contentEncoding: base64`, format `byte`
or `binary`), or where its key or description does (`content_base64`, "base64 encoded"). Under a key such as
`file_content` it may be plain text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from funcdex.types.conversation import JsonValue
from funcdex.verify.needs import snake

_BASE64_KEY = re.compile(r"base_?64|(^|_)b64($|_)")
_TOLD = re.compile(
    r"base-?64(?:url)?(?:[ -](?:encod\w*|contents?|data|strings?|bytes|text|of|representation)\b|\s*\.?$)|"
    r"\b(?:in|as|to|with) base-?64",
    re.IGNORECASE,
)
_FILE_KEY = re.compile(
    r"(file|attachment|document|image|media|binary|raw)_?(content|contents|data|bytes)$|^content_bytes$"
)
_SIZE_KEY = re.compile(
    r"^(file_|content_|attachment_)?(size|size_(in_)?bytes|length|byte_(count|size)|bytes|content_length)$"
)
_ABOUT_CONTENT = re.compile(
    r"(^|_)(encoding|format|type|mime_?type|name|file_?name|ids?|url|uri|path|hash|sum)$"
)


def is_base64_field(key: str, schema: Mapping[str, Any]) -> bool:
    """Whether a string under this key is to be the content of a file in base64."""
    if schema.get("contentEncoding") in ("base64", "base64url") or schema.get("format") in ("byte", "binary"):
        return True
    named = _is_named(key)
    if named is None:
        return False
    if not named:
        description = schema.get("description")
        if not isinstance(description, str) or not _TOLD.search(description):
            return False
    return "enum" not in schema and "const" not in schema and _may_be_text(schema)


@lru_cache(maxsize=4096)
def _is_named(key: str) -> bool | None:
    """Whether the key says that it is base64; None where it cannot be, whatever a description says."""
    name = snake(key)
    if _BASE64_KEY.search(name):
        return True
    return None if _ABOUT_CONTENT.search(name) else False


def _may_be_text(schema: Mapping[str, Any]) -> bool:
    told = schema.get("type", "string")
    return told == "string" or (isinstance(told, list) and "string" in told)


@lru_cache(maxsize=4096)
def is_file_key(key: str) -> bool:
    """Whether a string under this key is the content of a file, in base64 or plain."""
    return _FILE_KEY.search(snake(key)) is not None


@lru_cache(maxsize=4096)
def _is_size_key(key: str) -> bool:
    return _SIZE_KEY.match(snake(key)) is not None


def told_sizes(owner: Mapping[str, JsonValue]) -> dict[str, int]:
    """The sizes that an object tells of the content in it, by key."""
    return {
        key: int(value)
        for key, value in owner.items()
        if isinstance(value, int | str) and _is_size_key(key) and _is_whole(value)
    }


def _is_whole(value: int | str) -> bool:
    if isinstance(value, str):
        return value.isascii() and value.isdecimal() and len(value) < 15
    return not isinstance(value, bool)
