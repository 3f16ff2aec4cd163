"""The scenario guard as a run needs it: its layers, its file in the run directory, what the journal has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager

import anyio
import anyio.to_thread

from funcdex.dedup.exact import ExactLayer
from funcdex.dedup.guard import ScenarioGuard
from funcdex.dedup.protocol import Layer
from funcdex.errors import DedupError
from funcdex.order import Order
from funcdex.rundir.layout import RunDir
from funcdex.settings.tree import DedupSettings
from funcdex.stages.plan import bundle_number
from funcdex.types.tools import Bundle


@asynccontextmanager
async def serving_guard(order: Order, scenarios: Sequence[tuple[str, str]]) -> AsyncIterator[ScenarioGuard]:
    """The guard of a run, answering as long as the block; `scenarios` are ids and texts of the journal.

    Raises DedupError: at once for a package that is missing, and out of the block if vectors have to be made
    anew and the model cannot be used.
    """
    over = anyio.Event()
    with ExitStack() as after_work, ExitStack() as at_once:
        make = anyio.to_thread.run_sync
        layers = await make(_layers, order.settings.dedup, order.run, after_work, at_once)
        guard = ScenarioGuard(layers, await make(_by_group, scenarios, order.bundles))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_serve, guard, over)
            try:
                yield guard
            finally:
                over.set()
                at_once.close()
                tasks.cancel_scope.cancel()


async def _serve(guard: ScenarioGuard, over: anyio.Event) -> None:
    try:
        await guard.serve()
    except DedupError:
        if not over.is_set():  # The model was stopped in the middle of a question otherwise.
            raise


def _layers(settings: DedupSettings, run: RunDir, after_work: ExitStack, at_once: ExitStack) -> list[Layer]:
    """The layers of the guard. The sentence model begins to load, in a process of its own.

    Whatever happens, the model is stopped by `at_once`, so that nobody waits for one that is still being
    loaded, and what its last user holds is closed by `after_work`.
    """
    if not settings.enabled:
        return [ExactLayer()]
    from funcdex.dedup.embedding import require_packages
    from funcdex.dedup.kept import KeptVectors
    from funcdex.dedup.meaning import EmbeddingLayer
    from funcdex.dedup.model_process import ModelProcess

    require_packages(settings.model)
    model = ModelProcess(settings.model, settings.device)
    after_work.callback(model.close)
    at_once.callback(model.stop)
    kept = KeptVectors(run.vectors, settings.model, model)
    after_work.callback(kept.close)
    return [ExactLayer(), EmbeddingLayer(model, settings.similarity_threshold, settings.exact_up_to, kept)]


def _by_group(scenarios: Sequence[tuple[str, str]], bundles: Sequence[Bundle]) -> dict[str, list[str]]:
    """The scenarios of each toolkit set, in their order."""
    names = [bundle.name for bundle in bundles]
    groups: dict[str, list[str]] = {}
    for id, text in scenarios:
        groups.setdefault(names[bundle_number(id, len(names))], []).append(text)
    return groups
