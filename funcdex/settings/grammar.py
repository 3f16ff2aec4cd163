"""How grammars are made and sent."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from funcdex.settings.node import Frozen
from funcdex.types.request import Dialect


class GrammarSettings(Frozen):
    """How grammars are made and sent."""

    unsupported: Literal["relax", "refuse"] = Field(
        default="relax",
        description="what a grammar cannot enforce of a schema: checked afterwards, or the run is refused",
    )
    dialect: Dialect | None = Field(default=None, description="notation; None: the best one that works")
    max_tool_sets: int | None = Field(
        default=64,
        ge=1,
        description="most sets of tools shown in a run, so that servers compile few grammars; None: no limit",
    )
    max_bytes: int = Field(default=1_000_000, ge=1000, description="longest grammar that is sent")
