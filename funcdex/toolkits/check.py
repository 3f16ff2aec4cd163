"""What is legal in a tool definition and still makes poor conversations, for `funcdex tools check`.

An error is a definition that no call can satisfy as it is meant; a warning is one that leaves a model,
or a grammar, more to guess than need be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from funcdex.printable import is_visible, printable
from funcdex.toolkits.keywords import Path, walk
from funcdex.toolkits.place import Place
from funcdex.types.tools import Tool, Toolkit

Severity = Literal["error", "warning"]
Code = Literal[
    "no_toolkit_description",
    "no_description",
    "no_parameter_description",
    "same_description",
    "long_description",
    "no_response",
    "no_type",
    "no_items",
    "no_properties",
    "large_schema",
    "required_not_described",
    "empty_enum",
    "default_not_allowed",
    "unseen_character",
    "control_token",
]

LARGE_CHARS = 16_000
LONG_DESCRIPTION_CHARS = 1024
# Of emoji, where they belong.
_SEEN_WITH_OTHERS = frozenset("\u200d\ufe0f")
# What chat templates take for the end of a message, or for another role: `<|im_end|>`, `[/INST]`.
_CONTROL_TOKEN = re.compile(r"<\|[^|<>]{1,40}\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|</?s>")
_SAYS_WHAT_IT_IS = frozenset(("type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"))


@dataclass(frozen=True, slots=True)
class Finding:
    """`where`: toolkit, tool and JSON path; `code`: a word to filter by; `what`: a sentence."""

    where: str
    code: Code
    what: str
    severity: Severity = "warning"


def check_toolkits(toolkits: Iterable[Toolkit]) -> tuple[Finding, ...]:
    """All findings, in the order of toolkits, tools and schemas."""
    return tuple(finding for toolkit in toolkits for finding in _toolkit(toolkit))


def _toolkit(toolkit: Toolkit) -> Iterator[Finding]:
    if not toolkit.description.strip():
        what = "The toolkit has no description, so scenarios rest on its name and tools alone."
        yield Finding(toolkit.name, "no_toolkit_description", what)
    first: dict[str, str] = {}
    for tool in toolkit.tools:
        where = f"{toolkit.name}/{tool.name}"
        yield from _description(tool, where)
        text = " ".join(tool.description.lower().split())
        if text and first.setdefault(text, tool.name) != tool.name:
            what = (
                f"It is described in the same words as {first[text]}, so a model cannot choose between them."
            )
            yield Finding(where, "same_description", what)
        yield from _parameters(tool, where)
        yield from _response(tool, where)
        yield from _odd_texts((tool.description, tool.parameters, tool.response), where)


def _description(tool: Tool, where: str) -> Iterator[Finding]:
    if not tool.description.strip():
        yield Finding(where, "no_description", "The tool has no description.")
    elif len(tool.description) > LONG_DESCRIPTION_CHARS:
        length = len(tool.description)
        what = f"The description has {length} characters; some APIs take {LONG_DESCRIPTION_CHARS} at most."
        yield Finding(where, "long_description", what)


def _odd_texts(texts: object, where: str) -> Iterator[Finding]:
    """What may be meant for the model that reads a prompt, and not for its reader."""
    whole = json.dumps(texts, ensure_ascii=False)
    unseen = next(
        (char for char in whole if not (is_visible(char) or char.isspace() or char in _SEEN_WITH_OTHERS)),
        None,
    )
    if unseen:
        what = f"A text holds {printable(unseen)}, a character that nobody sees and a model reads."
        yield Finding(where, "unseen_character", what)
    if token := _CONTROL_TOKEN.search(whole):
        what = f"A text holds {token.group()!r}, which some servers take for the end of a message."
        yield Finding(where, "control_token", what)


def _parameters(tool: Tool, where: str) -> Iterator[Finding]:
    for name, schema in tool.parameters.get("properties", {}).items():
        if isinstance(schema, dict) and not schema.get("description"):
            at = _at(where, "parameters", ("properties", name))
            yield Finding(at, "no_parameter_description", f"Parameter {name!r} has no description.")
    yield from _schema(tool.parameters, where, "parameters")


def _response(tool: Tool, where: str) -> Iterator[Finding]:
    if not tool.response:
        what = "Nothing is known of the response, so any JSON passes for one."
        yield Finding(where, "no_response", what)
    else:
        yield from _schema(tool.response, where, "response")


def _schema(schema: Mapping[str, Any], where: str, key: str) -> Iterator[Finding]:
    size = len(json.dumps(schema, ensure_ascii=False))
    if size > LARGE_CHARS:
        what = f"The schema has {size} characters, which every prompt that shows the tool carries."
        yield Finding(_at(where, key, ()), "large_schema", what)
    for path, inner in walk(schema):
        for code, what, severity in _faults(inner, is_root=not path):
            yield Finding(_at(where, key, path), code, what, severity)


def _faults(schema: Mapping[str, Any], is_root: bool) -> Iterator[tuple[Code, str, Severity]]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in properties:
            yield "required_not_described", f"{name!r} is required but is none of the properties.", "error"
    if schema.get("enum") == []:
        yield "empty_enum", "No value is allowed here.", "error"
    default, allowed = schema.get("default"), schema.get("enum")
    if "default" in schema and allowed and default not in allowed:
        yield "default_not_allowed", f"The default {json.dumps(default)} is none of the enum.", "error"
    if not schema.keys() & _SAYS_WHAT_IT_IS:
        yield "no_type", "It has no type, so any JSON passes.", "warning"
    elif schema.get("type") == "array" and not schema.keys() & {"items", "prefixItems"}:
        yield "no_items", "The array does not say what its items are.", "warning"
    elif schema.get("type") == "object" and not is_root and not _has_fields(schema):
        yield "no_properties", "The object does not say what its properties are.", "warning"


def _has_fields(schema: Mapping[str, Any]) -> bool:
    """An object may also be a map of values, or say outright that it is empty."""
    said = (
        schema.get("properties")
        or schema.get("patternProperties")
        or schema.keys() & {"anyOf", "oneOf", "allOf"}
    )
    return bool(said) or isinstance(schema.get("additionalProperties"), dict) or _is_closed(schema)


def _is_closed(schema: Mapping[str, Any]) -> bool:
    return schema.get("additionalProperties") is False


def _at(where: str, key: str, path: Path) -> str:
    return f"{where} {Place('').at(key, *path).path}"
