"""One operation of an OpenAPI document, and the schemas that media types name in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from funcdex.toolkits.build import Checked
from funcdex.toolkits.documents import Document
from funcdex.toolkits.memo import Memo
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.place import Place

MOST_WORK_CHARS = 1_000_000_000
"""Characters of schemas written for one document, in vain or not: some minutes. Thousands of operations
that refer to the same few schemas stand for more than any document says."""


@dataclass(slots=True)
class Work:
    """What may still be spent on a document."""

    chars_left: int = MOST_WORK_CHARS


@dataclass(frozen=True, slots=True)
class Source:
    """What the operations of one document share. `technical` are query parameters no model is asked for."""

    document: Document
    technical: frozenset[str]
    notebook: Notebook
    work: Work = field(default_factory=Work)
    errors: dict[bytes, dict[str, Any] | None] = field(default_factory=dict)
    """Forms of errors that were made, by the schema as text: operations share them."""
    memo: Memo = field(default_factory=Memo)
    checked: Checked = field(default_factory=Checked)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path; `shared` are the path's own parameters."""

    method: str
    path: str
    data: Mapping[str, Any]
    shared: list[Any]
    place: Place

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    def note(self, source: Source, what: str, subject: str = "") -> None:
        """Notes what happened to this operation, or to `subject` in it."""
        source.notebook.add(self.place.file, what, subject or str(self))


def is_json(media_type: str) -> bool:
    """`application/json`, `text/json; charset=utf-8`, `application/vnd.api+json`, or anything at all."""
    bare = media_type.partition(";")[0].strip().lower()
    return bare.endswith("json") or bare in ("*/*", "application/*")


def media_schema(media: Any) -> Any:
    """The schema of one entry of `content`; {} if it has none."""
    return media.get("schema", {}) if isinstance(media, dict) else {}


def json_content(content: Any) -> Any:
    """The schema of the JSON form in `content`, plain `application/json` first; None if it has no JSON."""
    if not isinstance(content, dict):
        return None
    named = sorted((name for name in content if is_json(name)), key=lambda name: name != "application/json")
    return media_schema(content[named[0]]) if named else None
