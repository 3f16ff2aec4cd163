"""Asks the package index's advisory service about what is installed: 0 nothing known or nothing to be had,
1 a known vulnerability."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

_UNKNOWN = "could not be audited"
_UNREACHABLE = (
    "ConnectionError",
    "ConnectTimeout",
    "Max retries",
    "timed out",
    "ServiceError",
    "Could not connect",
)


def main() -> int:
    """The command."""
    with tempfile.TemporaryDirectory() as folder:
        tool = Path(folder) / "audit"
        make: list[str | Path] = [sys.executable, "-m", "venv", tool]
        fill: list[str | Path] = [tool / "bin/python", "-m", "pip", "install", "-q", "pip-audit"]
        for step in (make, fill):
            if (made := subprocess.run(step, capture_output=True, text=True, check=False)).returncode:
                return _not_audited(made.stderr)
        asked: list[str | Path] = [tool / "bin/pip-audit", "--timeout", "10", "--skip-editable", *_paths()]
        found = subprocess.run(asked, capture_output=True, text=True, check=False)
    if found.returncode and any(word in found.stderr for word in _UNREACHABLE):
        return _not_audited(found.stderr)
    unknown = [line for line in found.stdout.splitlines() if _UNKNOWN in line]
    told = [line for line in found.stdout.splitlines() if line not in unknown]
    sys.stdout.write("\n".join(told) + f"\n{found.stderr}")
    if unknown:
        names = ", ".join(line.split()[0] for line in unknown)
        sys.stdout.write(f"NOT AUDITED: {len(unknown)} packages that the service does not know: {names}\n")
    return 1 if found.returncode else 0


def _paths() -> list[str]:
    """Where packages lie, for pip-audit: not its own, but those of this interpreter."""
    return [word for path in sys.path if path.endswith("site-packages") for word in ("--path", path)]


def _not_audited(why: str) -> int:
    last = (why.strip().splitlines() or ["no reason given"])[-1][:200]
    sys.stdout.write(f"NOT AUDITED: pip-audit or its advisory service cannot be had here ({last})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
