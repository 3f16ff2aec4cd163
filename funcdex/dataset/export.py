"""An export from its order to its folder, one record at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from funcdex.dataset.card import card
from funcdex.dataset.charts import FOLDER as PICTURES
from funcdex.dataset.charts import pictures_of
from funcdex.dataset.figures import Figures
from funcdex.dataset.folder import REPORT, becoming, refuse_existing
from funcdex.dataset.preferences import NOT_KEPT, Pairs, earlier_versions, pairs_of
from funcdex.dataset.reviewed import ByHand, reviewed
from funcdex.dataset.source import Damages, Source, source_of
from funcdex.dataset.split import TRAIN, Split, SplitOrder, split, trait_of
from funcdex.dataset.writers import LinesWriter, ParquetWriter, Writer, require_parquet
from funcdex.errors import ConfigError
from funcdex.export.changes import changed, masked, without_tools
from funcdex.export.formats.protocol import Format, Placed
from funcdex.export.options import Options
from funcdex.export.sample import Sample

PREFERENCES = "preferences"


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What is asked. `out` becomes the export; `split` is None where all records are `train`; with `plots`
    the card has pictures. `review`: what was decided by hand counts."""

    source: Path
    out: Path
    format: Format
    options: Options = field(default_factory=Options)
    split: SplitOrder | None = None
    preferences: bool = False
    shard_bytes: int = 500_000_000
    plots: bool = False
    force: bool = False
    review: bool = True


@dataclass(frozen=True, slots=True)
class Exported:
    """What became of it. `rows` counts by file or shards, `report` is what stands in the folder."""

    path: Path
    figures: Figures
    damages: Damages
    by_hand: ByHand
    rows: Mapping[str, int]
    report: Mapping[str, Any]


def export(order: ExportOrder) -> Exported:
    """Carries the order out. Blocks. Raises ConfigError, and then leaves nothing behind."""
    _refuse_misfits(order)
    refuse_existing(order.out, force=order.force)
    source = source_of(order.source)
    with becoming(order.out) as folder:
        work = _Work(order, source, folder)
        work.take_all()
        report = work.finish()
    return Exported(order.out, work.figures, work.damages, work.by_hand, work.rows, report)


def _refuse_misfits(order: ExportOrder) -> None:
    if order.options.thoughts not in order.format.thoughts:
        raise ConfigError(
            f"the format {order.format.name} has no field for thoughts apart from the text",
            where="--thoughts reasoning_content",
            fix=f"Use --thoughts {' or '.join(order.format.thoughts)}.",
        )
    if order.format.container == "parquet":
        require_parquet()


