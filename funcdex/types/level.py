"""How much a grammar enforces."""

from __future__ import annotations

from typing import Literal

Level = Literal["markup", "names", "schema", "exact"]
"""Tags and turns; the names of tools too; their schemas too, as far as masks stay cheap; and as far as it can
be said at all, at the price of dearer masks and of valid texts that are never written."""

STRICT: tuple[Level, ...] = ("schema", "exact")
"""The levels at which schemas count."""
