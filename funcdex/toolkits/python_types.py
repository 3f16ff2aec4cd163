"""Annotations of Python functions as JSON Schemas.

Literal, Optional, unions, lists, dictionaries, tuples, enums, dataclasses, TypedDicts and pydantic models,
nested at will: pydantic knows them all. What it does not know (a class of the caller's own, a callable) may
hold anything, with a note.
"""

from __future__ import annotations

import inspect
import sys
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typing_extensions

from funcdex.toolkits.keywords import rebuilt
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
        annotation = _known_to_pydantic(annotation)
        made = TypeAdapter(annotation).json_schema()
    except (PydanticUserError, PydanticOmit, TypeError, NameError, AttributeError, RecursionError):
        try:
            made = TypeAdapter(annotation, config=ConfigDict(arbitrary_types_allowed=True)).json_schema()
        except Exception:  # a class may say anything when it is asked for its schema
            shown = getattr(annotation, "__name__", repr(annotation))
            notebook.add(where.file, f"a type that JSON does not know stands for any: {shown}", where.path)
            return {}
    return dict(without_titles(inlined(made, where, notebook)))


def _known_to_pydantic(annotation: Any) -> Any:
    """The same, typing's TypedDicts made typing_extensions': before Python 3.12 pydantic takes no other."""
    if sys.version_info >= (3, 12):
        return annotation
    if typing_extensions.is_typeddict(annotation):
        hints = get_type_hints(annotation, include_extras=True)
        required = annotation.__required_keys__
        fields = {name: _known_to_pydantic(hint) for name, hint in hints.items()}
        optional = {
            name: one if name in required else typing_extensions.NotRequired[one]
            for name, one in fields.items()
        }
        made: Any = typing_extensions.TypedDict(annotation.__name__, optional)  # type: ignore[misc]
        made.__doc__ = annotation.__doc__
        return made
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (None, Literal, Annotated) or not arguments:
        return annotation
    inner = tuple(map(_known_to_pydantic, arguments))
    if inner == arguments:
        return annotation
    return Union[inner] if origin in (Union, types.UnionType) else origin[inner]  # noqa: UP007


def without_titles(schema: Any) -> Any:
    """Pydantic writes each name a second time, as a title."""
    if not isinstance(schema, dict):
        return schema
    made = rebuilt(schema, without_titles)
    if isinstance(made.get("title"), str):
        del made["title"]
    return made
