"""Function names that say nothing: a model trained on them has to read the tools' descriptions.

A name is replaced wherever the record names the function: in the tools, the calls and their responses,
and in texts. In a text, a name that looks like one (`LIST_MESSAGES`, `sendMail2`) is replaced as a whole
word; one that is an ordinary word (`search`) only where it is written as code: `search`, "search", search(.
Arguments stay as they are: they are data, and checked against their schemas.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from funcdex.export.jsontext import as_json, tool_text
from funcdex.export.sample import Call, Message, Sample, name_of, read_json
from funcdex.types.conversation import JsonValue

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ORDINARY = re.compile(r"[A-Za-z]?[a-z]*")
_PROSE_KEYS = ("description", "title")
_DEEPEST = 64

Rewrite = Callable[[str], str]


def with_masked_names(sample: Sample, dice: random.Random) -> Sample:
    """The sample with another name for each function that it shows or calls, drawn with `dice`."""
    names = dict.fromkeys([*map(name_of, sample.tools), *(call.name for call in sample.calls)])
    if not names:
        return sample
    masks = dict(zip(names, _drawn(dice, len(names), frozenset(names)), strict=True))
    rewrite = _rewriter(masks)
    return replace(
        sample,
        system=None if sample.system is None else rewrite(sample.system),
        tools=tuple(_tool(tool, masks, rewrite) for tool in sample.tools),
        messages=tuple(_message(message, masks, rewrite) for message in sample.messages),
    )


def _drawn(dice: random.Random, count: int, taken: frozenset[str]) -> list[str]:
    drawn: dict[str, None] = {}
    while len(drawn) < count:
        name = "func_" + "".join(dice.choices(_LETTERS, k=6))
        if name not in taken:
            drawn[name] = None
    return list(drawn)


def _rewriter(masks: Mapping[str, str]) -> Rewrite:
    names = tuple(masks)

    def rewrite(text: str) -> str:
        # Few texts name a function, and to look for the names is cheaper than to match the pattern.
        if not any(name in text for name in names):
            return text
        return _pattern(names).sub(lambda found: masks[found[0]], text)

    return rewrite


@lru_cache(maxsize=256)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """Where a text names a function. The longest first: one name may begin with another."""
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    telling = [re.escape(name) for name in longest_first if not _ORDINARY.fullmatch(name)]
    ordinary = [re.escape(name) for name in longest_first if _ORDINARY.fullmatch(name)]
    parts = []
    if telling:
        parts.append(rf"(?<![A-Za-z0-9_-])(?:{'|'.join(telling)})(?![A-Za-z0-9_-])")
    if ordinary:
        either = "|".join(ordinary)
        parts.append(rf"(?<=`)(?:{either})(?=[`(])|(?<=\")(?:{either})(?=\")|\b(?:{either})(?=\()")
    return re.compile("|".join(parts))


def _tool(tool: Mapping[str, Any], masks: Mapping[str, str], rewrite: Rewrite) -> Mapping[str, Any]:
    function = dict(tool["function"])
    told = tool_text({key: value for key, value in function.items() if key != "name"})
    if any(name in told for name in masks):
        function = _prose(function, rewrite, 0)
    function["name"] = masks[tool["function"]["name"]]
    return {**tool, "function": function}


def _prose(schema: JsonValue, rewrite: Rewrite, depth: int) -> JsonValue:
    """The schema with its descriptions rewritten; nothing else of it is prose."""
    if depth > _DEEPEST:
        return schema
    if isinstance(schema, dict):
        return {
            key: rewrite(value)
            if key in _PROSE_KEYS and isinstance(value, str)
            else _prose(value, rewrite, depth + 1)
            for key, value in schema.items()
        }
    return [_prose(one, rewrite, depth + 1) for one in schema] if isinstance(schema, list) else schema


def _message(message: Message, masks: Mapping[str, str], rewrite: Rewrite) -> Message:
    if message.role == "tool":
        return replace(
            message, name=masks.get(message.name, message.name), text=_response(message.text, rewrite)
        )
    return replace(
        message,
        text=rewrite(message.text),
        thought=None if message.thought is None else rewrite(message.thought),
        calls=tuple(Call(call.id, masks[call.name], call.arguments) for call in message.calls),
    )


def _response(text: str, rewrite: Rewrite) -> str:
    """The response with its texts rewritten; its keys stay."""
    if rewrite(text) == text:
        return text
    try:
        value = read_json(text)
    except (ValueError, RecursionError):
        return rewrite(text)
    changed = _values(value, rewrite, 0)
    return text if changed == value else as_json(changed)


def _values(value: JsonValue, rewrite: Rewrite, depth: int) -> JsonValue:
    if isinstance(value, str):
        return rewrite(value)
    if depth > _DEEPEST:
        return value
    if isinstance(value, dict):
        return {key: _values(item, rewrite, depth + 1) for key, item in value.items()}
    return [_values(item, rewrite, depth + 1) for item in value] if isinstance(value, list) else value
