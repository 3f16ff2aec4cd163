"""The answers of an evaluation: appended as they come, durable within moments, read again to go on.

One line a context. Who asks does not wait for the disk: what comes meanwhile shares the next write and
fsync, and memory is bounded. A kill loses what was not yet durable, the answers of less than a tenth of a
second on a disk that keeps up, which are asked for again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from funcdex.errors import CheckpointError, EndpointError
from funcdex.evaluate.answers import MOST_ARGUMENT_CHARS, MOST_CALLS, Answer
from funcdex.rundir.files import LINES_BUFFER_BYTES, disk_faults
from funcdex.rundir.jsonlines import as_line, from_line
from funcdex.rundir.linefile import LineFile
from funcdex.types.request import Completion, NativeCall

GATHERED_FOR_S = 0.05
"""Answers of so long share a write: a thread and an fsync for each would cost as much as asking does."""
MOST_WAITING_BYTES = 32 << 20
MOST_TEXT_CHARS = 200_000
"""Of an answer that are kept: no reader of ours looks further."""


@dataclass(frozen=True, slots=True)
class Fault:
    """No endpoint answered: a code and a sentence."""

    kind: str
    detail: str


Entry = Answer | Fault


def answer_line(key: str, completion: Completion) -> bytes:
    """What came to the context of this key, as a line."""
    calls = [
        [call.name[:MOST_TEXT_CHARS], call.arguments[: MOST_ARGUMENT_CHARS + 1]]
        for call in completion.calls[:MOST_CALLS]
    ]
    record = {
        "key": key,
        "text": completion.text[:MOST_TEXT_CHARS],
        "calls": calls,
        "finish_reason": completion.finish_reason,
        "model": completion.model,
        "endpoint": completion.endpoint,
        "prompt_tokens": completion.prompt_tokens,
        "completion_tokens": completion.completion_tokens,
        "reasoning_tokens": completion.reasoning_tokens,
        "latency_s": round(completion.latency_s, 3),
        "simulated": completion.simulated,
    }
    return as_line(record)


def fault_line(key: str, fault: EndpointError) -> bytes:
    """Why nothing came."""
    return as_line({"key": key, "fault": fault.kind, "detail": str(fault)})


def read_answers(path: Path) -> dict[str, Entry]:
    """What is there by key, the newest of each; lines that are damaged count as not there.

    Raises CheckpointError if it cannot be read.
    """
    if not os.path.exists(path):
        return {}
    with disk_faults(path, "reading the answers"), path.open("rb", LINES_BUFFER_BYTES) as file:
        return dict(_entries(file))


def _entries(lines: Iterable[bytes]) -> Iterator[tuple[str, Entry]]:
    for line in lines:
        try:
            record = from_line(line)
            yield record["key"], _entry(record)
        except (ValueError, KeyError, TypeError):
            continue


def _entry(record: Mapping[str, Any]) -> Entry:
    """Raises KeyError, TypeError or ValueError for what is none."""
    if not isinstance(record["key"], str):
        raise TypeError("a key is a text")
    if "fault" in record:
        return Fault(str(record["fault"]), str(record["detail"]))
    calls = tuple(NativeCall(str(name), str(arguments)) for name, arguments in record["calls"])
    return Answer(
        text=str(record["text"]),
        calls=calls,
        finish_reason=str(record["finish_reason"]),
        model=str(record["model"]),
        endpoint=str(record["endpoint"]),
        prompt_tokens=int(record["prompt_tokens"]),
        completion_tokens=int(record["completion_tokens"]),
        reasoning_tokens=int(record["reasoning_tokens"]),
        latency_s=float(record["latency_s"]),
        simulated=bool(record["simulated"]),
    )


class AnswerLog:
    """Appends to the file at `path`, its torn last line cut off. `write_until_closed` must run meanwhile."""

    def __init__(self, path: Path) -> None:
        with disk_faults(path, "opening the answers", "Check that the folder can be written."):
            self._file = LineFile(path)
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._called = anyio.Event()
        self._written = anyio.Event()
        self._closed = anyio.Event()
        self.fault: CheckpointError | None = None

    async def put(self, line: bytes) -> None:
        """Waits only where the disk is far behind. Raises CheckpointError once it has failed."""
        while self._waiting_bytes > MOST_WAITING_BYTES and self.fault is None:
            await self._written.wait()
        if self.fault is not None:
            raise CheckpointError(self.fault.what, where=self.fault.where, fix=self.fault.fix)
        self._waiting.append(line)
        self._waiting_bytes += len(line)
        self._called.set()

    def close(self) -> None:
        """Nothing comes any more."""
        self._closed.set()
        self._called.set()

    async def write_until_closed(self) -> None:
        """The writer: ends when the log is closed and all is durable, or the disk failed."""
        with anyio.CancelScope(shield=True):
            try:
                while self._waiting or not self._closed.is_set():
                    await self._called.wait()
                    self._called = anyio.Event()
                    with anyio.move_on_after(GATHERED_FOR_S):
                        await self._closed.wait()
                    await self._write_waiting()
            except CheckpointError as fault:
                self.fault = fault
            finally:
                self._written.set()
                self._file.close()

    async def _write_waiting(self) -> None:
        lines, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if lines:
            await anyio.to_thread.run_sync(self._append, b"".join(lines))
        self._written.set()
        self._written = anyio.Event()

    def _append(self, lines: bytes) -> None:
        with disk_faults(self._file.path, "writing the answers"):
            self._file.append(lines)
            self._file.sync()
