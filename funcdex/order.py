"""What is to be done: settings, tools and run directory together, from flags or from a manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from funcdex.catalogue.named import read_named
from funcdex.errors import CheckpointError
from funcdex.export.lines import history_lines
from funcdex.rundir.files import replace_file
from funcdex.rundir.journal import append_entries
from funcdex.rundir.layout import RunDir
from funcdex.rundir.manifest import (
    Manifest,
    differences,
    new_manifest,
    read_manifest,
    refuse_changes,
    settings_of,
    write_manifest,
)
from funcdex.rundir.outputs import reconcile
from funcdex.rundir.quarantine import quarantine
from funcdex.rundir.reading import JournalState, journal_items, read_journal
from funcdex.rundir.segments import shut_out_earlier
from funcdex.settings.load import endpoints_from
from funcdex.settings.tree import Settings
from funcdex.stages.plan import plan_of, shown_tools
from funcdex.stages.prompt import prompt_versions
from funcdex.toolkits.graph import Edge
from funcdex.toolkits.load import load_document
from funcdex.toolkits.native import digest, dump_native
from funcdex.toolkits.predecessor import wanted_specs
from funcdex.toolkits.read import read_toolkits
from funcdex.toolkits.select import make_bundles
from funcdex.types.record import Draft, Entry, Line, Restarted, StageDone, fold
from funcdex.types.tools import Bundle, Tool, Toolkit

NEVER_CHANGES = ("seed", "toolkits", "tools_digest")
"""What the plans of a run follow from: with another value, what is done would belong to other plans."""


@dataclass(frozen=True, slots=True)
class Order:
    """A run to begin or to go on with. `notes` are for the user: what was left out of the tool files. `links`
    are edges of tools beyond those of their names, by bundle; see `tool_links.py`."""

    run: RunDir
    settings: Settings
    bundles: tuple[Bundle, ...]
    retry_rejected: bool = False
    accept_changes: bool = False
    notes: tuple[str, ...] = ()
    links: Mapping[str, tuple[Edge, ...]] = field(default_factory=dict)

    @property
    def toolkits(self) -> tuple[Toolkit, ...]:
        """The toolkits of all bundles, each once."""
        found = {kit.name: kit for bundle in self.bundles for kit in bundle.toolkits}
        return tuple(found[name] for name in sorted(found))


def order_from(
    path: Path, settings: Settings, *, retry_rejected: bool = False, accept_changes: bool = False
) -> Order:
    """An order from settings. Raises ConfigError, ToolDefinitionError and CatalogueError."""
    specs = _specs(settings)
    result = read_named(specs, settings.tools, settings.catalog, settings.tool_references)
    bundles = make_bundles(specs, result.toolkits)
    # By name, so that a resume needs neither the file of wanted toolkits nor the tool files or the catalogue.
    named = {"toolkits": tuple(bundle.name for bundle in bundles), "wanted_toolkits": None}
    notes = tuple(f"{note.where}: {note.what}" for note in result.notes)
    settings = settings.model_copy(update=named)
    return Order(RunDir(path), settings, bundles, retry_rejected, accept_changes, notes)


def order_to_resume(
    path: Path,
    endpoints: Sequence[str] | None = None,
    count: int | None = None,
    drain_timeout_s: float | None = None,
    *,
    retry_rejected: bool = False,
) -> Order:
    """An order from what lies in a run directory, with other endpoints, count or time to drain if given.

    Raises CheckpointError, and ConfigError for `endpoints`.
    """
    run = RunDir(path)
    settings = settings_of(read_manifest(run), run)
    changes: dict[str, object] = {
        "endpoints": endpoints_from(endpoints) if endpoints else None,
        "count": count,
    }
    if drain_timeout_s is not None:
        changes["pool"] = settings.pool.model_copy(update={"drain_timeout_s": drain_timeout_s})
    settings = settings.model_copy(update={key: value for key, value in changes.items() if value is not None})
    bundles = make_bundles(settings.toolkits, read_toolkits([run.tools]).toolkits)
    return Order(run, settings, bundles, retry_rejected)


def tools_of_conversation(path: Path, id: str) -> tuple[tuple[Tool, ...], Settings, Draft]:
    """The tools that a conversation of a run was shown, the run's settings, and what was known of it when the
    tools were chosen. Raises CheckpointError."""
    order = order_to_resume(path)
    entries, restarts = list[StageDone](), Counter[str]()
    for entry in journal_items(order.run):
        if isinstance(entry, StageDone) and entry.id == id:
            entries.append(entry)
        elif isinstance(entry, Restarted):
            restarts[entry.id] += 1
    last = {entry.stage: entry for entry in entries}
    if "tools" not in last:
        raise CheckpointError(
            f"no tools were chosen for {id!r}", where=str(path), fix="Name a conversation that came so far."
        )
    plan = plan_of(id, order.settings, order.bundles, restarts[id])
    draft = fold(plan, [last[stage] for stage in ("outline", "tools") if stage in last])
    return shown_tools(draft, order.bundles), order.settings, draft


def prepare(order: Order) -> JournalState:
    """Writes or compares the manifest, mends the journal, and says what is done; the outputs are for `mend`.
    Blocks; needs the lock.

    Raises CheckpointError if the run was begun with other settings and changes are not accepted.
    """
    tools_digest = digest(order.toolkits)
    asked = new_manifest(
        order.settings, tools_digest=tools_digest, prompts=prompt_versions(), now=datetime.now(UTC)
    )
    if order.run.exists:
        _go_on(order, read_manifest(order.run), asked)
    else:
        replace_file(order.run.tools, dump_native(order.toolkits).encode())
        write_manifest(order.run, asked)
    shut_out_earlier(order.run)
    state = read_journal(order.run)
    quarantine(order.run, state.damaged)
    restarted = [Restarted(id) for id in state.rejected_ids] if order.retry_rejected else []
    if restarted:
        append_entries(order.run, restarted)
    if restarted or state.damaged:  # Entries have been added, or stand elsewhere now.
        state = replace(read_journal(order.run), damaged=state.damaged)
    return state


def mend(order: Order, state: JournalState) -> None:
    """Makes the outputs agree with the journal, which says `state`. Blocks, for a large run tens of seconds;
    the outputs may not be open. Raises CheckpointError."""
    reconcile(order.run, state, partial(_lines_of, order, state.restarts))


def _go_on(order: Order, begun: Manifest, asked: Manifest) -> None:
    # A setting that came after the run was begun has its default in both, so nothing has changed.
    begun = replace(begun, settings=settings_of(begun, order.run).model_dump(mode="json"))
    fixed = [one for one in differences(begun, asked) if one.key.split(".")[0] in NEVER_CHANGES]
    if fixed:
        raise CheckpointError(
            f"the run was begun with another plan: {'; '.join(map(str, fixed))}",
            where=str(order.run.manifest),
            fix="Go on with `funcdex resume`, or begin another run with --run.",
        )
    if not order.accept_changes:
        refuse_changes(begun, asked, order.run)
    write_manifest(order.run, replace(asked, created_at=begun.created_at))


def _lines_of(order: Order, restarts: Mapping[str, int], id: str, entries: Sequence[Entry]) -> Sequence[Line]:
    plan = plan_of(id, order.settings, order.bundles, restarts.get(id, 0))
    return history_lines(plan, entries, lambda draft: shown_tools(draft, order.bundles))


def _specs(settings: Settings) -> tuple[str, ...]:
    """The toolkits asked for: by name, or by the file that lists them; () for all."""
    if settings.toolkits or settings.wanted_toolkits is None:
        return settings.toolkits
    return wanted_specs(load_document(settings.wanted_toolkits), str(settings.wanted_toolkits))
