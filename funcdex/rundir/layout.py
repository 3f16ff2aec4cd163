"""Where everything of a run lies."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from funcdex.types.record import OutputName

OUTPUTS: tuple[OutputName, ...] = get_args(OutputName)

MANIFEST_FILE = "manifest.json"
TOOLS_FILE = "tools.json"


@dataclass(frozen=True, slots=True)
class RunDir:
    """The run directory at `path`. It need not exist."""

    path: Path

    @property
    def manifest(self) -> Path:
        """What was asked. A folder with this file is a run."""
        return self.path / MANIFEST_FILE

    @property
    def tools(self) -> Path:
        """The tool definitions of the run, as they were at its start."""
        return self.path / TOOLS_FILE

    @property
    def journal(self) -> Path:
        """What is done."""
        return self.path / "journal" / "000001.jsonl"

    @property
    def damaged(self) -> Path:
        """Lines that were found damaged in the journal and put aside."""
        return self.path / "journal" / "damaged.jsonl"

    @property
    def vectors(self) -> Path:
        """Vectors of the scenarios: a cache, which may be deleted."""
        return self.path / "scenario_vectors.bin"

    @property
    def sketches(self) -> Path:
        """Sketches of the conversations: a cache, which may be deleted."""
        return self.path / "conversation_sketches.bin"

    @property
    def tool_links(self) -> Path:
        """Edges between tools that descriptions tell: a folder."""
        return self.path / "tool_links"

    @property
    def log(self) -> Path:
        """What happened, for people."""
        return self.path / "log.jsonl"

    @property
    def lock(self) -> Path:
        """Held by the process that works on the run."""
        return self.path / "lock"

    def output(self, name: OutputName) -> Path:
        """The file of a readable output."""
        return self.path / f"{name}.jsonl"

    @property
    def exists(self) -> bool:
        """Whether a run was begun here."""
        return os.path.isfile(self.manifest)
