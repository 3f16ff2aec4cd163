"""Settings of endpoint discovery: how often sources are looked at, and how soon what they say counts."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class DiscoverySettings(BaseModel):
    """For endpoints that a file, DNS or a command lists."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    every_s: float = Field(default=2, ge=0.2, le=3600, description="time between two looks at a source")
    leave_after_s: float = Field(
        default=5,
        ge=0,
        le=3600,
        description="an endpoint leaves when it was not listed for so long, in seconds",
    )
    timeout_s: float = Field(
        default=10, gt=0, le=600, description="longest time that a look at a source may take"
    )
