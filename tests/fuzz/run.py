"""Fuzzes a reader: `python tests/fuzz/run.py --target dml --minutes 10`; `--target all`: one after another.

Inputs that were a find are written to `--keep`; the exit code is 1 if there is any.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import resource
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
_MEMORY_BYTES = 4 * 2**30


def main() -> int:
    """The command."""
    sys.path.insert(0, str(HERE.parent))
    from fuzz.engine import fuzz
    from fuzz.targets import TARGETS, corpus_of, folder

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", required=True, choices=["all", *TARGETS])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "funcdex-fuzz")
    asked = parser.parse_args()
    asked.keep.mkdir(parents=True, exist_ok=True)
    # An input that wants more than this gets a MemoryError, which is a find.
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, resource.RLIM_INFINITY))
    faulthandler.enable()
    found = 0
    for name in TARGETS if asked.target == "all" else [asked.target]:
        report = fuzz(
            TARGETS[name], corpus_of(name), seed=asked.seed, seconds=60 * asked.minutes,
            current=folder() / "current",
        )  # fmt: skip
        print(
            f"{name}: {report.inputs} inputs in {report.seconds / 60:.1f} min, seed {asked.seed}, "
            f"{report.answers} different answers, {len(report.finds)} finds",
            flush=True,
        )
        for find in report.finds:
            file = asked.keep / f"{name}-{find.kind}-{hashlib.sha256(find.data).hexdigest()[:12]}"
            file.write_bytes(find.data)
            print(f"  {find.kind}: {find.what}\n    {file} {find.data[:120]!r}", flush=True)
        found += len(report.finds)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
