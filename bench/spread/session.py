"""One whole run of short conversations, in one process or on a cluster.

python -m spread.session --urls http://127.0.0.1:8000 --conversations 1000 [--ray ADDRESS] [--actors 2]
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import anyio
from rich.console import Console

from funcdex.order import order_from
from funcdex.session import Labour, carry_out
from funcdex.settings.tree import Settings
from funcdex.working import in_one_process


def main() -> None:
    """Carries out the run; exit status 1 if not every conversation has ended."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--urls", required=True)
    options.add_argument("--conversations", type=int, required=True)
    options.add_argument("--ray")
    options.add_argument("--actors", type=int, default=2)
    options.add_argument("--folder", type=Path, default=Path(__file__).resolve().parents[2] / ".bench")
    chosen = options.parse_args()
    asked = Settings.model_validate(
        {
            "endpoints": chosen.urls.split(","),
            "toolkits": ["gmail", "jira"],
            "count": chosen.conversations,
            "generation": {"min_user_turns": 1, "max_user_turns": 1, "distractor_tools": 0, "max_tools": 3},
            "dedup": {"layers": ["masked", "words"]},
            "pool": {"max_in_flight": 32},
            "ray": {"actors": chosen.actors},
        }
    )
    chosen.folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=chosen.folder, prefix="spread-") as run:
        order = order_from(Path(run), asked)
        loop = {"use_uvloop": find_spec("uvloop") is not None}
        console = Console(file=io.StringIO())
        labour: Labour = in_one_process
        if chosen.ray:
            from funcdex.cluster.driver import on_ray

            labour = partial(on_ray, chosen.ray)
        ending = anyio.run(carry_out, order, console, (), labour, backend_options=loop)
    if ending.settled < asked.count:
        sys.exit(f"{ending.settled} of {asked.count} have ended; {ending.fault}")


if __name__ == "__main__":
    main()
