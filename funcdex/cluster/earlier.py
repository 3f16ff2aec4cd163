"""What earlier sessions have journaled, written down for those who will decide in this one.

What a ledger of an earlier session has is taken from there; other vectors come from the run's cache or are
made anew, other sketches are made from the journal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np

from funcdex.cluster.ledger import Admitted, first_life, forget_before, read_lives, write_first
from funcdex.dedup.exact import digest
from funcdex.dedup.sketch import Sketch, capitals_are_names, sketch_of
from funcdex.guarding import by_group
from funcdex.order import Order
from funcdex.rundir.layout import RunDir
from funcdex.rundir.reading import JournalState, WrittenConversations
from funcdex.settings.dedup import DedupSettings

if TYPE_CHECKING:
    from funcdex.dedup.kept import KeptVectors

AT_ONCE = 1024


def write_earlier(order: Order, state: JournalState, session: int, shard_of: Mapping[str, int]) -> None:
    """The first file of each ledger. Blocks. Raises CheckpointError, and DedupError where vectors have to
    be made and the model cannot be used."""
    dedup = order.settings.dedup
    scenarios = by_group(state.scenarios, order.bundles)
    written = by_group(list(state.written.items()), order.bundles)
    with ExitStack() as closing:
        vectors, sketches = _Vectors(dedup, order.run, closing), dict[str, Sketch]()
        if state.scenarios:
            for one in read_lives(order.run, None):
                if one.sketch is not None:
                    sketches[one.asker] = one.sketch
                elif one.vector is not None:
                    vectors.known[digest(one.text)] = one.vector
        for shard in sorted(set(shard_of.values())):
            groups = [group for group, of in shard_of.items() if of == shard]
            write_first(
                first_life(order.run, session, shard),
                (
                    one
                    for group in groups
                    for told in (
                        _scenarios(group, scenarios.get(group, []), vectors),
                        _conversations(order, group, written.get(group, []), sketches),
                    )
                    for one in told
                ),
            )
    forget_before(order.run, session)


def _scenarios(group: str, told: Sequence[tuple[str, str]], vectors: _Vectors) -> Iterator[Admitted]:
    for at in range(0, len(told), AT_ONCE):
        some = told[at : at + AT_ONCE]
        for (_, text), vector in zip(some, vectors.of([text for _, text in some]), strict=True):
            # Without its asker: what is journaled is never asked about again, and binds everybody.
            yield Admitted("", group, text, vector)


def _conversations(
    order: Order, group: str, told: Sequence[tuple[str, int]], known: Mapping[str, Sketch]
) -> Iterator[Admitted]:
    if not (order.settings.dedup.enabled and order.settings.dedup.conversations):
        return
    names = capitals_are_names(order.settings.generation.language)
    missing = [(id, place) for id, place in told if id not in known]
    texts = WrittenConversations(order.run, [place for _, place in missing])
    for id, _ in told:
        if id in known:
            yield Admitted(id, group, sketch=known[id])
    for at in range(0, len(missing), AT_ONCE):
        for (id, _), text in zip(missing[at : at + AT_ONCE], texts[at : at + AT_ONCE], strict=True):
            if sketch := sketch_of(text, names=names):
                yield Admitted(id, group, sketch=sketch)


class _Vectors:
    """Vectors as float16, by the digests of their texts; the model is not asked before one is missing."""

    def __init__(self, dedup: DedupSettings, run: RunDir, closing: ExitStack) -> None:
        self.known: dict[bytes, bytes] = {}
        self._dedup = dedup
        self._run = run
        self._closing = closing
        self._kept: KeptVectors | None = None

    def of(self, texts: Sequence[str]) -> list[bytes | None]:
        """Those of some texts; None where no layer needs them."""
        if not (self._dedup.enabled and "embedding" in self._dedup.layers):
            return [None] * len(texts)
        keys = [digest(text) for text in texts]
        missing = [text for text, key in zip(texts, keys, strict=True) if key not in self.known]
        made: dict[bytes, bytes] = {}
        if missing:
            vectors = self._recalled(missing)
            made = {digest(text): vector for text, vector in zip(missing, vectors, strict=True)}
        return [self.known.get(key) or made[key] for key in keys]

    def _recalled(self, texts: Sequence[str]) -> list[bytes]:
        from funcdex.dedup.embedding import require_packages
        from funcdex.dedup.kept import KeptVectors
        from funcdex.dedup.model_process import ModelProcess

        if self._kept is None:
            require_packages(self._dedup.model)
            model = ModelProcess(self._dedup.model, self._dedup.device)
            self._closing.callback(model.close)
            self._kept = KeptVectors(self._run.vectors, self._dedup.model, model)
            self._closing.callback(self._kept.close)
        return [np.ascontiguousarray(one).tobytes() for one in self._kept.recall(texts).astype("<f2")]
