"""Fetches axe-core from the npm registry into the git-ignored `.live/axe/`, for the tests in a browser.

Exit code 0: it is there. 3: it cannot be had here, and the last line says why.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

VERSION = "4.14.1"
FOLDER = Path(__file__).resolve().parents[2] / ".live" / "axe"


def main() -> int:
    """Does nothing if it is there already."""
    if (FOLDER / "package" / "axe.min.js").is_file():
        return 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        command = ["npm", "pack", "--silent", f"axe-core@{VERSION}"]
        subprocess.run(command, cwd=FOLDER, check=True, timeout=120, capture_output=True)
        with tarfile.open(FOLDER / f"axe-core-{VERSION}.tgz") as archive:
            archive.extractall(FOLDER, filter="data")
    except (OSError, subprocess.SubprocessError, tarfile.TarError) as error:
        sys.stderr.write(f"axe-core cannot be fetched with npm: {error}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
