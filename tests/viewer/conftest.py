"""A run that many tests look at and none changes, and one for each that does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from funcdex.rundir.layout import RunDir
from viewer.made import Viewed, full_run, viewed


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    """Sixty conversations. Not to be changed."""
    return full_run(tmp_path_factory.mktemp("finished") / "run")


@pytest.fixture(scope="session")
def looking(finished: RunDir) -> Iterator[Viewed]:
    """A viewer of it that changes nothing."""
    with viewed(finished.path, read_only=True) as seen:
        yield seen


@pytest.fixture
def run(finished: RunDir, tmp_path: Path) -> RunDir:
    """A copy, to be changed."""
    shutil.copytree(finished.path, tmp_path / "run")
    return RunDir(tmp_path / "run")


@pytest.fixture
def seen(run: RunDir) -> Iterator[Viewed]:
    """A viewer of the copy."""
    with viewed(run.path) as one:
        yield one
