"""What every node of the settings tree is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A node of the tree: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