class _Work:
    def __init__(self, order: ExportOrder, source: Source, folder: Path) -> None:
        self.figures, self.damages = Figures(), Damages()
        self.rows: dict[str, int] = {}
        self._order, self._source, self._folder = order, source, folder
        self._records = reviewed(source, honour=order.review)
        self._lines: dict[int, str] = {}
        self._split = self._planned_split()
        self._versions = earlier_versions(source.run) if order.preferences else {}
        self._pairs = Pairs()
        # A trainer's mean loss over no token at all is no number.
        self._nothing_to_learn = 0
        self._writers: dict[tuple[str, str], Writer] = {}

    def _planned_split(self) -> Split | None:
        """Where every record goes; records are read once for it, and once to be written."""
        order = self._order.split
        if order is None:
            return None
        scenarios = self._source.scenarios()
        numbers, traits = [], []
        for number, record, sample in self._records.samples(Damages()):
            told = record.get("scenario")
            numbers.append(number)
            traits.append(trait_of(sample, told if isinstance(told, str) else scenarios.get(sample.id)))
        found = split(traits, order)
        self._lines = dict(zip(numbers, found.places, strict=True))
        return found

    @property
    def by_hand(self) -> ByHand:
        """What was done that people decided."""
        return self._records.by_hand

    def take_all(self) -> None:
        """Writes every record. What is added to the file meanwhile is left for the next export."""
        with contextlib.ExitStack() as closing:
            closing.callback(self._close)
            for number, record, sample in self._records.samples(self.damages):
                place = TRAIN if self._split is None else self._lines.get(number)
                if place is None:
                    continue
                if self._order.options.loss_mask and not any(one.trained for one in sample.messages):
                    self._nothing_to_learn += 1
                    continue
                if self._split is not None and self._split.held_out and place == TRAIN:
                    sample = without_tools(sample, self._split.held_out)
                try:
                    exported = self._write(sample, place)
                except (ValueError, RecursionError) as error:
                    self.damages.add(number, str(error))
                else:
                    self.figures.add(exported, record)

    def _write(self, sample: Sample, split: str) -> Sample:
        options = self._order.options
        exported = changed(sample, options)
        rows: list[Placed] = list(self._order.format.rows(masked(exported, options), options))
        for folder, row in rows:
            self._writer(folder, split).write(row)
        if versions := self._versions.get(sample.id):
            for pair in pairs_of(sample, versions, options, self._pairs):
                self._writer(PREFERENCES, split).write(pair)
        return exported

    def _writer(self, folder: str, split: str) -> Writer:
        writer = self._writers.get((folder, split))
        if writer is None:
            if folder or self._order.format.container == "jsonl":
                writer = LinesWriter(self._folder, folder, split)
            else:
                features = self._order.format.features(self._order.options)
                writer = ParquetWriter(self._folder, split, features, self._order.shard_bytes)
            self._writers[folder, split] = writer
        return writer

    def _close(self) -> None:
        for writer in self._writers.values():
            for name in writer.close():
                self.rows[name] = writer.rows

    def finish(self) -> Mapping[str, Any]:
        """The files that go with the rows: report, card and what the format's trainer asks for."""
        if not self.figures.conversations:
            named = f": {self.damages.named[0]}" if self.damages.named else ""
            raise ConfigError(
                f"no record can be exported{named}",
                where=str(self._source.path),
                fix="Name a run directory, or a JSON Lines file with messages and tools.",
            )
        splits = self._splits()
        if not splits:
            raise ConfigError(
                f"the format {self._order.format.name} has no row for any of these conversations: it has no "
                f"place for {self._order.format.lost or 'them'}",
                where=str(self._source.path),
                fix="Choose another format.",
            )
        report = self._report(splits)
        pictures = pictures_of(self.figures) if self._order.plots else {}
        shown = {name: shows for name, (shows, _) in pictures.items()}
        text = card(self._order.format, self._order.options, self._source.run, self.figures, report, shown)
        files = dict(self._order.format.side_files(splits, self._order.options))
        files |= {"README.md": text, REPORT: _pretty(report)}
        for name, content in files.items():
            (self._folder / name).write_text(content, "utf-8")
        if pictures:
            (self._folder / PICTURES).mkdir()
        for name, (_, png) in pictures.items():
            (self._folder / name).write_bytes(png)
        return report

    def _splits(self) -> Sequence[str]:
        found = {split for folder, split in self._writers if not folder}
        return sorted(found, key=lambda split: (split != TRAIN, split))

    def _report(self, splits: Sequence[str]) -> Mapping[str, Any]:
        order, report = self._order, dict[str, Any]()
        report["format"] = order.format.name
        report["options"] = asdict(order.options)
        report["rows"] = {split: self._writers["", split].rows for split in splits}
        report["files"] = dict(sorted(self.rows.items()))
        report["left_out"] = {"count": self.damages.count, "first": self.damages.named}
        report["by_hand"] = self.by_hand.as_json()
        report["figures"] = self.figures.as_json()
        if order.options.loss_mask:
            report["nothing_to_learn"] = self._nothing_to_learn
        if order.format.lost:
            report["no_place_for"] = order.format.lost
        if self._split is not None and order.split is not None:
            report["split"] = _split_report(self._split, order.split)
        if order.preferences:
            report["preferences"] = {**asdict(self._pairs), "not_kept": NOT_KEPT}
        return report


def _split_report(found: Split, order: SplitOrder) -> Mapping[str, Any]:
    return {
        "asked": dict(order.shares),
        "by": order.by,
        "seed": order.seed,
        "records": dict(sorted(found.sizes.items())),
        "groups": found.groups,
        "largest_group": found.largest,
        "records_not_alone": found.joined,
        "held_out_tools": sorted(found.held_out),
        "how": (
            "Records with the same scenario, the same opening of the user (letters alone, any case) or four "
            "in five of its words, or the same calls with the same arguments are one group, and so on from "
            "record to record. Whole groups were drawn, so none lies in two splits."
            + (" Tools held out are neither called nor shown in train." if found.held_out else "")
        ),
    }


def _pretty(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
