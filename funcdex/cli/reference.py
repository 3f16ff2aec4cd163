"""The reference of all commands as Markdown, made from the commands themselves (`docs/cli.md`)."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo

INTRODUCTION = """# Commands

Every command has `--help`. Long work shows progress on standard error; what a program would read goes to
standard output.

| exit code | meaning |
| --- | --- |
| 0 | all that was asked is done |
| 1 | an internal error: please report it |
| 2 | wrong use or configuration, or a file with faults |
| 3 | stopped before the end; `funcdex resume` goes on |
| 4 | no endpoint usable |
| 5 | finished, but fewer accepted than asked, or damaged records left out of an export |
| 130 | interrupted; `funcdex resume` goes on |
"""


_WORDS = {str: "TEXT", int: "N", float: "X", Path: "PATH"}


@dataclass(frozen=True, slots=True)
class _Parameter:
    """One argument or option. `kinds` are its types but None: those of the items where it is a list."""

    name: str
    told: OptionInfo | ArgumentInfo
    kinds: tuple[Any, ...]
    many: bool
    default: Any


def as_markdown() -> str:
    """The whole page."""
    from funcdex.cli.app import app

    parts = [part for path, command in _commands(app, "funcdex") for part in _section(path, command)]
    return INTRODUCTION + "\n" + "\n".join(parts).rstrip() + "\n"


def _commands(app: typer.Typer, path: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every command that does something, with the words that call it."""
    for command in app.registered_commands:
        assert command.callback is not None
        yield f"{path} {command.name or command.callback.__name__.strip('_')}", command.callback
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from _commands(group.typer_instance, f"{path} {group.name}")


def _section(path: str, command: Callable[..., Any]) -> Iterator[str]:
    yield f"## {path}"
    yield ""
    text, *examples = re.split(r"^Example: ", inspect.getdoc(command) or "", flags=re.M)
    yield from _paragraphs(text)
    if examples:
        yield "```text"
        yield from (" ".join(one.split()) for one in examples)
        yield "```"
        yield ""
    found = list(_parameters(command))
    arguments = [one for one in found if isinstance(one.told, ArgumentInfo)]
    options = [one for one in found if isinstance(one.told, OptionInfo)]
    yield from _table("argument", [(_argument(one), _help(one)) for one in arguments])
    yield from _table("option", [(_option(one), _help(one)) for one in options])


def _parameters(command: Callable[..., Any]) -> Iterator[_Parameter]:
    # From the signatures, not from what typer makes of them, which differs from version to version.
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        kind, told = get_args(hints[name])[:2]
        if getattr(told, "hidden", False):
            continue
        kinds = [one for one in _alternatives(kind) if one is not type(None)]
        many = get_origin(kinds[0]) is list
        if many:
            kinds = list(_alternatives(get_args(kinds[0])[0]))
        yield _Parameter(name, told, tuple(kinds), many, parameter.default)


def _alternatives(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _paragraphs(text: str) -> Iterator[str]:
    for part in re.split(r"\n\s*\n", text.replace("\b", "")):
        if part.strip():
            yield _plain(" ".join(part.split()))
            yield ""


def _table(what: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    if rows:
        yield f"| {what} | meaning |"
        yield "| --- | --- |"
        yield from (f"| {name} | {meaning} |" for name, meaning in rows)
        yield ""


def _argument(one: _Parameter) -> str:
    name = str(one.told.metavar or one.name).upper() + (" ..." if one.many else "")
    return f"`{name}`" if one.default is inspect.Parameter.empty else f"`[{name}]`"


def _option(one: _Parameter) -> str:
    told = ", ".join(f"`{name}`" for pair in _names(one) for name in pair.split("/"))
    if one.kinds == (bool,):
        return told
    said = "repeatable" in (one.told.help or "")
    return f"{told} {_value(one)}" + (", repeatable" if one.many and not said else "")


def _names(one: _Parameter) -> list[str]:
    # In an annotation the first name stands where a default would.
    named = [str(name) for name in (one.told.default, *(one.told.param_decls or ())) if str(name)[:1] == "-"]
    plain = one.name.replace("_", "-")
    return named or [f"--{plain}/--no-{plain}" if one.kinds == (bool,) else f"--{plain}"]


def _value(one: _Parameter) -> str:
    if one.told.metavar:
        return str(one.told.metavar)
    if get_origin(one.kinds[0]) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(one.kinds[0]))
    return _WORDS.get(one.kinds[0], "VALUE")


def _help(one: _Parameter) -> str:
    notes = (
        ["required"] if isinstance(one.told, OptionInfo) and one.default is inspect.Parameter.empty else []
    )
    if one.told.min is not None:
        notes.append(f"at least {one.told.min:g}")
    if one.told.max is not None:
        notes.append(f"at most {one.told.max:g}")
    if isinstance(one.default, str | int | float) and not isinstance(one.default, bool) and one.default != "":
        notes.append(f"default {one.default}")
    return _plain(one.told.help or "") + (f" ({', '.join(notes)})" if notes else "")


def _plain(text: str) -> str:
    """As text that Markdown shows as it stands in a table."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("[", "\\[")
