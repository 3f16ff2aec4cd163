"""The edges that descriptions add to the graphs of a run's tools: found once for each bundle, then kept.

They are kept in the run directory, so that a resume on another machine has the very same, and in a folder of
the user's if one is named, so that other runs with the same tools need no sentence model for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import anyio.to_thread

from funcdex.errors import DedupError
from funcdex.order import Order
from funcdex.rundir.files import replace_file
from funcdex.settings.tree import Settings
from funcdex.toolkits.described import LEAST_COSINE, RULE, described_edges
from funcdex.toolkits.graph import Edge
from funcdex.toolkits.native import digest
from funcdex.types.tools import Bundle

if TYPE_CHECKING:
    from funcdex.toolkits.described import Encode

Links = Mapping[str, tuple[Edge, ...]]
"""Edges by the name of a bundle."""


async def with_links(order: Order, say: Callable[[str], None]) -> Order:
    """The order with what descriptions say of its tools, if that is asked for. The sentence model is loaded,
    in a process of its own, only where nothing is kept. Raises DedupError if it cannot be used."""
    settings = order.settings
    if settings.generation.tool_links == "names":
        return order
    if not (settings.dedup.enabled and "embedding" in settings.dedup.layers):
        say("tools are linked by names alone: for descriptions the dedup layer `embedding` has to be on")
        return order
    folders = [order.run.tool_links, *filter(None, [settings.generation.tool_links_cache])]
    links = await anyio.to_thread.run_sync(kept_links, order.bundles, settings, folders)
    missing = [bundle for bundle in order.bundles if bundle.name not in links]
    if missing:
        links |= await _found(missing, settings, folders)
    return replace(order, links=links)


def kept_links(
    bundles: Sequence[Bundle], settings: Settings, folders: Sequence[Path]
) -> dict[str, tuple[Edge, ...]]:
    """What the folders have, the first that has it. Blocks. Found in a later one, it is put in the first."""
    found: dict[str, tuple[Edge, ...]] = {}
    for bundle in bundles:
        for folder in folders:
            edges = _read(folder / _file_name(bundle, settings), {tool.name for tool in bundle.tools})
            if edges is not None:
                found[bundle.name] = edges
                if folder != folders[0]:
                    _keep(bundle, settings, edges, folders[:1])
                break
    return found


def find_links(
    bundles: Sequence[Bundle], settings: Settings, folders: Sequence[Path], encode: Encode
) -> dict[str, tuple[Edge, ...]]:
    """Finds what is not kept, and keeps it. Blocks."""
    found: dict[str, tuple[Edge, ...]] = {}
    for bundle in bundles:
        found[bundle.name] = described_edges(bundle.tools, encode)
        _keep(bundle, settings, found[bundle.name], folders)
    return found


async def _found(bundles: Sequence[Bundle], settings: Settings, folders: Sequence[Path]) -> Links:
    from funcdex.dedup.embedding import encoded, require_packages
    from funcdex.dedup.model_process import ModelProcess

    require_packages(settings.dedup.model)
    model = ModelProcess(settings.dedup.model, settings.dedup.device)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_stopped_with_us, model)
            find = partial(find_links, bundles, settings, folders, partial(encoded, model))
            try:
                links = await anyio.to_thread.run_sync(find)
            except DedupError:
                await anyio.lowlevel.checkpoint()  # It was stopped because we are to end.
                raise
            tasks.cancel_scope.cancel()
        return links
    finally:
        model.close()


async def _stopped_with_us(model: Any) -> None:
    """A thread cannot be broken off, but what it waits for can."""
    try:
        await anyio.sleep_forever()
    finally:
        model.stop()


def _file_name(bundle: Bundle, settings: Settings) -> str:
    of = json.dumps([RULE, LEAST_COSINE, settings.dedup.model, bundle.name, digest(bundle.toolkits)])
    return f"{hashlib.sha256(of.encode()).hexdigest()[:32]}.json"


def _read(path: Path, names: set[str]) -> tuple[Edge, ...] | None:
    """The edges in a file; None if it is not there, or is not what was written."""
    try:
        rows = json.loads(path.read_bytes())
        edges = tuple(
            Edge(str(source), str(field), str(target), str(parameter), float(weight))
            for source, field, target, parameter, weight in rows
        )
        if not isinstance(rows, list):
            return None
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    fine = all({edge.source, edge.target} <= names and 0 < edge.weight <= 1 for edge in edges)
    return edges if fine else None


def _keep(bundle: Bundle, settings: Settings, edges: Sequence[Edge], folders: Sequence[Path]) -> None:
    data = json.dumps([astuple(edge) for edge in edges]).encode()
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            replace_file(folder / _file_name(bundle, settings), data)
        except OSError:
            continue  # What is kept saves time, and a disk that fails is told of by the journal.
