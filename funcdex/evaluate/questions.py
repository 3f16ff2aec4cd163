"""The contexts of a data set as requests, in order; a conversation is encoded once for all of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import orjson

from funcdex.dataset.source import Damages, Source
from funcdex.evaluate.ast_match import Schemas
from funcdex.evaluate.folder import Asked
from funcdex.evaluate.verdict import schemas_of
from funcdex.export.chat import chat_messages
from funcdex.export.contexts import Context, contexts_of
from funcdex.export.options import Options
from funcdex.export.sample import Sample
from funcdex.rundir.layout import RunDir
from funcdex.types.request import NativeChat, Request, Sampling

STAGE = "evaluation"
_WITHOUT_THOUGHTS = Options(thoughts="strip")


@dataclass(frozen=True, slots=True)
class Question:
    """A context and what it is called: `LINE.PLACE`, of the data set's file and of the message expected."""

    key: str
    line: int
    context: Context
    schemas: Schemas


def questions_of(source: Source, limit: int | None, damages: Damages) -> Iterator[Question]:
    """Every context; of the first `limit` conversations, if that is given. What cannot be read is counted.

    Raises ConfigError if the file cannot be read.
    """
    for line, _, sample in islice(source.samples(damages), limit):
        schemas = schemas_of(sample.tools)
        for context in contexts_of(sample):
            yield Question(f"{line}.{context.at}", line, context, schemas)


def records_in(path: Path) -> Path:
    """What the user named, or, of an export's folder, its test split, or its only one."""
    if not os.path.isdir(path) or RunDir(path).exists:
        return path
    return next((path / name for name in ("test.jsonl", "train.jsonl") if os.path.isfile(path / name)), path)


class Requests:
    """Makes requests of questions that come in the order of the data set."""

    def __init__(self, asked: Asked, timeout_s: float) -> None:
        knobs = {name: value for name, value in asked.sampling.items() if name != "timeout_s"}
        self._sampling = Sampling(**knobs, seed=asked.seed)
        self._asked = asked
        self._timeout_s = timeout_s
        self._sample: Sample | None = None
        self._messages: Sequence[bytes] = ()
        self._tools = b""

    def request_for(self, question: Question) -> Request:
        """All messages before the one expected, system prompt first, thoughts left out; and the tools."""
        sample = question.context.sample
        if sample is not self._sample:
            self._sample = sample
            self._messages = [orjson.dumps(one) for one in chat_messages(sample, _WITHOUT_THOUGHTS)]
            self._tools = orjson.dumps(sample.tools)
        before = question.context.at + (sample.system is not None)
        messages = b"[" + b",".join(self._messages[:before]) + b"]"
        tool_choice: Literal["auto", "none"] = "none" if self._asked.tool_choice == "none" else "auto"
        return Request(
            conversation_id=question.key,
            stage=STAGE,
            messages=(),
            sampling=self._sampling,
            timeout_s=self._timeout_s,
            native=NativeChat(messages, self._tools, tool_choice),
        )
