"""Reads tool definitions from files and folders, whatever their format, into toolkits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from funcdex.data import data_dir
from funcdex.errors import ToolDefinitionError
from funcdex.settings.tree import ToolReferences
from funcdex.toolkits.aws import is_aws_model, read_aws
from funcdex.toolkits.composio import is_composio, read_composio
from funcdex.toolkits.discovery import is_discovery, read_discovery
from funcdex.toolkits.documents import Home
from funcdex.toolkits.load import SUFFIXES, load_document
from funcdex.toolkits.merging import Merger
from funcdex.toolkits.native import read_native
from funcdex.toolkits.notes import Note, Notebook
from funcdex.toolkits.openai_tools import is_openai_tool, read_openai
from funcdex.toolkits.openapi import read_openapi
from funcdex.toolkits.place import Place, kind_of
from funcdex.toolkits.postman import is_postman, read_postman
from funcdex.toolkits.predecessor import read_predecessor
from funcdex.toolkits.schema_tools import read_schema_tools, tool_list_in
from funcdex.types.tools import Toolkit

Reader = Callable[[Any, Place, Notebook], tuple[Toolkit, ...]]


@dataclass(frozen=True, slots=True)
class ReadResult:
    """Toolkits in the order of the files, no two of one name; and what was left out or changed."""

    toolkits: tuple[Toolkit, ...]
    notes: tuple[Note, ...]


def read_toolkits(paths: Sequence[Path], references: ToolReferences = "refuse") -> ReadResult:
    """Reads files, and of folders every *.json, *.yaml and *.yml; no path stands for the shipped ones.

    Toolkits of one name become one. In a folder, a file that is no tool definition is left out with a
    note. `references`: what those of OpenAPI documents may lead to beside the document itself.
    Raises ToolDefinitionError.
    """
    notebook = Notebook()
    merger = Merger(notebook)
    for path in paths or (data_dir("tool_definitions"),):
        for file, toolkits in _read(Path(path), notebook, references):
            for toolkit in toolkits:
                merger.add(toolkit, file)
    return ReadResult(merger.toolkits(), notebook.notes())


def format_of(data: Any) -> Reader | None:
    """The reader of the format that parsed content is in; None if it is in none."""
    if isinstance(data, dict):
        return _format_of_object(data)
    first = data[0] if isinstance(data, list) and data else None
    if is_composio(data):
        return read_composio
    if not is_openai_tool(first) and tool_list_in(data):
        return read_schema_tools
    if is_openai_tool(first):
        return read_openai
    if not isinstance(first, dict):
        return None
    if first.keys() & {"toolkit_name", "tool_id"}:
        return read_predecessor
    return read_native if first.keys() & {"toolkit", "tools"} else None


def is_wanted_list(data: Any) -> bool:
    """Whether it only names toolkits, in the predecessor's way."""
    keys = {"toolkits", "bundles", "bundle_descriptions"}
    return isinstance(data, dict) and bool(data.keys() & {"toolkits", "bundles"}) and data.keys() <= keys


def _format_of_object(data: dict[str, Any]) -> Reader | None:
    if data.keys() & {"openapi", "swagger"}:
        return read_openapi
    for is_one, reader in _OBJECTS:
        if is_one(data):
            return reader
    tools = data.get("tools")
    if isinstance(tools, list) and tools and is_openai_tool(tools[0]):
        return read_openai
    if tool_list_in(data):
        return read_schema_tools
    return read_native if data.keys() & {"toolkit", "tools"} else None


_OBJECTS: tuple[tuple[Callable[[Any], bool], Reader], ...] = (
    (is_discovery, read_discovery),
    (is_aws_model, read_aws),
    (is_postman, read_postman),
    (is_openai_tool, read_openai),
    (is_composio, read_composio),
)


def _read(
    path: Path, notebook: Notebook, references: ToolReferences
) -> Iterator[tuple[str, tuple[Toolkit, ...]]]:
    if not os.path.isdir(path):
        yield str(path), _read_file(path, notebook, references)
        return
    found = False
    for file in _files_in(path):
        data = load_document(file)
        reader = format_of(data)
        if reader is None:
            if not is_wanted_list(data):  # which lies beside tool definitions by habit
                notebook.add(str(file), _why_not(data))
            continue
        found = True
        yield str(file), _apply(reader, data, file, notebook, references)
    if not found:
        fix = f"Put tool definitions there ({', '.join('*' + suffix for suffix in SUFFIXES)})."
        raise ToolDefinitionError("the folder holds no tool definitions", where=str(path), fix=fix)


def _files_in(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        what = f"the folder cannot be read: {error.strerror or error}"
        raise ToolDefinitionError(what, where=str(folder), fix="Check its rights.") from error
    return [
        entry
        for entry in entries
        if entry.suffix.lower() in SUFFIXES and not entry.name.startswith(".") and entry.is_file()
    ]


def _read_file(path: Path, notebook: Notebook, references: ToolReferences) -> tuple[Toolkit, ...]:
    data = load_document(path)
    reader = format_of(data)
    if reader is None:
        fix = "Name a file in one of the formats of docs/tools.md."
        raise ToolDefinitionError(_why_not(data), where=f"{path}: $", fix=fix)
    return _apply(reader, data, path, notebook, references)


def toolkits_in(
    data: Any,
    file: str,
    notebook: Notebook,
    references: ToolReferences = "refuse",
    home: Home | None = None,
) -> tuple[Toolkit, ...]:
    """The toolkits of parsed content that is no file, whatever its form; `file` names it in messages. Without
    a home it stands alone. Raises ToolDefinitionError."""
    reader = format_of(data)
    if reader is None:
        fix = "Name a file in one of the formats of docs/tools.md."
        raise ToolDefinitionError(_why_not(data), where=f"{file}: $", fix=fix)
    return _apply(reader, data, Path(file), notebook, references if home else "refuse", home)


def _apply(
    reader: Reader,
    data: Any,
    file: Path,
    notebook: Notebook,
    references: ToolReferences,
    home: Home | None = None,
) -> tuple[Toolkit, ...]:
    if reader is read_openapi:
        reader = partial(read_openapi, references=references, home=home)
    try:
        return reader(data, Place(str(file)), notebook)
    except RecursionError as error:
        fix = "Flatten it; no tool needs that."
        raise ToolDefinitionError("the file is nested too deep", where=str(file), fix=fix) from error


def _why_not(data: Any) -> str:
    if is_wanted_list(data):
        return "a list of wanted toolkits is no tool definition"
    if isinstance(data, dict | list) and not data:
        return f"{kind_of(data)} without content is no tool definition"
    if isinstance(data, dict):
        keys = ", ".join(repr(key) for key in list(data)[:4])
        return f"an object with the keys {keys} is no tool definition of a known format"
    return f"{kind_of(data)} of this kind is no tool definition of a known format"
