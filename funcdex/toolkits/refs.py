"""`$ref`: follows JSON pointers, and writes a schema out without them.

What a reference may lead to beside its own document: `documents.py`. A schema that contains itself
cannot be written out: where it comes round again, only its type stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from funcdex.toolkits.documents import Document
from funcdex.toolkits.keywords import rebuilt, walk
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.place import Place, refuse

LARGEST_SCHEMA = 20_000
"""Schemas inside one written-out schema. References to references multiply."""

_MOST_HOPS = 50
_MOST_DIGITS = 10
_ANNOTATIONS = frozenset(("title", "description", "default", "examples", "deprecated"))


def resolve(document: Document, reference: str, place: Place) -> Any:
    """What `#/a/b` points to in `document`, or `file#/a/b` in another. Raises ToolDefinitionError; `place` is
    where it is used."""
    file, _, fragment = reference.partition("#")
    found = document.named(file, reference, place) if file else document.root
    pointer = unquote(fragment)
    for part in pointer.split("/")[1:] if pointer else ():
        found = _step(found, part.replace("~1", "/").replace("~0", "~"))
        if found is _NOTHING:
            refuse(f"nothing stands at the reference {reference!r}", place, "Correct it.")
    if pointer and not pointer.startswith("/"):
        refuse(f"the reference {reference!r} is not a path", place, "Write it as #/a/b.")
    return found


def follow(document: Document, value: Any, place: Place) -> Any:
    """`value`, or what it refers to if it is a reference, or a reference to one."""
    for _ in range(_MOST_HOPS):
        reference = reference_of(value)
        if reference is None:
            return value
        value = resolve(document, reference, place)
    refuse("references lead round in a circle", place, "Let one of them name something.")


def reference_of(value: Any) -> str | None:
    """The text of `$ref`, if there is one."""
    reference = value.get("$ref") if isinstance(value, dict) else None
    return reference if isinstance(reference, str) else None


def inlined(schema: Mapping[str, Any], place: Place, notebook: Notebook) -> Mapping[str, Any]:
    """`schema` with its references into itself written out, and without `$defs` then.

    Raises ToolDefinitionError at a reference to nothing, or if it grows beyond LARGEST_SCHEMA.
    """
    if all(reference_of(inner) is None for _, inner in walk(schema)):
        return schema
    written = _Inliner(schema, place, notebook).write(schema, ())
    return {key: value for key, value in written.items() if key not in ("$defs", "definitions")}


class _Inliner:
    def __init__(self, root: Mapping[str, Any], place: Place, notebook: Notebook) -> None:
        self._document, self._place, self._notebook = Document(root), place, notebook
        self._written = 0

    def write(self, schema: Any, trail: tuple[str, ...]) -> Any:
        self._written += 1
        if self._written > LARGEST_SCHEMA:
            what = f"its references stand for more than {LARGEST_SCHEMA} schemas"
            refuse(what, self._place, "Use fewer or smaller ones.")
        reference = reference_of(schema)
        if reference is not None:
            return self._target(schema, reference, trail)
        if not isinstance(schema, dict):
            return schema
        inner = {key: value for key, value in schema.items() if trail or key not in ("$defs", "definitions")}
        return rebuilt(inner, lambda sub: self.write(sub, trail))

    def _target(self, schema: dict[str, Any], reference: str, trail: tuple[str, ...]) -> Any:
        target = resolve(self._document, reference, self._place)
        siblings = {
            key: value for key, value in schema.items() if key not in ("$ref", "$defs", "definitions")
        }
        if reference in trail:
            what = "a schema that contains itself is cut where it comes round again"
            self._notebook.add(self._place.file, what, self._place.path)
            return stub(target)
        written = self.write(target, (*trail, reference))
        beside = self.write(siblings, (*trail, reference))
        if not isinstance(written, dict) or not beside:
            return written
        if _ANNOTATIONS.issuperset(beside) or not written.keys() & beside.keys():
            return {**written, **beside}
        return {"allOf": [written, beside]}


def stub(schema: Any) -> dict[str, Any]:
    """What stays of a schema that is cut: its type, if it has one, and its description."""
    if not isinstance(schema, dict):
        return {}
    return {
        key: schema[key]
        for key in ("type", "description")
        if isinstance(schema.get(key), str) and schema[key]
    }


_NOTHING = object()


def _step(found: Any, part: str) -> Any:
    if isinstance(found, dict):
        return found.get(part, _NOTHING)
    if isinstance(found, list) and part.isdecimal() and len(part) < _MOST_DIGITS and int(part) < len(found):
        return found[int(part)]
    return _NOTHING
