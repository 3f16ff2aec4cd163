"""The commands that stand in the pages, and how they are run here.

A block of shell in a page either is run, in a folder with the files that pages take for given, or says in a
comment before it why it is not: `<!-- not run: needs a GPU -->`. Servers have stand-ins, and large numbers
are made small.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHELL = ("sh", "bash", "shell", "console", "")

_FENCED = re.compile(
    r"(?:<!-- not run: (?P<why>.+?) -->\n)?^```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.M | re.S
)
_SERVER = re.compile(r"http://(?:gpu\d|localhost|[a-z]):8000")
_COUNTS = {"generate": "2", "resume": "6"}
_SMALLER = {
    "bench": (
        "--requests",
        "2",
        "--concurrency",
        "1",
        "--max-tokens",
        "60",
        "--tool-sets",
        "1",
        "--repeats",
        "1",
    ),
    "export": ("--force",),
    "dedup": ("--no-embedding",),
}


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a page. `why` it is not run; None where it is."""

    page: Path
    kind: str
    why: str | None
    commands: tuple[tuple[str, ...], ...]

    @property
    def is_of_ours(self) -> bool:
        """Whether it is a block of shell with one of our commands."""
        return self.kind in SHELL and any(words[0] == "funcdex" for words in self.commands)


def pages() -> list[Path]:
    """Those that people read; the decisions have been made with commands of their time."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks_of(page: Path) -> Iterator[Block]:
    """Every fenced block that may be shell."""
    for found in _FENCED.finditer(page.read_text("utf-8")):
        if found["kind"] in SHELL:
            lines = found["body"].replace("\\\n", " ").splitlines()
            commands = (_words(line) for line in lines) if found["kind"] or "funcdex" in found["body"] else ()
            yield Block(page, found["kind"], found["why"], tuple(words for words in commands if words))


def outside_of_blocks(page: Path) -> list[str]:
    """Lines that are shown as code by being indented, and begin with our command."""
    return re.findall(r"^    (funcdex .*)$", _FENCED.sub("", page.read_text("utf-8")), flags=re.M)


def _words(line: str) -> tuple[str, ...]:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return ()
    return ("funcdex", *words[1:]) if words and words[0] == ".venv/bin/funcdex" else tuple(words)


def arguments(words: Sequence[str], servers: Sequence[str]) -> list[str]:
    """What is given to funcdex for the words of a page: other servers, less work."""
    name = words[1]
    given = [_SERVER.sub(lambda found: _stand_in(found[0], servers), word) for word in words[1:]]
    for option, value in {"--count": _COUNTS.get(name), "--metrics-port": "0"}.items():
        if value is not None and option in given:
            given[given.index(option) + 1] = value
    if name == "generate" and "--count" not in given:
        given += ["--count", _COUNTS[name]]
    if name == "bench" and "--from" in given:
        return given
    return given + [word for word in _SMALLER.get(name, ()) if word not in given]


def _stand_in(url: str, servers: Sequence[str]) -> str:
    return servers[sum(map(ord, url)) % len(servers)]


ENVIRONMENT: Mapping[str, str] = {
    # Short conversations, and no sentence model, whose libraries take longer to load than all of this.
    "FUNCDEX_DEDUP__ENABLED": "false",
    "FUNCDEX_GENERATION__MIN_USER_TURNS": "1",
    "FUNCDEX_GENERATION__MAX_USER_TURNS": "2",
}
