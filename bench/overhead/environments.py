"""Each peer in an environment of its own below `.bench/peers/`, made on first use: minutes and gigabytes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".bench" / "peers"
INSTALL_LIMIT_S = 900


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool like ours: what pip is asked for, and the program that drives it."""

    name: str
    packages: tuple[str, ...]
    module: str

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return FOLDER / self.name / "bin" / "python"

    @property
    def version(self) -> str:
        """As pip was asked for it."""
        return self.packages[0].partition("==")[2]


PEERS = (
    Peer("curator", ("bespokelabs-curator==0.1.31",), "overhead.peers.with_curator"),
    Peer("sdg-hub", ("sdg-hub==0.9.4",), "overhead.peers.with_sdg_hub"),
    # It imports requests and does not ask for it.
    Peer("distilabel", ("distilabel[openai]==1.5.3", "requests"), "overhead.peers.with_distilabel"),
)


def install(peer: Peer) -> str | None:
    """Makes its environment, unless it is there. Why it cannot be had, in a line; None if it can."""
    asked = "\n".join(peer.packages)
    installed = FOLDER / peer.name / "installed"
    if installed.exists() and installed.read_text("utf-8") == asked:
        return None
    print(f"installing {peer.name} ...", flush=True)
    pip = [str(peer.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        subprocess.run(
            [sys.executable, "-m", "venv", str(FOLDER / peer.name)], check=True, capture_output=True
        )
        constrained = [*pip, "--constraint", str(ROOT / "constraints.txt"), *peer.packages]
        subprocess.run(constrained, check=True, capture_output=True, text=True, timeout=INSTALL_LIMIT_S)
    except subprocess.CalledProcessError as error:
        said = [line for line in str(error.stderr or "").splitlines() if line.startswith("ERROR")]
        return f"cannot be installed: {said[-1] if said else error}"
    except subprocess.TimeoutExpired:
        return f"not installed within {INSTALL_LIMIT_S} s"
    installed.write_text(asked, "utf-8")
    return None
