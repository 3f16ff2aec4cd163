"""Annotations of Python functions as JSON Schemas.

Literal, Optional, unions, lists, dictionaries, tuples, enums, dataclasses, TypedDicts and pydantic models,
nested at will: pydantic knows them all. What it does not know (a class of the caller's own, a callable) may
hold anything, with a note.
"""

from __future__ import annotations

import inspect
from typing import Any

from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.place import Place
from funcdex.toolkits.refs import inlined


def schema_of(annotation: Any, where: Place, notebook: Notebook) -> dict[str, Any]:
    """The schema of values of this type, without references and titles; `{}` for anything."""
    from pydantic import ConfigDict, TypeAdapter
    from pydantic.errors import PydanticUserError
    from pydantic_core import PydanticOmit

    if annotation is inspect.Parameter.empty or annotation is Any:
        return {}
    try:
        made = TypeAdapter(annotation).json_schema()
    except (PydanticUserError, PydanticOmit, TypeError, NameError, AttributeError, RecursionError):
        try:
            made = TypeAdapter(annotation, config=ConfigDict(arbitrary_types_allowed=True)).json_schema()
        except Exception:  # a class may say anything when it is asked for its schema
            shown = getattr(annotation, "__name__", repr(annotation))
            notebook.add(where.file, f"a type that JSON does not know stands for any: {shown}", where.path)
            return {}
    return dict(without_titles(inlined(made, where, notebook)))


def without_titles(schema: Any) -> Any:
    """Pydantic writes each name a second time, as a title."""
    from funcdex.toolkits.keywords import rebuilt

    if not isinstance(schema, dict):
        return schema
    made = rebuilt(schema, without_titles)
    if isinstance(made.get("title"), str):
        del made["title"]
    return made
