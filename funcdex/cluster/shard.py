"""Who decides what is new in some of the toolkit sets. Knows nothing of Ray: an actor of it has one of
these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from funcdex.cluster.decisions import Conversations, GivenVectors, Question, Scenarios
from funcdex.cluster.ledger import Ledger, next_life, read_lives
from funcdex.dedup.conversations import ConversationLayer
from funcdex.dedup.protocol import Finder, Verdict
from funcdex.guarding import layers_of
from funcdex.rundir.layout import RunDir
from funcdex.settings.dedup import DedupSettings


@dataclass(frozen=True, slots=True)
class ShardOrder:
    """Number `number` of those who decide in a session."""

    run: RunDir
    dedup: DedupSettings
    session: int
    number: int


class Shard:
    """One life of one that decides. Calls come one at a time."""

    def __init__(self, order: ShardOrder) -> None:
        path = next_life(order.run, order.session, order.number)
        ledger, vectors = Ledger(path), GivenVectors()
        self._scenarios = Scenarios(layers_of(order.dedup, _meaning(order.dedup, vectors)), vectors, ledger)
        self._conversations = Conversations(ConversationLayer(order.dedup.conversation_threshold), ledger)
        known = list(read_lives(order.run, order.session, order.number))
        self._scenarios.restore(one for one in known if one.sketch is None)
        self._conversations.restore(one for one in known if one.sketch is not None)

    def decide_scenarios(self, questions: Sequence[Question]) -> list[Verdict]:
        """The answers, in order. Raises CheckpointError."""
        answers = self._scenarios.decide(questions)
        # A slice of what was put off: some tenths of a second for each 512 past `dedup.exact_up_to`.
        self._scenarios.upkeep()
        return answers

    def decide_conversations(self, questions: Sequence[Question]) -> list[Verdict]:
        """The answers, in order. Raises CheckpointError."""
        return self._conversations.decide(questions)


def _meaning(dedup: DedupSettings, vectors: GivenVectors) -> Callable[[], Finder]:
    def made() -> Finder:
        from funcdex.dedup.meaning import MeaningFinder

        return MeaningFinder(vectors, dedup.exact_up_to)

    return made
