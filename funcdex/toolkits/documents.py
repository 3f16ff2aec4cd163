"""What the references of an OpenAPI document may lead to: itself, and, if allowed, other documents.

References in those are rewritten as the first document would write them (`../pet.yaml` in `paths/pets.yaml`
becomes `pet.yaml`): they mean the same wherever they are put.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from funcdex.errors import ToolDefinitionError
from funcdex.settings.tree import ToolReferences
from funcdex.toolkits.document_sources import Files, Found, Source, Web, has_scheme
from funcdex.toolkits.load import LARGEST_BYTES, SUFFIXES
from funcdex.toolkits.place import Place, refuse
from funcdex.toolkits.swagger2 import is_swagger2, upgraded
from funcdex.yaml_text import LARGEST_EXPANSION


@dataclass(frozen=True, slots=True)
class Home:
    """Where on the web a document was fetched, and how large it is. `is_named`: from the host that the user
    named, which may be one of the user's own network."""

    url: str
    is_named: bool
    size_bytes: int


def openapi_document(root: Any, path: Path, references: ToolReferences, home: Home | None) -> Document:
    """The document that was read from `path`, or fetched from its home, with what its references are allowed
    to lead to."""
    if references == "refuse" or (references == "files" and home):
        return OpenApiDocument(root)
    if home:
        web = Web(home.url, home.is_named)
        return LinkedDocument(root, web.first, home.size_bytes, None, web)
    web_too = Web("", is_named=False) if references == "urls" else None
    return LinkedDocument(root, quote(path.name), path.stat().st_size, Files(path), web_too)


class Document:
    """One that stands alone."""

    def __init__(self, root: Any) -> None:
        self.root = root

    def named(self, file: str, reference: str, place: Place) -> Any:
        """The document before the `#` of a reference, if that is not this one. Raises ToolDefinitionError."""
        refuse(f"the reference {reference!r} leaves the document", place, "Copy what it names into the file.")


class OpenApiDocument(Document):
    """One that may do so by default only: the refusal says what can be done."""

    def named(self, file: str, reference: str, place: Place) -> Any:
        """Raises ToolDefinitionError."""
        what = f"the reference {reference!r} leaves the document"
        if has_scheme(file):
            what = f"{what}, and nothing is fetched; `tool_references: urls` would allow https"
            bundle = "make one file of it first, with `redocly bundle` say."
            fix = f"Allow it (--tool-references urls, of `funcdex tools import` too), or {bundle}"
            refuse(what, place, fix)
        fix = "Allow it (--tool-references files, of `funcdex tools import` too), or copy it there."
        refuse(f"{what}; `tool_references: files` would allow files below its folder", place, fix)


class LinkedDocument(OpenApiDocument):
    """One with those that it refers to, each read once, when it is first needed.

    Together they are bounded as one document is. `name` is what references to `root` come to.
    """

    def __init__(self, root: Any, name: str, size_bytes: int, files: Files | None, web: Web | None) -> None:
        super().__init__(root)
        self._name, self._files, self._web = name, files, web
        self._read: dict[str, Any] = {source.first: root for source in (files, web) if source}
        self._found_as: dict[str, Any] = {}
        self._tried = Counter[str]()
        self._bytes_left = LARGEST_BYTES - size_bytes
        self._values_left = LARGEST_EXPANSION - self._rewrite(root, name)

    def named(self, file: str, reference: str, place: Place) -> Any:
        """Raises ToolDefinitionError."""
        source = self._source_of(file)
        if source is None:
            return super().named(file, reference, place)
        found = self._found_as[file] if file in self._found_as else self._document(source, file)
        if isinstance(found, ToolDefinitionError):
            refuse(f"the reference {reference!r} cannot be followed: {found.what}", place, found.fix)
        return found

    def _source_of(self, file: str) -> Files | Web | None:
        return self._web if has_scheme(file) else self._files

    def _document(self, source: Source, file: str) -> Any:
        """A document, or why there is none."""
        try:
            found = source.find(file)
            if found.place not in self._read:
                self._count(source)
        except ToolDefinitionError as error:
            return error
        self._found_as[file] = self._read[found.place] if found.place in self._read else self._load(found)
        return self._found_as[file]

    def _count(self, source: Source) -> None:
        if self._tried[source.what] == source.most:
            fix = "Make one file of them first, with `redocly bundle` say."
            raise ToolDefinitionError(f"more than {source.most} {source.what}", where=self._name, fix=fix)
        self._tried[source.what] += 1

    def _load(self, found: Found) -> Any:
        """What failed is not tried again for each operation. Two places may lead to the same document."""
        try:
            loaded = found.load(self._bytes_left, max(0, self._values_left))
        except ToolDefinitionError as error:
            return error
        self._bytes_left -= loaded.size_bytes
        if loaded.name not in self._read:
            content = upgraded(loaded.content) if is_swagger2(loaded.content) else loaded.content
            self._values_left -= self._rewrite(content, loaded.name)
            self._read[loaded.name] = content
        self._read[found.place] = self._read[loaded.name]
        return self._read[found.place]

    def _rewrite(self, document: Any, name: str) -> int:
        """Rewrites references in place; how many values there are. YAML's aliases are the same object, which
        may stand for millions: each is looked at once."""
        count, seen, left = 0, set[int](), [document]
        while left:
            value = left.pop()
            if id(value) in seen:
                continue
            seen.add(id(value))
            if isinstance(value, dict):
                self._rewrite_object(value, name)
            inner = value.values() if isinstance(value, dict) else value
            if isinstance(value, dict | list):
                count += len(value)
                left.extend(one for one in inner if isinstance(one, dict | list))
        return count

    def _rewrite_object(self, value: dict[str, Any], name: str) -> None:
        if isinstance(value.get("$ref"), str):
            value["$ref"] = self._from_root(value["$ref"], name)
        mapping = value.get("mapping")
        if isinstance(value.get("propertyName"), str) and isinstance(mapping, dict):  # a discriminator
            value["mapping"] = {key: self._mapped(target, name) for key, target in mapping.items()}

    def _mapped(self, target: Any, name: str) -> Any:
        """A reference as it reads in the first document; the name of a schema stays."""
        is_reference = isinstance(target, str) and (
            "#" in target or "/" in target or target.endswith(SUFFIXES)
        )
        return self._from_root(target, name) if is_reference else target

    def _from_root(self, reference: str, name: str) -> str:
        """As it reads in the first document, if it stands in the document `name`."""
        file, _, pointer = reference.partition("#")
        source = self._source_of(name if has_scheme(name) else file)
        if source is None:
            return reference
        target = source.renamed(file, name) if file else name
        return f"#{pointer}" if target == self._name else f"{target}#{pointer}"
