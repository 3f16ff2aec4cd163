"""Python functions as tools: what a call takes from the signature, what it means from the docstring.

    shop.orders:refund        one function
    shop.orders:OrderBook     the public methods of a class
    shop.orders               all public functions that the module defines

Importing a module runs it: this happens only where the user names the module himself.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.build import make_tool, make_toolkit
from funcdex.toolkits.names import name_from, toolkit_name_from
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.place import Place, refuse
from funcdex.toolkits.python_types import schema_of
from funcdex.types.tools import Tool, Toolkit

if TYPE_CHECKING:
    from docstring_parser import Docstring

_SELF = ("self", "cls")
_GATHERS = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def toolkit_of_code(source: str, notebook: Notebook) -> Toolkit:
    """The functions that `source` names. Raises ToolDefinitionError, also if importing them fails."""
    module_name, _, path = source.partition(":")
    place = Place(source)
    module = _module(module_name, place)
    target: Any = module
    for step in path.split(".") if path else ():
        target = getattr(target, step, None)
        if target is None:
            refuse(f"the module {module_name!r} has no {path!r}", place, "Correct the name.")
    toolkit = toolkit_name_from(module_name.rpartition(".")[2]) or "tools"
    tools = [
        _tool(function, name, toolkit, place, notebook) for name, function in _functions(target, module_name)
    ]
    if not tools:
        refuse("there is no public function", place, "Name a function, or a module that defines some.")
    owner = target if inspect.isclass(target) else module
    return make_toolkit(toolkit, _summary(inspect.getdoc(owner)), [(tool, place) for tool in tools], place)


def _module(name: str, place: Place) -> Any:
    """The module, found as `python` would find it in the current folder."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except Exception as error:  # a module may raise anything when it runs
        what = f"importing {name} fails: {type(error).__name__}: {error}"
        raise ToolDefinitionError(what, where=str(place), fix="Install it, or correct the name.") from error


def _functions(target: Any, module_name: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    if not inspect.ismodule(target) and not inspect.isclass(target):
        if callable(target):
            yield getattr(target, "__name__", "call"), target
        return
    for name, member in vars(target).items():
        function = member.__func__ if isinstance(member, staticmethod | classmethod) else member
        if name.startswith("_") or not inspect.isfunction(function):
            continue
        if inspect.isclass(target) or function.__module__ == module_name:
            yield name, function


def _tool(function: Callable[..., Any], name: str, toolkit: str, place: Place, notebook: Notebook) -> Tool:
    where = place.at(name)
    doc = _docstring(function)
    texts = {entry.arg_name: " ".join((entry.description or "").split()) for entry in doc.params}
    hints = _hints(function, where, notebook)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for key, parameter in _signature(function, where).parameters.items():
        if parameter.kind in _GATHERS or (key in _SELF and not properties):
            continue
        schema = schema_of(hints.get(key, parameter.annotation), where.at(key), notebook)
        text = texts.get(key)
        properties[key] = schema | ({"description": text} if text else {})
        if parameter.default is inspect.Parameter.empty:
            required.append(key)
        elif isinstance(parameter.default, str | int | float | bool):
            properties[key].setdefault("default", parameter.default)
    parameters: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        parameters["required"] = required
    response = schema_of(hints.get("return", inspect.Parameter.empty), where.at("return"), notebook)
    valid = name_from(name) or "function"
    return make_tool(
        toolkit,
        valid,
        _text_of(doc),
        parameters,
        response,
        where,
        original_name=name,
        deprecated=doc.deprecation is not None or hasattr(function, "__deprecated__"),
    )


def _docstring(function: Callable[..., Any]) -> Docstring:
    """In whatever style it is: Google's, NumPy's or Sphinx's."""
    from docstring_parser import ParseError, parse

    text = inspect.getdoc(function) or ""
    try:
        return parse(text)
    except ParseError:
        return parse(text.partition("\n\n")[0])


def _text_of(doc: Docstring) -> str:
    parts = (doc.short_description, doc.long_description)
    return " ".join(" ".join(part.split()) for part in parts if part)


def _summary(text: str | None) -> str:
    return " ".join((text or "").partition("\n\n")[0].split())


def _signature(function: Callable[..., Any], place: Place) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        refuse("it does not say what it takes", place, "Name a function that is written in Python.")


def _hints(function: Callable[..., Any], place: Place, notebook: Notebook) -> dict[str, Any]:
    """Annotations, those that are written as texts too."""
    target = function if inspect.isroutine(function) else typing.cast(Any, type(function)).__call__
    try:
        return get_type_hints(target, include_extras=True)
    except Exception as error:  # a text may name anything
        notebook.add(place.file, f"annotations cannot be followed ({error})", place.path)
        return {}
