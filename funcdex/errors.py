"""Every exception that funcdex raises on purpose, in one tree.

A message says what happened, where, and what to do about it. A rejection of a conversation is not an
exception: it is a value (`types.record.Rejected`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import ClassVar, TypeVar

Fault = TypeVar("Fault", bound=BaseException)

_LONGEST_PART = 2000


def _of_message_length(text: str) -> str:
    """What is quoted may be a name of megabytes; both ends of it stay."""
    half = _LONGEST_PART // 2
    return text if len(text) <= _LONGEST_PART else f"{text[:half]}...{text[-half:]}"


class FuncdexError(Exception):
    """Base of every error funcdex raises on purpose."""

    retryable: ClassVar[bool] = False

    def __init__(self, what: str, *, where: str, fix: str) -> None:
        self.what = _of_message_length(what)
        self.where = _of_message_length(where)
        self.fix = _of_message_length(fix)
        super().__init__(f"{self.what} ({self.where}). {self.fix}")


class ConfigError(FuncdexError):
    """A setting, flag or configuration file that cannot be used."""


class ToolDefinitionError(FuncdexError):
    """A tool definition that cannot be read; `where` names file and JSON path."""

    def __reduce__(self) -> tuple[Callable[[str], ToolDefinitionError], tuple[str]]:
        # Processes that read definitions hand it on.
        return partial(type(self), where=self.where, fix=self.fix), (self.what,)


class CatalogueError(FuncdexError):
    """A catalogue of tools that cannot be opened, read or written."""


class RunIndexError(FuncdexError):
    """A list of runs that cannot be opened, read or written."""


class GrammarError(FuncdexError):
    """A grammar that cannot be built or rendered."""


class UnsupportedSchema(GrammarError):
    """A JSON Schema keyword that the grammar cannot express."""


class MarkupError(FuncdexError):
    """A text that is not a conversation in Dialog Markup Language.

    `position` is the offset of the fault in the text, in characters from 0.
    """

    def __init__(self, what: str, *, position: int, fix: str = "Write the conversation again.") -> None:
        super().__init__(what, where=f"character {position}", fix=fix)
        self.position = position


class MessagesError(FuncdexError):
    """A list of chat messages that is not a conversation; `index` is the place of the fault, from 0."""

    def __init__(
        self, what: str, *, index: int, fix: str = "Correct the message or leave the list out."
    ) -> None:
        super().__init__(what, where=f"message {index}", fix=fix)
        self.index = index


class DedupError(FuncdexError):
    """The duplicate guard cannot work (no model, wrong dimension)."""


class CheckpointError(FuncdexError):
    """A run directory that cannot be written, read or resumed."""


class NoEndpointAvailable(FuncdexError):
    """No endpoint is usable, at the start or for too long in mid-run."""


class ClusterError(FuncdexError):
    """The cluster that a run is spread over cannot be joined, or gave up a part of it."""


class DiscoveryError(NoEndpointAvailable):
    """A source of endpoints (file, DNS, command) that cannot be read, or says what is no list of them."""


class Draining(FuncdexError):
    """The pool sends no more requests, because the run is asked to stop. Not a fault of anything."""


class EndpointError(FuncdexError):
    """One request at one endpoint failed. `retry_after_s` is what the server asked for, if it did."""

    kind: ClassVar[str] = "endpoint"
    # Whether the fault speaks against the endpoint (the breaker counts it) or only against the request.
    blames_endpoint: ClassVar[bool] = True

    def __init__(self, what: str, *, where: str, fix: str, retry_after_s: float | None = None) -> None:
        super().__init__(what, where=where, fix=fix)
        self.retry_after_s = retry_after_s


class Unreachable(EndpointError):
    """No connection, or one that broke before the whole answer was there."""

    kind = "unreachable"
    retryable = True


class NoConnection(Unreachable):
    """Nothing answers at the address: refused, unknown host, failed TLS, no answer to the connect."""


class TimedOut(EndpointError):
    """The answer did not come within the request's deadline, or the server says so: 408, 504."""

    kind = "timed_out"
    retryable = True


class Stalled(TimedOut):
    """The request made no progress for so long that it was broken off, before its deadline."""

    kind = "stalled"


class Overloaded(EndpointError):
    """The server is up and asks for less: 429, or 503."""

    kind = "overloaded"
    retryable = True


class ServerFault(EndpointError):
    """The server failed on this request: 500, 502."""

    kind = "server_fault"
    retryable = True


class BadResponse(EndpointError):
    """An answer that is not what the API promises: not JSON, no choices, no content."""

    kind = "bad_response"
    retryable = True


class GrammarIgnored(EndpointError):
    """An answer that is not in the language of the grammar it was asked for."""

    kind = "grammar_ignored"
    retryable = True


class RequestRefused(EndpointError):
    """The server understood the request and will never take it: 400, 401, 403, 404, 413, 422."""

    kind = "refused"
    blames_endpoint = False


class NotServed(RequestRefused):
    """The server takes no request of this sort from us: wrong key, path or model (401, 403, 404, 405)."""

    kind = "not_served"
    blames_endpoint = True


class ContextTooLong(RequestRefused):
    """Prompt and answer do not fit the model's context."""

    kind = "context_too_long"


def without_frames(error: Fault) -> Fault:
    """The same error, to be kept: without the frames it went through, and so its causes.

    A frame that keeps the error which went through it is a circle. With it request, answer and connection
    would stay until the garbage collector looks, which is next to never while a run is at work.
    """
    chain: list[BaseException | None] = [error]
    while chain:
        if (one := chain.pop()) is not None and one.__traceback__ is not None:
            one.__traceback__ = None
            chain += one.__cause__, one.__context__
    return error


def root_fault(error: BaseException) -> BaseException:
    """The fault that a task group's exception group is about: the first leaf that is not a cancellation."""
    while isinstance(error, BaseExceptionGroup):
        error = next((one for one in error.exceptions if isinstance(one, Exception)), error.exceptions[0])
    return error


@contextmanager
def panics_as_recursion() -> Iterator[None]:
    """In its block a library written in Rust that breaks off, which is no `Exception`, raises RecursionError.
    The one below jsonschema does so where Python, asked to compare two keys, meets its limit of recursion."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise RecursionError("it refers to itself without end, or is nested too deep") from error
        raise
