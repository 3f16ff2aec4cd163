"""What the references of an OpenAPI document may lead to: itself, and, if allowed, files below its folder.

References in those files are rewritten as the first document would write them (`../pet.yaml` in
`paths/pets.yaml` becomes `pet.yaml`): they mean the same wherever they are put. Nothing is fetched.
"""

from __future__ import annotations

import os
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from funcdex.errors import ToolDefinitionError
from funcdex.settings.tree import ToolReferences
from funcdex.toolkits.load import LARGEST_BYTES, SUFFIXES, load_document
from funcdex.toolkits.place import Place, refuse
from funcdex.yaml_text import LARGEST_EXPANSION

MOST_FILES = 256
"""Files that one document may refer to, those included that are not there."""


def openapi_document(root: Any, path: Path, references: ToolReferences) -> Document:
    """The document that was read from `path`, with what its references are allowed to lead to."""
    return DocumentOfFiles(root, path) if references == "files" else OpenApiDocument(root)


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
        if _is_url(file):
            what = f"the reference {reference!r} leaves the document, and nothing is fetched"
            fix = "Make one file of it first, with `redocly bundle` say"
            refuse(f"{what}: {fix[0].lower()}{fix[1:]}", place, f"{fix}.")
        return self._found(file, reference, place)

    def _found(self, file: str, reference: str, place: Place) -> Any:
        what = f"the reference {reference!r} leaves the document"
        fix = "Allow it (--tool-references files, of `funcdex tools import` too), or copy it there."
        refuse(f"{what}; `tool_references: files` would allow files below its folder", place, fix)


class DocumentOfFiles(OpenApiDocument):
    """One with the files that it refers to, each read once, when it is first needed.

    Together they are bounded as one document is. `path` is where `root` was read.
    """

    def __init__(self, root: Any, path: Path) -> None:
        super().__init__(root)
        self._name = path.name
        self._folder = Path(os.path.realpath(path.parent))
        self._read: dict[Path, Any] = {Path(os.path.realpath(path)): root}
        self._found_as: dict[str, Any] = {}
        self._bytes_left = LARGEST_BYTES - path.stat().st_size
        self._values_left = LARGEST_EXPANSION - self._rewrite(root, self._name)

    def _found(self, file: str, reference: str, place: Place) -> Any:
        if file not in self._found_as:
            self._found_as[file] = self._file(file)
        found = self._found_as[file]
        if isinstance(found, ToolDefinitionError):
            refuse(f"the reference {reference!r} cannot be followed: {found.what}", place, found.fix)
        return found

    def _file(self, file: str) -> Any:
        """A document, or why there is none: what failed is not tried again for each operation."""
        try:
            if len(self._found_as) >= MOST_FILES:
                fix = "Make one file of them first, with `redocly bundle` say."
                raise ToolDefinitionError(f"more than {MOST_FILES} files", where=self._name, fix=fix)
            path = self._inside(_relative(file))
            if path not in self._read:
                self._read[path] = self._load(path)
            return self._read[path]
        except ToolDefinitionError as error:
            return error

    def _inside(self, name: str | None) -> Path:
        """Where the file really is, links followed: below the folder, or it is refused."""
        fix = "Only files below the folder of the first document are read, and none that are hidden."
        try:
            if name is not None and not name.startswith("../"):
                path = Path(os.path.realpath(self._folder / name))
                if path in self._read:
                    return path
                if not any(part.startswith(".") for part in path.relative_to(self._folder).parts):
                    return path
        except ValueError:  # not below it, or a name that no file can have
            pass
        raise ToolDefinitionError("it leads out of the document's folder", where=self._name, fix=fix)

    def _load(self, path: Path) -> Any:
        if path.suffix.lower() not in SUFFIXES:
            what, fix = f"its name ends in none of {', '.join(SUFFIXES)}", "Rename it."
            raise ToolDefinitionError(what, where=str(path), fix=fix)
        document = load_document(path, self._bytes_left, max(0, self._values_left))
        self._bytes_left -= path.stat().st_size
        self._values_left -= self._rewrite(document, path.relative_to(self._folder).as_posix())
        return document

    def _rewrite(self, document: Any, name: str) -> int:
        """Rewrites references in place; how many values there are. YAML's aliases are the same object, which
        may stand for millions: each is looked at once."""
        count, seen, left = 0, set[int](), [document]
        while left:
            value = left.pop()
            if id(value) in seen:
                continue
            seen.add(id(value))
            if isinstance(value, dict) and isinstance(value.get("$ref"), str):
                value["$ref"] = self._from_root(value["$ref"], name)
            inner = value.values() if isinstance(value, dict) else value
            if isinstance(value, dict | list):
                count += len(value)
                left.extend(one for one in inner if isinstance(one, dict | list))
        return count

    def _from_root(self, reference: str, name: str) -> str:
        """As it reads in the first document, if it stands in the file `name`. What leads out stays."""
        file, _, pointer = reference.partition("#")
        relative = _relative(file)
        if relative is None:
            return reference
        target = normpath(join(dirname(name), relative)) if file else name
        return f"#{pointer}" if target == self._name else f"{quote(target)}#{pointer}"


def _relative(file: str) -> str | None:
    """The path that a relative reference names; None if it is absolute or a URL."""
    path = unquote(urlsplit(file).path) if not _is_url(file) else "/"
    return None if path.startswith("/") or "\\" in path else normpath(path)


def _is_url(file: str) -> bool:
    try:
        parts = urlsplit(file)
    except ValueError:  # `//[`
        return True
    return bool(parts.scheme or parts.netloc or parts.query)
