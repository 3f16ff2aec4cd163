"""Every format by its name."""

from __future__ import annotations

from collections.abc import Mapping

from funcdex.export.formats import (
    alpaca,
    axolotl,
    bfcl,
    hermes,
    openai,
    parquet,
    predecessor,
    sharegpt,
    trl,
    unsloth,
    xlam,
)
from funcdex.export.formats.protocol import Format

FORMATS: Mapping[str, Format] = {
    module.FORMAT.name: module.FORMAT
    for module in (
        trl,
        parquet,
        openai,
        sharegpt,
        alpaca,
        axolotl,
        unsloth,
        hermes,
        xlam,
        bfcl,
        predecessor,
    )
}
