"""Toolkits of many documents as one list, no two of one name.

Of documents that the user named, toolkits of one name become one: that is how one is split into files. Of
those found in a folder's depth or in an archive, the second of one name is another, and gets a number.
"""

from __future__ import annotations

from dataclasses import replace

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.names import unique_name
from funcdex.toolkits.notes import Notebook
from funcdex.types.tools import Tool, Toolkit


class Merger:
    """Takes toolkits one by one, each with the file that it comes from."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._merged: dict[str, tuple[Toolkit, str]] = {}
        self._taken: dict[str, int] = {}

    def add(self, toolkit: Toolkit, file: str, is_one_of_many: bool = False) -> None:
        """Raises ToolDefinitionError if two different tools of one toolkit have one name."""
        earlier = self._merged.get(toolkit.name)
        if earlier and is_one_of_many:
            toolkit, earlier = self._renamed(toolkit, file), None
        whole = joined(*earlier, toolkit, file, self._notebook) if earlier else toolkit
        self._merged[toolkit.name] = (whole, file)
        self._taken.setdefault(toolkit.name, 2)

    def toolkits(self) -> tuple[Toolkit, ...]:
        """All of them, in the order they were first added in."""
        return tuple(toolkit for toolkit, _ in self._merged.values())

    def _renamed(self, toolkit: Toolkit, file: str) -> Toolkit:
        name = unique_name(toolkit.name, self._taken)
        self._notebook.add(file, "a toolkit of a name that is taken gets a number", name)
        return replace(toolkit, name=name, tools=tuple(replace(tool, toolkit=name) for tool in toolkit.tools))


def joined(first: Toolkit, first_file: str, second: Toolkit, file: str, notebook: Notebook) -> Toolkit:
    """Both as one. The same tool twice is taken once; two tools of one name are refused."""
    known = {tool.name: tool for tool in first.tools}
    added: list[Tool] = []
    for tool in second.tools:
        other = known.setdefault(tool.name, tool)
        if other is tool:
            added.append(tool)
        elif other == tool:
            notebook.add(file, "a tool that is there twice, word for word, is taken once", tool.name)
        else:
            what = f"toolkit {first.name!r} has two different tools called {tool.name!r}"
            fix = "Rename or remove one of them."
            raise ToolDefinitionError(what, where=f"{first_file} and {file}", fix=fix)
    return replace(first, description=first.description or second.description, tools=(*first.tools, *added))
