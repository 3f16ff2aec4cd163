"""Whole runs on simulated endpoints."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from running import SMALL

from funcdex.sim.config import SimConfig
from funcdex.sim.process import SimProcess, simulated_processes


@pytest.fixture
def small_config(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, "utf-8")
    return path


@pytest.fixture
async def sims() -> AsyncIterator[list[SimProcess]]:
    """Two simulated endpoints at full speed."""
    async with simulated_processes(2, SimConfig(step_ms=0.0)) as processes:
        yield processes
