"""What is looked at: a run or a file of records, where its parts lie, and what it is held to."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from funcdex.errors import ConfigError, FuncdexError
from funcdex.ordinary_file import open_ordinary
from funcdex.rundir.layout import RunDir
from funcdex.rundir.lock import held
from funcdex.rundir.manifest import read_manifest, settings_of
from funcdex.rundir.review import review_path
from funcdex.settings.tree import Settings
from funcdex.settings.verify import VerifySettings
from funcdex.toolkits.read import read_toolkits
from funcdex.types.tools import Bundle, Tool, Toolkit
from funcdex.validate import toolkits_beside
from funcdex.verify.verify import ALL_CHECKS

CACHE_FOLDER = "viewer-cache"
"""In a run directory; it may be deleted at any time."""

_FIX = "Name a run directory, or a JSON Lines file of conversations."


@dataclass(frozen=True)
class Looked:
    """`accepted` and `rejected` are files of records, `drafts` those of conversations as they were written,
    with the tools that were shown. `review` is where decisions go. `writable`: whether any may be made."""

    path: Path
    run: RunDir | None
    accepted: Path
    rejected: Path | None
    drafts: Path | None
    review: Path
    writable: bool

    @property
    def title(self) -> str:
        """What the viewer calls it."""
        return self.path.resolve().name

    @property
    def running(self) -> bool:
        """Whether a process works on the run now."""
        if self.run is None:
            return False
        try:
            return held(self.run)
        except FuncdexError:
            return False

    @cached_property
    def settings(self) -> Settings | None:
        """Those of the run, if it is one that this version understands."""
        if self.run is None:
            return None
        try:
            return settings_of(read_manifest(self.run), self.run)
        except FuncdexError:
            return None

    @property
    def planned(self) -> int | None:
        """How many conversations were asked for; None for a file, and for a manifest that is damaged."""
        if self.run is None:
            return None
        try:
            return read_manifest(self.run).count
        except FuncdexError:
            return None

    @property
    def checks(self) -> VerifySettings:
        """What its conversations are held to."""
        return self.settings.verify if self.settings else ALL_CHECKS

    @property
    def language(self) -> str | None:
        """What is spoken in it; None where nobody knows."""
        return self.settings.generation.language if self.settings else None

    @cached_property
    def toolkits(self) -> Mapping[str, Toolkit]:
        """Those of the run by name, with the schemas of responses; {} for a file outside of a run."""
        try:
            if self.run is not None and os.path.isfile(self.run.tools):
                return {kit.name: kit for kit in read_toolkits([self.run.tools]).toolkits}
            return toolkits_beside(self.accepted)
        except FuncdexError:
            return {}

    def tools_of(self, names: object) -> tuple[Tool, ...] | None:
        """All tools of these toolkits; None if none of them is known."""
        listed = names if isinstance(names, list) else []
        known = tuple(self.toolkits[one] for one in listed if isinstance(one, str) and one in self.toolkits)
        return Bundle(known).tools if known else None


def look_at(path: Path, *, read_only: bool = False) -> Looked:
    """What the user named. Raises ConfigError."""
    run = RunDir(path) if os.path.isdir(path) else None
    if run is not None and not run.exists:
        raise ConfigError("no run is in this folder: it has no manifest.json", where=str(path), fix=_FIX)
    if run is None:
        try:
            open_ordinary(path).close()
        except OSError as error:
            raise ConfigError(f"cannot read it: {error.strerror}", where=str(path), fix=_FIX) from error
    review = review_path(path)
    writable = not read_only and os.access(review if os.path.exists(review) else review.parent, os.W_OK)
    return Looked(
        path=path,
        run=run,
        accepted=run.output("parsed_conversations") if run else path,
        rejected=run.output("rejected") if run else None,
        drafts=run.output("conversations") if run else None,
        review=review,
        writable=writable,
    )


def index_folder(looked: Looked, closing: contextlib.ExitStack) -> Path:
    """Where the index may lie: kept in a run directory that can be written, else gone when `closing`
    closes."""
    if looked.run is not None and looked.writable:
        folder = looked.run.path / CACHE_FOLDER
        try:
            folder.mkdir(exist_ok=True)
        except OSError:
            pass
        else:
            return folder
    return Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="funcdex-viewer-")))
