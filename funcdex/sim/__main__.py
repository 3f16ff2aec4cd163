"""`python -m funcdex.sim --port 0`: a simulated endpoint as a process of its own.

When it listens it writes one line to standard output, `{"url": "http://127.0.0.1:43210"}`, and nothing else
after it. With `--exit-with-stdin` it ends when its standard input does, so it never outlives its parent.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from threading import Thread

import anyio
import anyio.from_thread
from anyio.lowlevel import EventLoopToken, current_token

from funcdex.errors import ConfigError
from funcdex.sim.config import SimConfig, from_flags
from funcdex.sim.process import EXIT_WITH_STDIN
from funcdex.sim.server import serve

# A sampling thread gives way to the event loop after so long; the default of 5 ms would delay every event.
_SWITCH_INTERVAL_S = 0.0005


def main(arguments: Sequence[str]) -> int:
    """Runs until it is told to stop; 2 for flags that cannot be used."""
    flags = [flag for flag in arguments if flag != EXIT_WITH_STDIN]
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    try:
        config = from_flags(flags)
        options = {"use_uvloop": find_spec("uvloop") is not None}
        anyio.run(_serve, config, EXIT_WITH_STDIN in arguments, backend_options=options)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


async def _serve(config: SimConfig, exit_with_stdin: bool) -> None:
    async with anyio.create_task_group() as tasks:
        if exit_with_stdin:
            token = current_token()
            stop = tasks.cancel_scope.cancel
            Thread(target=_at_end_of_stdin, args=(stop, token), daemon=True).start()
        await serve(config, _announce)


def _at_end_of_stdin(stop: Callable[[], None], token: EventLoopToken) -> None:
    # Not sys.stdin: a thread that is blocked there holds a lock that the interpreter needs to end.
    while os.read(0, 4096):
        pass
    anyio.from_thread.run_sync(stop, token=token)


def _announce(url: str) -> None:
    sys.stdout.write(json.dumps({"url": url}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
