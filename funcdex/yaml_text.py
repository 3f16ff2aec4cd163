"""YAML as far as JSON goes: the same data, only written otherwise.

Read as YAML 1.2 reads it, where PyYAML alone would follow 1.1: `no`, `on` and `2020-01-01` stay texts,
and keys are always texts (`200:` under `responses`). Aliases are followed, within limits: a few lines
of them can stand for billions of values.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, Any, NoReturn

from funcdex.errors import FuncdexError

if TYPE_CHECKING:
    from yaml import Node

DEEPEST = 200
"""Levels of nesting. The parser is C and recurses: deep enough a file would end the process."""

LARGEST_EXPANSION = 5_000_000
"""Values in a file when every alias is written out."""

_TAG = "tag:yaml.org,2002:"
_JSON_TAGS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null", "map", "seq", "merge"))
# The core schema of YAML 1.2, without octal numbers and without infinities, which JSON has not.
_RESOLVERS = (
    ("null", re.compile(r"~|null|Null|NULL|"), ["~", "n", "N", ""]),
    ("bool", re.compile(r"true|True|TRUE|false|False|FALSE"), list("tTfF")),
    ("int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)"), list("-+0123456789")),
    ("float", re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?"), None),
    ("merge", re.compile(r"<<"), ["<"]),
)


def parse_yaml(text: str, file: str, error: type[FuncdexError], most_values: int = LARGEST_EXPANSION) -> Any:
    """The one document in `text` as parsed JSON, of at most `most_values` values with all aliases written
    out. Raises `error` with file and line."""
    try:
        return _parsed(text, most_values)
    except _Refused as refused:
        # Its cause would show lines of the file, and a file of settings may hold a key.
        mark = refused.mark
        where = file if mark is None else f"{file}, line {mark.line + 1}, column {mark.column + 1}"
        raise error(refused.what, where=where, fix="Correct the file there.") from None


class _Refused(Exception):
    def __init__(self, what: str, mark: Any) -> None:
        super().__init__(what)
        self.what, self.mark = what, mark


def _parsed(text: str, most_values: int) -> Any:
    import yaml

    try:
        _check_events(text, most_values)
        loader = _loader_class()(text)
        try:
            root = loader.get_single_node()
            if root is None:  # nothing but comments
                return None
            _measure(root, most_values, {})
            return loader.construct_document(root)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        _refuse(f"not YAML: {error.problem or error.context}", error.problem_mark)
    except (yaml.YAMLError, ValueError, IndexError) as error:  # the last of an empty `!!int`
        _refuse(f"not YAML: {error}".splitlines()[0], None)


def _loader_class() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader: Any = type("JsonLoader", (base,), {"yaml_implicit_resolvers": {}})
    for name, pattern, first in _RESOLVERS:
        anchored = re.compile(rf"(?:{pattern.pattern})\Z")
        loader.add_implicit_resolver(_TAG + name, anchored, first or list("-+.0123456789"))
    return loader


def _check_events(text: str, most_values: int) -> None:
    """Events come one by one, without recursion; only after this is a tree made of them, which takes half
    a kilobyte for each."""
    import yaml

    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))):
        if count > most_values:
            _refuse(f"more than {most_values:,} values", event.start_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                _refuse(f"nested deeper than {DEEPEST} levels", event.start_mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _measure(node: Node, most_values: int, sizes: dict[int, int | None]) -> int:
    """Values `node` stands for; refuses what JSON cannot say. Aliased nodes are the same object."""
    import yaml

    known = sizes.get(id(node), 0)
    if known is None:
        _refuse("an alias stands for something that holds the alias", node.start_mark)
    if known:
        return known
    sizes[id(node)] = None
    if node.tag not in _JSON_TAGS:
        _refuse(f"the tag {node.tag} has no meaning in JSON", node.start_mark)
    if node.tag == _TAG + "float" and isinstance(node, yaml.ScalarNode) and not isfinite(float(node.value)):
        _refuse(f"{node.value} is no JSON number", node.start_mark)
    size = 1
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            _make_text(key, seen)
            size += 1 + _measure(value, most_values, sizes)
    elif isinstance(node, yaml.SequenceNode):
        size += sum(_measure(value, most_values, sizes) for value in node.value)
    if size > most_values:
        _refuse("its aliases stand for too much", node.start_mark)
    sizes[id(node)] = size
    return size


def _make_text(key: Node, seen: set[str]) -> None:
    import yaml

    if not isinstance(key, yaml.ScalarNode):
        _refuse("a key that is no text", key.start_mark)
    if key.tag == _TAG + "merge":
        return
    if key.value in seen:
        _refuse(f"the key {key.value[:60]!r} stands twice here", key.start_mark)
    seen.add(key.value)
    key.tag = _TAG + "str"


def _refuse(what: str, mark: Any) -> NoReturn:
    raise _Refused(what, mark)
