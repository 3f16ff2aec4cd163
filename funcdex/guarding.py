"""The guards as a run needs them: their layers, their file in the run directory, what the journal has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, closing
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread

from funcdex.dedup.conversations import ConversationLayer
from funcdex.dedup.exact import ExactLayer
from funcdex.dedup.examples import Examples
from funcdex.dedup.guard import ScenarioGuard
from funcdex.dedup.kept_sketches import KeptSketches
from funcdex.dedup.likeness import LikenessLayer
from funcdex.dedup.masked import masked_layer
from funcdex.dedup.protocol import Finder, Layer
from funcdex.dedup.rules import OFF, Thresholds
from funcdex.dedup.wording import WordingFinder
from funcdex.errors import DedupError
from funcdex.order import Order
from funcdex.rundir.layout import RunDir
from funcdex.rundir.reading import WrittenConversations
from funcdex.settings.dedup import DedupSettings
from funcdex.stages.plan import bundle_number
from funcdex.types.tools import Bundle

if TYPE_CHECKING:
    from funcdex.dedup.meaning import MeaningFinder

T = TypeVar("T")


@asynccontextmanager
async def serving_guard(order: Order, scenarios: Sequence[tuple[str, str]]) -> AsyncIterator[ScenarioGuard]:
    """The guard of a run, answering as long as the block; `scenarios` are ids and texts of the journal.

    Raises DedupError: at once for a package that is missing, and out of the block if vectors have to be made
    anew and the model cannot be used.
    """
    over = anyio.Event()
    with ExitStack() as after_work, ExitStack() as at_once:
        make = anyio.to_thread.run_sync
        meaning = partial(_meaning_finder, order.settings.dedup, order.run, after_work, at_once)
        layers = await make(layers_of, order.settings.dedup, meaning)
        groups = await make(by_group, scenarios, order.bundles)
        guard = ScenarioGuard(layers, {name: [text for _, text in each] for name, each in groups.items()})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_serve, guard, over)
            try:
                yield guard
            finally:
                over.set()
                at_once.close()
                tasks.cancel_scope.cancel()


@asynccontextmanager
async def serving_conversations(
    order: Order, written: Mapping[str, int]
) -> AsyncIterator[ScenarioGuard | None]:
    """The guard of finished conversations, answering as long as the block; None if none is wanted. `written`
    says where in the journal the entry of each stands."""
    dedup = order.settings.dedup
    if not (dedup.enabled and dedup.conversations):
        yield None
        return
    groups = await anyio.to_thread.run_sync(by_group, list(written.items()), order.bundles)
    earlier = {
        name: WrittenConversations(order.run, [place for _, place in each]) for name, each in groups.items()
    }
    language = order.settings.generation.language
    with closing(KeptSketches(order.run.sketches, language)) as kept:
        layer = ConversationLayer(dedup.conversation_threshold, language, kept)
        guard = ScenarioGuard([layer], earlier, with_examples=False)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(guard.serve)
            yield guard
            tasks.cancel_scope.cancel()


async def _serve(guard: ScenarioGuard, over: anyio.Event) -> None:
    try:
        await guard.serve()
    except DedupError:
        if not over.is_set():  # The model was stopped in the middle of a question otherwise.
            raise


def layers_of(settings: DedupSettings, meaning: Callable[[], Finder]) -> list[Layer]:
    """The layers that scenarios go through; `meaning` makes the finder that needs vectors, if it is
    wanted."""
    layers: list[Layer] = [ExactLayer()]
    if not settings.enabled:
        return layers
    if "masked" in settings.layers:
        layers.append(masked_layer())
    finders: list[Finder] = [WordingFinder()] if "words" in settings.layers else []
    if "embedding" in settings.layers:
        finders.append(meaning())
    if finders:
        adjudicated = settings.adjudicator_candidates if settings.adjudicator else 0
        layers.append(LikenessLayer(finders, thresholds_of(settings), adjudicated))
    return layers


def examples_of(scenarios: Sequence[tuple[str, str]], bundles: Sequence[Bundle]) -> dict[str, Examples]:
    """What writers are shown of the scenarios of earlier sessions, by toolkit set."""
    shown: dict[str, Examples] = {}
    for group, some in by_group(scenarios, bundles).items():
        shown[group] = Examples(group)
        shown[group].add(text for _, text in some)
    return shown


def thresholds_of(settings: DedupSettings) -> Thresholds:
    """What the settings ask of pairs; a layer that is left out decides nothing."""
    by_words = "words" in settings.layers
    return Thresholds(
        words=settings.words_threshold if by_words else OFF,
        rouge_l=settings.rouge_l_threshold if by_words else OFF,
        embedding=settings.similarity_threshold if "embedding" in settings.layers else OFF,
        unsettled=settings.unsettled_similarity,
    )


def _meaning_finder(
    settings: DedupSettings, run: RunDir, after_work: ExitStack, at_once: ExitStack
) -> MeaningFinder:
    """The sentence model begins to load, in a process of its own.

    Whatever happens, the model is stopped by `at_once`, so that nobody waits for one that is still being
    loaded, and what its last user holds is closed by `after_work`.
    """
    from funcdex.dedup.embedding import require_packages
    from funcdex.dedup.kept import KeptVectors
    from funcdex.dedup.meaning import MeaningFinder
    from funcdex.dedup.model_process import ModelProcess

    require_packages(settings.model)
    model = ModelProcess(settings.model, settings.device)
    after_work.callback(model.close)
    at_once.callback(model.stop)
    kept = KeptVectors(run.vectors, settings.model, model)
    after_work.callback(kept.close)
    return MeaningFinder(model, settings.exact_up_to, kept)


def by_group(told: Sequence[tuple[str, T]], bundles: Sequence[Bundle]) -> dict[str, list[tuple[str, T]]]:
    """What is told of ids, by toolkit set, in its order."""
    names = [bundle.name for bundle in bundles]
    groups: dict[str, list[tuple[str, T]]] = {}
    for id, one in told:
        groups.setdefault(names[bundle_number(id, len(names))], []).append((id, one))
    return groups
