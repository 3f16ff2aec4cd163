"""A whole run: every stage of so many conversations, journal and outputs on the disk.

    python -m overhead.pipeline --url http://127.0.0.1:8000 --requests 4002 --in-flight 512

Six requests make a conversation; three answers are matched with their grammars, and the conversation is
verified. One set of tools, so that one grammar is built; scenarios are compared word by word, and by meaning
with `--guard`, whose sentence model runs in a process of its own. Prints JSON: `own_cpu_s`, CPU of this
process with all its threads, and with `--parts` what matching, verifying and telling runaway text took of it
(asking for the CPU of a thread costs as much as some of these do). `--unchecked`: no answer is matched, no
conversation verified.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import ParamSpec, TypeVar

import anyio
from overhead.asked import options_of
from overhead.mock import PIPELINE_MODEL
from rich.console import Console

from funcdex.order import order_from
from funcdex.pool import trust
from funcdex.session import carry_out
from funcdex.settings.tree import Settings
from funcdex.stages import context, conversation, runaway
from funcdex.types.record import STAGES

P = ParamSpec("P")
T = TypeVar("T")

REQUESTS_EACH = len(STAGES) - 1
"""The stage of the tools takes what the plan says, and asks nobody."""


def settings_of(url: str, requests: int, in_flight: int, *, guard: bool) -> Settings:
    """Conversations of gmail's tools until there were so many requests."""
    return Settings.model_validate(
        {
            "endpoints": [f"{url};model={PIPELINE_MODEL}"],
            "toolkits": ["gmail"],
            "count": max(1, requests // REQUESTS_EACH),
            "grammar": {"max_tool_sets": 1},
            # The mock writes conversations of one kind.
            "generation": {"kinds": {"happy_path": 1}},
            # The mock's scenarios and conversations are much alike.
            "dedup": {"enabled": guard, "layers": ["embedding"], "conversations": False},
            "pool": {"max_in_flight": in_flight},
        }
    )


def counted(name: str, work: Callable[P, T], spent_s: Counter[str]) -> Callable[P, T]:
    """The same work; the CPU of its thread is added up."""

    @wraps(work)
    def timed(*args: P.args, **kwargs: P.kwargs) -> T:
        began_s = time.thread_time()
        try:
            return work(*args, **kwargs)
        finally:
            spent_s[name] += time.thread_time() - began_s  # type: ignore[assignment]

    return timed


def main() -> None:
    """Carries out the run; exit status 1 if not every conversation was accepted."""
    options = options_of(__doc__)
    options.add_argument("--guard", action="store_true", help="compare scenarios by meaning as well")
    options.add_argument("--parts", action="store_true", help="tell some parts apart")
    options.add_argument("--unchecked", action="store_true", help="answers are taken as they come")
    options.add_argument("--folder", type=Path, help="where the run directory is made; default: .bench/")
    chosen = options.parse_args()
    spent_s: Counter[str] = Counter()
    if chosen.parts:
        trust.stray_at = counted("matching_s", trust.stray_at, spent_s)
        conversation.faults_of = counted("verifying_s", conversation.faults_of, spent_s)
        vars(context)["runaway_of"] = counted("runaway_s", runaway.runaway_of, spent_s)
    if chosen.unchecked:
        vars(trust)["stray_at"] = lambda *_: None
        vars(conversation)["faults_of"] = lambda *_: ()
    asked = settings_of(chosen.url, chosen.requests, chosen.in_flight, guard=chosen.guard)
    folder = chosen.folder or Path(__file__).resolve().parents[2] / ".bench"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="overhead-") as run:
        order = order_from(Path(run), asked)
        loop = {"use_uvloop": find_spec("uvloop") is not None}  # As the command line does.
        ending = anyio.run(carry_out, order, Console(file=io.StringIO()), backend_options=loop)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"own_cpu_s": used.ru_utime + used.ru_stime, "system_s": used.ru_stime} | spent_s))
    if ending.accepted < asked.count:
        sys.exit(f"{ending.accepted} of {asked.count} accepted: {dict(ending.rejected)}; {ending.fault}")


if __name__ == "__main__":
    main()
