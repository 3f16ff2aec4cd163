"""Exit codes that scripts rely on, and how a fault becomes one."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from enum import IntEnum

from rich.console import Console

from funcdex.errors import FuncdexError, NoEndpointAvailable, root_fault
from funcdex.printable import printable


class Exit(IntEnum):
    """See the README's table."""

    DONE = 0
    BUG = 1
    USAGE = 2
    STOPPED = 3
    NO_ENDPOINT = 4
    FEWER_ACCEPTED = 5
    INTERRUPTED = 130


def guarded(command: Callable[[], object], *, debug: bool) -> None:
    """Runs the command line; a fault on purpose becomes one message, any other asks for a report."""
    try:
        command()
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except Exception as raised:
        error = root_fault(raised)
        if debug:
            sys.stderr.write(printable("".join(traceback.format_exception(raised))))
        say_error(_message(error))
        sys.exit(_code(error))


def say_error(message: str) -> None:
    """One message on standard error; control characters of foreign text never reach the terminal."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(f"error: {printable(message)}", markup=False, style="red")


def _message(error: BaseException) -> str:
    if isinstance(error, FuncdexError):
        return str(error)
    kept = "".join(f" {note}" for note in getattr(error, "__notes__", ()))
    return (
        f"this is a bug in funcdex ({type(error).__name__}: {error}). Please report it.{kept or _HOW_TO_SEE}"
    )


def _code(error: BaseException) -> Exit:
    if isinstance(error, NoEndpointAvailable):
        return Exit.NO_ENDPOINT
    return Exit.USAGE if isinstance(error, FuncdexError) else Exit.BUG


_HOW_TO_SEE = " `funcdex --debug ...` shows where it happened."
