"""Rows into files: JSON Lines, or Parquet in shards."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import orjson

from funcdex.dml.jsontext import flaw_of
from funcdex.errors import ConfigError
from funcdex.export.formats.protocol import Row
from funcdex.rundir.jsonlines import as_line

_BUFFER_BYTES = 1 << 20


class Writer(Protocol):
    """Takes the rows of one split and folder."""

    rows: int

    def write(self, row: Row) -> None:
        """Raises ValueError for a row that cannot be written; the others are not touched by it."""

    def close(self) -> Sequence[str]:
        """Ends the files; their names below the export's folder."""


class LinesWriter:
    """One JSON Lines file, `SPLIT.jsonl` below `folder`."""

    def __init__(self, root: Path, folder: str, split: str) -> None:
        self.rows = 0
        self._name = os.path.join(folder, f"{split}.jsonl")
        path = root / self._name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("wb", _BUFFER_BYTES)

    def write(self, row: Row) -> None:
        try:
            line = as_line(row)
        except (TypeError, RecursionError) as error:
            raise ValueError(f"cannot be written as JSON: {error}") from error
        self._file.write(line)
        self.rows += 1

    def close(self) -> Sequence[str]:
        self._file.close()
        return [self._name]


class ParquetWriter:
    """Shards `data/SPLIT-00000-of-00002.parquet`, each of about `shard_bytes`."""

    _GROUP_BYTES = 32 << 20
    """Rows are held until they are so many, then written as one row group."""

    def __init__(
        self, root: Path, split: str, features: Sequence[Mapping[str, Any]], shard_bytes: int
    ) -> None:
        from funcdex.dataset.arrow import schema_of

        self.rows = 0
        self._folder = root / "data"
        self._folder.mkdir(exist_ok=True)
        self._split, self._shard_bytes = split, shard_bytes
        self._schema, self._columns_of = schema_of(features)
        self._held: list[Row] = []
        self._held_bytes = 0
        self._shards: list[Path] = []
        self._writer: Any = None
        self._file: BinaryIO | None = None

    def write(self, row: Row) -> None:
        # What Arrow refuses is refused here, before it spoils the rows that are held with it.
        try:
            size = len(orjson.dumps(row))
        except orjson.JSONEncodeError as error:
            if (flaw := flaw_of(row)) is not None:
                raise ValueError(flaw) from error
            size = len(as_line(row))
        self._held.append(self._columns_of(row))
        self._held_bytes += size
        self.rows += 1
        if self._held_bytes >= min(self._GROUP_BYTES, self._shard_bytes):
            self._flush()

    def close(self) -> Sequence[str]:
        if self._held or not self._shards:
            self._flush()
        self._end_shard()
        count = len(self._shards)
        names = [f"data/{self._split}-{at:05d}-of-{count:05d}.parquet" for at in range(count)]
        for shard, name in zip(self._shards, names, strict=True):
            shard.rename(self._folder.parent / name)
        return names

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:
            shard = self._folder / f"{self._split}-{len(self._shards):05d}.part"
            self._shards.append(shard)
            self._file = shard.open("wb")
            self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd")
        table = pa.Table.from_pylist(self._held, schema=self._schema)
        self._writer.write_table(table)
        self._held, self._held_bytes = [], 0
        assert self._file is not None
        if self._file.tell() >= self._shard_bytes:
            self._end_shard()

    def _end_shard(self) -> None:
        if self._writer is not None:
            self._writer.close()
            assert self._file is not None
            self._file.close()
            self._writer = None


def require_parquet() -> None:
    """Raises ConfigError where the extra that writes Parquet is not installed."""
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise ConfigError(
            "Parquet needs the package pyarrow, which is not installed",
            where="--format parquet",
            fix="Run: pip install 'funcdex[parquet]'",
        )
