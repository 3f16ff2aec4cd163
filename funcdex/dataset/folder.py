"""The folder that an export becomes: whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from funcdex.errors import ConfigError

REPORT = "export.json"
"""In every export; a folder with it may be replaced."""


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raises ConfigError unless `path` is free, an empty folder or, with `force`, an earlier export."""
    if not os.path.lexists(path) or (_is_folder(path) and not any(path.iterdir())):
        return
    if not force:
        raise ConfigError(
            "the folder is there already",
            where=str(path),
            fix="Name another one, or replace it with --force.",
        )
    if not _is_folder(path) or not (path / REPORT).is_file():
        raise ConfigError(
            f"--force replaces only an earlier export, and this has no {REPORT}",
            where=str(path),
            fix="Name another folder, or remove this one yourself.",
        )


def _is_folder(path: Path) -> bool:
    """A link to a folder is none: the export would take the place of the link."""
    return path.is_dir() and not path.is_symlink()


@contextmanager
def becoming(path: Path) -> Iterator[Path]:
    """A new folder beside `path` to write to; it takes the place of `path` when the block ends without a
    fault, and is removed when it does not. Raises ConfigError where nothing can be written."""
    path = Path(os.path.abspath(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        yield temporary
        _replace(temporary, path)
    except OSError as fault:
        raise ConfigError(
            f"the export cannot be written: {fault.strerror or fault}",
            where=str(path),
            fix="Make room, or name another folder; nothing was left behind.",
        ) from fault
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _replace(new: Path, path: Path) -> None:
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    if path.is_dir():
        path.rename(old)
    try:
        new.rename(path)
    except OSError:
        if old.exists():
            old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)
