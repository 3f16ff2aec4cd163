"""What people decided by hand about records, carried out on the way into an export.

Rejected ones are left out, rejected ones of the run that somebody accepted are taken in, and an edited
text stands in the place of the recorded one if it passes verification now.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from funcdex.dataset.source import Damages, Source, samples_of
from funcdex.dml.parser import parse
from funcdex.errors import FuncdexError, MarkupError
from funcdex.export.loss_mask import faulty_turns, loss_mask
from funcdex.export.messages import to_messages
from funcdex.export.sample import Record, Sample
from funcdex.printable import one_line
from funcdex.rundir.manifest import read_manifest, settings_of
from funcdex.rundir.review import Review, read_reviews, review_path
from funcdex.settings.tree import Settings
from funcdex.settings.verify import VerifySettings
from funcdex.types.record import OutputName
from funcdex.validate import faults_of, read_given, read_tools, toolkits_beside
from funcdex.verify.verify import ALL_CHECKS

MOST_NAMED = 20
_WRITTEN: tuple[OutputName, ...] = (
    "scored_conversations",
    "conversations_with_system_prompts",
    "conversations",
    "rejected",
)
"""Where a rejected conversation stands with all that is known of it, the fullest first. One that was given up
while it was written stands in the last alone."""


@dataclass(slots=True)
class ByHand:
    """What was done: records left out, taken in, edited, and edits that were not used, the first of them
    named."""

    rejected: int = 0
    accepted: int = 0
    edited: int = 0
    not_used: list[str] = field(default_factory=list)
    not_used_count: int = 0

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        unused = {"count": self.not_used_count, "first": self.not_used}
        return {
            "left_out": self.rejected,
            "taken_in": self.accepted,
            "edited": self.edited,
            "not_used": unused,
        }

    def refuse(self, id: str, why: str) -> None:
        """A decision that cannot be carried out."""
        self.not_used_count += 1
        if len(self.not_used) < MOST_NAMED:
            self.not_used.append(f"{one_line(id, 80)}: {one_line(why, 300)}")


class Reviewed:
    """The records of a source as they are after what was decided. They may be gone through more than once;
    what was done is counted anew each time, in `by_hand`."""

    def __init__(self, source: Source, reviews: Mapping[str, Review]) -> None:
        self.source, self._reviews = source, reviews
        self.by_hand = ByHand()
        self._beside = toolkits_beside(source.path) if reviews else {}
        self._settings = _settings_of(source)

    def records(self, damages: Damages) -> Iterator[tuple[int, Record]]:
        """Line number and record; those that are taken in follow, with negative numbers."""
        self.by_hand = ByHand()
        seen: set[str] = set()
        for number, record in self.source.records(damages):
            key = str(record.get("id") or f"line_{number:06d}")
            # A second record of the same id is known to the viewer by its line, too.
            key = f"{key}~{number}" if key in seen else key
            seen.add(key)
            review = self._reviews.get(key)
            if review is None:
                yield number, record
            elif review.decision == "rejected":
                self.by_hand.rejected += 1
            else:
                yield number, self._edited(key, record, review)
        wanted = {id for id, one in self._reviews.items() if one.decision == "accepted"} - seen
        yield from self._taken_in(wanted)

    def samples(self, damages: Damages) -> Iterator[tuple[int, Record, Sample]]:
        """Line number, record, and the sample of each record that is one."""
        return samples_of(self.records(damages), damages)

    def _taken_in(self, wanted: set[str]) -> Iterator[tuple[int, Record]]:
        run = self.source.run
        if run is None or self.source.path != run.output("parsed_conversations"):
            return
        number = 0
        for name in _WRITTEN:
            if not wanted or not os.path.isfile(run.output(name)):
                continue
            for _, record in Source(run.output(name), run).records(Damages()):
                id = str(record.get("id"))
                if id not in wanted or not isinstance(record.get("conversation_dml"), str):
                    continue
                wanted.discard(id)
                number -= 1
                if (taken := self._taken(id, record, was_written=name != "rejected")) is not None:
                    self.by_hand.accepted += 1
                    yield number, taken
        for id in sorted(wanted):
            self.by_hand.refuse(id, "accepted by hand, but the run kept no conversation of it")

    def _taken(self, id: str, record: Record, *, was_written: bool) -> Record | None:
        """A rejected record as it would have been kept. What was given up while it was `written` has faults:
        it is taken only with an edit that has none."""
        review = self._reviews[id]
        text = review.edit.dml if review.edit else record["conversation_dml"]
        if was_written or self._passes(record, text):
            return self._edited(id, _as_kept(record), review)
        self.by_hand.refuse(id, "accepted by hand, but its text has faults: edit it first")
        return None

    def _passes(self, record: Record, dml: str) -> bool:
        try:
            return not self._why_unfit(record, dml)
        except (MarkupError, KeyError, TypeError, ValueError, AttributeError):
            return False

    def _edited(self, id: str, record: Record, review: Review) -> Record:
        if review.edit is None:
            return record
        try:
            why = self._why_unfit(record, review.edit.dml)
        except MarkupError as error:
            why = str(error)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            why = f"its record cannot be read: {error}"
        if why:
            self.by_hand.refuse(id, f"the edit is not used: {why}")
            return record
        self.by_hand.edited += 1
        return {**record, "messages": to_messages(parse(review.edit.dml)), "loss_mask": None}

    def _why_unfit(self, record: Record, dml: str) -> str:
        """The first fault of an edited text; empty if there is none."""
        settings = self._settings
        language = settings.generation.language if settings else None
        checks: VerifySettings = settings.verify if settings else ALL_CHECKS
        tools, given = read_tools(record, self._beside), read_given(record, language)
        faults = faults_of(record, parse(dml), tools, given, checks)
        return f"{faults[0].reason}: {faults[0].detail}" if faults else ""


def reviewed(source: Source, *, honour: bool = True) -> Reviewed:
    """The source after what was decided about it; `honour`: False leaves all decisions aside. Raises
    CheckpointError."""
    return Reviewed(source, read_reviews(review_path(source.path)) if honour else {})


def _as_kept(record: Record) -> Record:
    """A record of what was written, as it would stand among those that were kept."""
    lineage = record.get("lineage")
    verdicts = lineage.get("verdicts") if isinstance(lineage, dict) else None
    try:
        messages = to_messages(parse(record["conversation_dml"]))
        mask = loss_mask(messages, faulty_turns(verdicts))
        told = record.get("metadata")
        scenario = told.get("scenario") if isinstance(told, dict) else record.get("scenario")
        return {**record, "messages": messages, "loss_mask": mask, "scenario": scenario}
    except (MarkupError, KeyError, TypeError):
        return record


def _settings_of(source: Source) -> Settings | None:
    if source.run is None:
        return None
    try:
        return settings_of(read_manifest(source.run), source.run)
    except FuncdexError:
        return None
