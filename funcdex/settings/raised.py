"""What a run makes more of, because a model got it wrong."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from funcdex.settings.node import Frozen

Raise = Annotated[float, Field(gt=0, le=8)]


class RaisedSettings(Frozen):
    """What comes up more often than in turn, because a model got it wrong (`generate --from-errors`)."""

    tools: dict[str, Raise] = Field(
        default={},
        max_length=20_000,
        description="tool -> how often conversations are built around it; 1 for those not named",
    )
    parameters: dict[str, Raise] = Field(
        default={},
        max_length=200_000,
        description="`TOOL.parameter` -> how often it is suggested, if it is optional; 1 for others",
    )
    source: str = Field(default="", description="the evaluation that this, and `kinds`, come from")
