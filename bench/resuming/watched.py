"""`funcdex resume RUN --endpoints URL`, watched: prints JSON of when what was reached, and ends there.

python -m resuming.watched RUN URL
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

AWAITED = {"first request sent", "first stage in the journal", "guard answers"}

P = ParamSpec("P")
T = TypeVar("T")

LIMIT_S = 300
_HERTZ = os.sysconf("SC_CLK_TCK")


def process_age_s() -> float:
    """Seconds since this process began."""
    started = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]) / _HERTZ
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


class Watch:
    """When what was first reached."""

    def __init__(self) -> None:
        self.reached_s: dict[str, float] = {}

    def note(self, name: str) -> None:
        """Ends the process once all was reached."""
        self.reached_s.setdefault(name, round(process_age_s(), 3))
        if self.reached_s.keys() >= AWAITED:
            self.stop()

    def stop(self) -> None:
        """As by `kill -9`, but with a last word."""
        print(json.dumps(self.reached_s), flush=True)
        os._exit(0 if self.reached_s.keys() >= AWAITED else 1)

    def of(self, name: str, work: Callable[P, T]) -> Callable[P, T]:
        """The same work; its end is noted."""

        @wraps(work)
        def noted(*args: P.args, **kwargs: P.kwargs) -> T:
            result = work(*args, **kwargs)
            self.note(name)
            return result

        return noted

    def of_async(self, name: str, work: Callable[P, Awaitable[T]], *, begun: bool = False) -> Any:
        """The same for a coroutine function; or its beginning."""

        @wraps(work)
        async def noted(*args: P.args, **kwargs: P.kwargs) -> T:
            if begun:
                self.note(name)
            result = await work(*args, **kwargs)
            if not begun:
                self.note(name)
            return result

        return noted


def main() -> None:
    """Resumes."""
    watch = Watch()
    from funcdex import order, session
    from funcdex.cli.app import main as command_line
    from funcdex.dedup.guard import ScenarioGuard
    from funcdex.pool import flight
    from funcdex.rundir.journal import Journal

    watch.note("modules imported")
    used: dict[str, Any] = vars(order)
    used["read_journal"] = watch.of("journal read", used["read_journal"])
    used["reconcile"] = watch.of("outputs checked", used["reconcile"])
    used = vars(session)
    used["check_tools"] = watch.of_async("tools checked", used["check_tools"])
    used = vars(flight)
    used["complete"] = watch.of_async("first request sent", used["complete"], begun=True)
    Journal.append = watch.of_async("first stage in the journal", Journal.append)  # type: ignore[method-assign]
    ScenarioGuard.admit = watch.of_async("guard answers", ScenarioGuard.admit)  # type: ignore[method-assign]
    run, url = sys.argv[1:]
    sys.argv = ["funcdex", "resume", run, "--endpoints", f"{url};model=pipeline"]
    try:
        command_line()
    finally:
        watch.stop()


if __name__ == "__main__":
    main()
