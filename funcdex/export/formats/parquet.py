"""The rows of TRL's format as Parquet shards, which the Hugging Face Hub shows and loads fastest."""

from __future__ import annotations

from funcdex.export.formats import trl
from funcdex.export.formats.protocol import Format

FORMAT = Format(
    name="parquet",
    says="Parquet shards of TRL's rows, for the Hugging Face Hub",
    rows=trl.FORMAT.rows,
    container="parquet",
    features=trl.features,
)
