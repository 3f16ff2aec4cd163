"""Which toolkits are used together, and which of their tools a conversation gets to see."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from itertools import islice, zip_longest
from typing import NoReturn

from funcdex.errors import ConfigError
from funcdex.types.tools import Bundle, Tool, Toolkit

_NAMED_AT_MOST = 12


def parse_toolkit_spec(spec: str) -> tuple[str, ...]:
    """`googledrive+gmail` as ("googledrive", "gmail"). Raises ConfigError."""
    names = tuple(name.strip() for name in spec.split("+"))
    if not all(names):
        _refuse(f"{spec!r} names no toolkit", "Write gmail, or googledrive+gmail for a bundle.")
    if len(set(names)) < len(names):
        _refuse(f"{spec!r} names a toolkit twice", "Name each toolkit of a bundle once.")
    return names


def make_bundles(specs: Sequence[str], toolkits: Iterable[Toolkit]) -> tuple[Bundle, ...]:
    """The bundles that `specs` name, each once, in their order; without specs one of each toolkit.

    `gmail+jira` and `jira+gmail` are the same bundle. Raises ConfigError, which names the nearest
    toolkit where one is unknown.
    """
    by_name = {toolkit.name: toolkit for toolkit in toolkits}
    if not by_name:
        _refuse("there are no toolkits", "Give tool definitions with --tools.")
    wanted = [parse_toolkit_spec(spec) for spec in specs] or [(name,) for name in by_name]
    once = {frozenset(names): names for names in reversed(wanted)}
    kept = [names for names in dict.fromkeys(wanted) if once[frozenset(names)] == names]
    return tuple(Bundle(tuple(_known(name, by_name) for name in names)) for names in kept)


def sample_tools(tools: Sequence[Tool], most: int, rng: random.Random) -> tuple[Tool, ...]:
    """The tools a conversation may come to need: all there are, or `most` of them if they are too many.

    A sample holds the same number of each toolkit, or nearly, and keeps the order of the tools.
    """
    if len(tools) <= most:
        return tuple(tools)
    queues: dict[str, list[Tool]] = {}
    for tool in tools:
        queues.setdefault(tool.toolkit, []).append(tool)
    for queue in queues.values():
        rng.shuffle(queue)
    rounds = (tool for row in zip_longest(*queues.values()) for tool in row if tool is not None)
    chosen = {tool.name for tool in islice(rounds, max(most, 1))}
    return tuple(tool for tool in tools if tool.name in chosen)


def choose_shown(
    tools: Sequence[Tool], needed: Sequence[str], distractors: int, max_tools: int, rng: random.Random
) -> tuple[Tool, ...]:
    """The tools a conversation is written with: those needed and `distractors` others, shuffled by `rng`.

    At most `max_tools` (of the needed ones the first), and at least one. Needed names that are none of the
    tools' are passed over. The same arguments and state of `rng` give the same tools.
    """
    by_name = {tool.name: tool for tool in tools}
    limit = max(max_tools, 1)
    chosen = [name for name in dict.fromkeys(needed) if name in by_name][:limit]
    others = [name for name in by_name if name not in chosen]
    room = min(distractors, limit - len(chosen), len(others))
    chosen += rng.sample(others, max(room, 0 if chosen else 1))
    rng.shuffle(chosen)
    return tuple(by_name[name] for name in chosen)


def _known(name: str, by_name: dict[str, Toolkit]) -> Toolkit:
    if name in by_name:
        return by_name[name]
    near = _nearest(name, by_name)
    names = sorted(by_name)
    listed = ", ".join(names[:_NAMED_AT_MOST]) + (" ..." if len(names) > _NAMED_AT_MOST else "")
    _refuse(
        f"no toolkit is called {name!r}",
        f"Did you mean {near!r}?" if near else f"Toolkits are {listed}.",
    )


def _nearest(name: str, names: Collection[str]) -> str | None:
    """The most alike name, whatever the case."""
    folded = {known.casefold(): known for known in names}
    near = get_close_matches(name.casefold(), folded, n=1)
    return folded[near[0]] if near else None


def _refuse(what: str, fix: str) -> NoReturn:
    raise ConfigError(what, where="toolkits", fix=fix)
