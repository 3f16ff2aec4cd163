"""What the index knows of a record: the values one filters and sorts by, and the words one looks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from funcdex.dml.parser import parse
from funcdex.errors import MarkupError
from funcdex.export.messages import to_messages
from funcdex.printable import one_line
from funcdex.types.conversation import JsonValue

MOST_TEXT_CHARS = 60_000
"""Of one conversation that can be searched."""
MOST_TITLE_CHARS = 180
FLOW_BUCKET_S = 10
NEVER = -1
_SCORE = "tool_use_quality"


@dataclass(frozen=True, slots=True)
class Flow:
    """Tokens and requests of one conversation at one endpoint, noted when the conversation was written; in
    the bucket NEVER if it was given up before."""

    bucket: int
    endpoint: str
    stage: str
    requests: int
    prompt: int
    completion: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. `score` is that of the tool use, -1 where there is none; `at` is ISO 8601, or empty."""

    key: str
    state: str
    stage: str = ""
    reason: str = ""
    kind: str = ""
    toolkits: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    score: float = -1
    turns: int = 0
    messages: int = 0
    calls: int = 0
    tokens: int = 0
    model: str = ""
    at: str = ""
    title: str = ""
    text: str = ""
    flows: tuple[Flow, ...] = field(default=())


def entry_of(record: Mapping[str, Any], state: str, otherwise: str) -> Entry:
    """The row of a record, whose key is `otherwise` if it has no id. Takes whatever stands in a record."""
    messages = _messages(record)
    counted = _Counted()
    for message in messages:
        counted.take(message)
    lineage = _mapping(record.get("lineage"))
    metadata = _mapping(record.get("metadata"))
    scenario = lineage.get("scenario") or metadata.get("scenario") or record.get("scenario")
    if isinstance(scenario, str):
        counted.say(scenario)
    detail = _text(record.get("detail"))
    counted.say(detail)
    title = counted.title or (scenario if isinstance(scenario, str) else "") or detail
    tokens = _mapping(record.get("tokens"))
    return Entry(
        key=_text(record.get("id")) or otherwise,
        state=state,
        stage=_text(record.get("stage")),
        reason=_text(record.get("reason")),
        kind=_text(record.get("kind")),
        toolkits=_toolkits(record, metadata),
        tools=tuple(dict.fromkeys(counted.tools)),
        score=_score(record.get("scores")),
        turns=counted.turns,
        messages=len(messages),
        calls=len(counted.tools),
        tokens=_count(tokens.get("prompt")) + _count(tokens.get("completion")),
        model=_text(record.get("model")),
        at=_text(lineage.get("written_at")),
        title=_clean(one_line(title[: 4 * MOST_TITLE_CHARS], MOST_TITLE_CHARS)),
        text=_clean("\n".join(counted.said)),
        flows=tuple(_flows(lineage)),
    )


class _Counted:
    """What is counted and said, message by message."""

    def __init__(self) -> None:
        self.turns, self.title = 0, ""
        self.tools: list[str] = []
        self.said: list[str] = []
        self._left = MOST_TEXT_CHARS

    def take(self, message: Mapping[str, Any]) -> None:
        content = message.get("content")
        text = content if isinstance(content, str) else ""
        if message.get("role") == "user":
            self.turns += 1
            self.title = self.title or text
        self.say(text)
        calls = message.get("tool_calls")
        if isinstance(calls, str):
            calls = _json(calls)
        for call in calls if isinstance(calls, list) else ():
            function = _mapping(call).get("function", call)
            name, arguments = _mapping(function).get("name"), _mapping(function).get("arguments")
            if isinstance(name, str):
                self.tools.append(_clean(name[:200]))
                self.say(name)
            self.say(arguments if isinstance(arguments, str) else str(arguments or ""))

    def say(self, text: str) -> None:
        if text and self._left > 0:
            self.said.append(text[: self._left])
            self._left -= len(text)


def _messages(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    raw = record.get("messages")
    if isinstance(raw, str):
        raw = _json(raw)
    if raw is None and isinstance(record.get("conversation_dml"), str):
        try:
            return list(to_messages(parse(record["conversation_dml"])))
        except MarkupError:
            return [{"role": "markup", "content": record["conversation_dml"]}]
    return [one for one in raw if isinstance(one, dict)] if isinstance(raw, list) else []


def _toolkits(record: Mapping[str, Any], metadata: Mapping[str, Any]) -> tuple[str, ...]:
    for told in (record.get("toolkits"), metadata.get("selected_toolkits")):
        if isinstance(told, list):
            return tuple(dict.fromkeys(_text(one) for one in told if isinstance(one, str) and one))
    told = _text(record.get("toolkit"))
    return (told,) if told else ()


def _flows(lineage: Mapping[str, Any]) -> Iterator[Flow]:
    requests, written_at = lineage.get("requests"), lineage.get("written_at")
    if not isinstance(requests, list):
        return
    try:
        bucket = int(datetime.fromisoformat(_text(written_at)).timestamp()) // FLOW_BUCKET_S
    except (ValueError, OverflowError):
        bucket = NEVER
    for one in requests:
        used = _mapping(one)
        endpoint, stage = _text(used.get("endpoint")), _text(used.get("stage"))
        prompt, completion = _count(used.get("prompt_tokens")), _count(used.get("completion_tokens"))
        if endpoint:
            yield Flow(bucket, endpoint, stage, 1, prompt, completion)


def _score(scores: JsonValue) -> float:
    value = _mapping(scores).get(_SCORE)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100:
        return float(value)
    return -1.0


def _count(value: JsonValue) -> int:
    known = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40
    return value if known else 0


def _mapping(value: JsonValue) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: JsonValue) -> str:
    return _clean(value[:1000]) if isinstance(value, str) else ""


def _clean(text: str) -> str:
    """Half of a surrogate pair has no bytes, and SQLite takes none."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


def _json(text: str) -> JsonValue:
    try:
        return orjson.loads(text)
    except ValueError:
        return None
