"""What is new in some toolkit sets, whoever asks: the layers of one machine, behind a ledger.

One call is one step: a batch is decided, what is new is in the ledger's file and durable, then it is
answered. So who decides can die at any moment. The next one reads the file and knows what was admitted, in
which order; a question whose answer was lost is asked again and gets the same answer, because the ledger
knows who asked.

An asker that comes with another text has lost its first one, together with the process that was about to
journal it. What the first one forbids does not bind it: see `_is_its_own`.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from funcdex.cluster.ledger import Admitted, Ledger
from funcdex.dedup.conversations import ConversationLayer
from funcdex.dedup.exact import normalised
from funcdex.dedup.index import FloatArray
from funcdex.dedup.masked import masked_form
from funcdex.dedup.protocol import Duplicate, Layer, Unsettled, Verdict, decided
from funcdex.dedup.sketch import Sketch

T = TypeVar("T")

REMEMBERED = 65_536
"""Latest admissions whose askers are known: many more than are on their way to the journal at a time."""
RESTORED_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Question:
    """Whether `text` of the toolkit set `group` is new; `vector` is what the sentence model makes of it, as
    float16, None without one. Of a conversation there is the sketch in place of both."""

    asker: str
    group: str
    text: str = ""
    vector: bytes | None = None
    sketch: Sketch | None = None


class GivenVectors:
    """An embedder of texts whose vectors have come with them."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def give(self, vectors: Mapping[str, bytes]) -> None:
        """Texts and their vectors, in place of those before."""
        self._known = dict(vectors)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """See `Embedder.encode`. KeyError for a text that was not given."""
        data = b"".join(self._known[text] for text in texts)
        return np.frombuffer(data, "<f2").reshape(len(texts), -1).astype(np.float32)


class Scenarios:
    """Says of scenarios whether they are new."""

    def __init__(self, layers: Sequence[Layer], vectors: GivenVectors, ledger: Ledger) -> None:
        self._layers = layers
        self._vectors = vectors
        self._ledger = ledger
        self._latest: OrderedDict[str, tuple[str, Verdict]] = OrderedDict()

    def restore(self, admitted: Iterable[Admitted]) -> None:
        """Takes in what the ledger has, in its order."""
        waiting: defaultdict[str, list[Admitted]] = defaultdict(list)
        for one in admitted:
            waiting[one.group].append(one)
            if one.asker:
                self._remember(one.asker, one.text, one.verdict)
            if len(waiting[one.group]) == RESTORED_AT_ONCE:
                self._insert(one.group, waiting.pop(one.group))
        for group, some in waiting.items():
            self._insert(group, some)

    def decide(self, questions: Sequence[Question]) -> list[Verdict]:
        """The answers, in order. Blocks until they are durable. Raises CheckpointError."""
        answers: list[Verdict] = [None] * len(questions)
        fresh: list[int] = []
        for place, question in enumerate(questions):
            known = self._latest.get(question.asker)
            if known and known[0] == question.text:
                answers[place] = known[1]
            else:
                fresh.append(place)
        self._give(questions)
        verdicts = decided(self._layers, [(questions[at].group, questions[at].text) for at in fresh])
        admitted: list[Admitted] = []
        for place, verdict in zip(fresh, verdicts, strict=True):
            question = questions[place]
            if isinstance(verdict, Duplicate) and self._is_its_own(question, verdict):
                for layer in self._layers:
                    layer.insert(question.group, [question.text])
                verdict = None
            answers[place] = verdict
            if not isinstance(verdict, Duplicate):
                self._remember(question.asker, question.text, verdict)
                admitted.append(
                    Admitted(question.asker, question.group, question.text, question.vector, verdict)
                )
        self._ledger.add(admitted)
        return answers

    def upkeep(self) -> bool:
        """See `Layer.upkeep`."""
        return any(layer.upkeep() for layer in self._layers)

    def _is_its_own(self, question: Question, verdict: Duplicate) -> bool:
        """Whether a text repeats nothing but what its asker had admitted and then lost. Layers of digests
        name the text itself as the one that it repeats."""
        known = self._latest.get(question.asker)
        if known is None:
            return False
        lost = known[0]
        if verdict.of == lost:
            return True
        of_itself = verdict.of == question.text
        masked = masked_form(lost)
        return of_itself and (
            normalised(lost) == normalised(question.text)
            or (masked is not None and masked == masked_form(question.text))
        )

    def _insert(self, group: str, some: Sequence[Admitted]) -> None:
        self._vectors.give({one.text: one.vector for one in some if one.vector is not None})
        for layer in self._layers:
            layer.insert(group, [one.text for one in some])

    def _give(self, questions: Sequence[Question]) -> None:
        self._vectors.give({one.text: one.vector for one in questions if one.vector is not None})

    def _remember(self, asker: str, text: str, verdict: Verdict) -> None:
        _remember(self._latest, asker, (text, verdict if isinstance(verdict, Unsettled) else None))


class Conversations:
    """The same of finished conversations, by their sketches."""

    def __init__(self, layer: ConversationLayer, ledger: Ledger) -> None:
        self._layer = layer
        self._ledger = ledger
        self._latest: OrderedDict[str, Sketch] = OrderedDict()

    def restore(self, admitted: Iterable[Admitted]) -> None:
        """Takes in what the ledger has."""
        for one in admitted:
            if one.sketch is not None:
                self._layer.insert_sketch(one.group, one.sketch)
                if one.asker:
                    _remember(self._latest, one.asker, one.sketch)

    def decide(self, questions: Sequence[Question]) -> list[Verdict]:
        """The answers, in order. Blocks until they are durable. Raises CheckpointError."""
        answers: list[Verdict] = []
        admitted: list[Admitted] = []
        for question in questions:
            known, sketch = self._latest.get(question.asker), question.sketch
            if sketch is None or (known is not None and _same(known, sketch)):
                answers.append(None)
                continue
            if known is not None:
                self._layer.withdraw(question.group, known)
            answers.append(self._layer.admit_sketch(question.group, sketch))
            if answers[-1] is None:
                _remember(self._latest, question.asker, sketch)
                admitted.append(Admitted(question.asker, question.group, sketch=sketch))
        self._ledger.add(admitted)
        return answers


def _remember(latest: OrderedDict[str, T], asker: str, what: T) -> None:
    latest[asker] = what
    latest.move_to_end(asker)
    if len(latest) > REMEMBERED:
        latest.popitem(last=False)


def _same(one: Sketch, other: Sketch) -> bool:
    return (one.said, one.calls) == (other.said, other.calls) and bool((one.words == other.words).all())
