"""What one record says that can be counted. Nothing in it is trusted to have the form it should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from funcdex.dml.parser import parse
from funcdex.errors import MarkupError
from funcdex.export.messages import to_messages
from funcdex.types.conversation import JsonValue

LONGEST_NAME = 100
"""Characters of a name (tool, reason, kind...) by which is counted."""
MOST = 2**53
"""No count of tokens or turns is larger."""
MOST_OPTIONS = 1_000
"""Values of one enum that are looked at."""
UNKNOWN = "(not said)"


@dataclass(frozen=True, slots=True)
class Paid:
    """One request and its tokens."""

    stage: str
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A tool that was shown: its parameters, and the values of those that are, or are lists of, an enum."""

    parameters: tuple[str, ...]
    enums: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Talk:
    """The shape of an accepted conversation. `shown` are the tools by name, `called` the names and arguments
    of the calls, in order; `trained` counts the assistant's messages that are to be trained on, None where
    the record does not say. `texts` is all that a model reads and writes but the tools, whose definitions are
    `tools`; `said` are the words by the role that spoke them."""

    messages: int
    turns: int
    assistant_messages: int
    trained: int | None
    shown: Mapping[str, Shown]
    called: Sequence[tuple[str, Mapping[str, Any]]]
    texts: Sequence[str] = ()
    tools: Sequence[JsonValue] = ()
    said: Mapping[str, Sequence[str]] = field(default_factory=dict)


_ANSWERS = {True: "same", False: "different"}


@dataclass(frozen=True, slots=True)
class Told:
    """A record. `talk` is None for a rejected one, `rejected` (stage and reason) for an accepted one."""

    id: str
    kind: str
    toolkit: str
    clarity: str
    simulated: bool
    talk: Talk | None
    rejected: tuple[str, str] | None
    scores: Mapping[str, int]
    unscored: str | None
    verdicts: Sequence[Mapping[str, str]]
    agreement: float | None
    paid: Sequence[Paid]
    corrections: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By how it was corrected, and why."""
    adjudicated: Counter[str] = field(default_factory=Counter)
    """Questions whether its scenario repeats another, by their answer: `same`, `different`, `unanswered`."""


def told_by(record: JsonValue) -> Told:
    """Of a line of a run's outputs, or of any data set with `messages`. Raises ValueError for what is no such
    record."""
    if not isinstance(record, dict):
        raise ValueError("a line is a JSON object")
    lineage = _mapping(record.get("lineage"))
    metadata = _mapping(record.get("metadata"))
    is_rejected = isinstance(record.get("reason"), str)
    verdicts = _mapping(lineage.get("verdicts"))
    return Told(
        id=_name(record.get("id"), ""),
        kind=_name(record.get("kind")),
        toolkit=_toolkit(record),
        clarity=_name(lineage.get("clarity", metadata.get("clarity_level"))),
        simulated=record.get("simulated") is True,
        talk=None if is_rejected else _talk(record),
        rejected=(_name(record.get("stage")), _name(record["reason"])) if is_rejected else None,
        scores={
            _name(name): value for name, value in _mapping(record.get("scores")).items() if _is_score(value)
        },
        unscored=_name(verdicts["unscored"]) if "unscored" in verdicts else None,
        verdicts=[
            {_name(key): _name(value) for key, value in entry.items() if isinstance(value, str)}
            for entry in map(_mapping, _list(verdicts.get("turns")))
        ],
        agreement=_share(verdicts.get("agreement")),
        paid=[_paid(_mapping(one)) for one in _list(lineage.get("requests"))],
        corrections=Counter(_corrections(lineage)),
        adjudicated=Counter(_answer(_mapping(one).get("same")) for one in _list(lineage.get("adjudicated"))),
    )


def _answer(same: JsonValue) -> str:
    return _ANSWERS[same] if isinstance(same, bool) else "unanswered"


def _talk(record: Mapping[str, Any]) -> Talk:
    messages = _messages(record)
    roles = Counter(_name(message.get("role")) for message in messages)
    mask = record.get("loss_mask")
    calls = [call for message in messages for call in _list(message.get("tool_calls"))]
    tools = _tools(record)
    shown = (_mapping(_mapping(tool).get("function")) for tool in tools)
    return Talk(
        messages=len(messages),
        turns=roles["user"],
        assistant_messages=roles["assistant"],
        trained=sum(one is True for one in mask) if isinstance(mask, list) else None,
        shown={_name(tool.get("name")): _shown(tool) for tool in shown},
        called=[_call(_mapping(_mapping(call).get("function"))) for call in calls],
        texts=list(_texts(record, messages)),
        tools=tools,
        said={role: list(_said(messages, role)) for role in ("user", "assistant")},
    )


def _said(messages: Sequence[Mapping[str, Any]], role: str) -> Iterator[str]:
    for message in messages:
        if message.get("role") == role and isinstance(message.get("content"), str):
            yield message["content"]


def _texts(record: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """System prompt, contents, thoughts in a field of their own, and calls as JSON."""
    prompt = record.get("system_prompt", record.get("system"))
    if isinstance(prompt, str):
        yield prompt
    for message in messages:
        for key in ("content", "reasoning_content"):
            if isinstance(message.get(key), str):
                yield message[key]
        for call in map(_mapping, _list(message.get("tool_calls"))):
            function = _mapping(call.get("function"))
            arguments = function.get("arguments")
            yield _name(function.get("name"))
            yield arguments if isinstance(arguments, str) else as_text(arguments)


def _messages(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    match record:
        case {"messages": list(messages)}:
            return [_mapping(message) for message in messages]
        case {"messages": str(text)}:  # As the predecessor's published data set has them.
            return [_mapping(message) for message in _list(_json(text))]
        case {"conversation_dml": str(text)}:
            try:
                return list(to_messages(parse(text)))
            except MarkupError as error:
                raise ValueError(f"its markup is broken: {error}") from error
    raise ValueError("a record has `messages`, `conversation_dml`, or the `reason` why there are none")


def _tools(record: Mapping[str, Any]) -> list[JsonValue]:
    tools = record.get("tools")
    return _list(_json(tools) if isinstance(tools, str) else tools)


def _shown(function: Mapping[str, Any]) -> Shown:
    properties = _mapping(_mapping(function.get("parameters")).get("properties"))
    options = {_name(name): _options(_mapping(schema)) for name, schema in properties.items()}
    return Shown(tuple(options), {name: values for name, values in options.items() if values})


def _options(schema: Mapping[str, Any]) -> frozenset[str]:
    """What an argument, or an item of it, may be; empty where that is no enum."""
    values = schema.get("enum", _mapping(schema.get("items")).get("enum"))
    return frozenset(map(option, _list(values)[:MOST_OPTIONS])) if isinstance(values, list) else frozenset()


def option(value: JsonValue) -> str:
    """The value of an enum by which is counted: a text as it is, what is no text as JSON."""
    return (value if isinstance(value, str) else as_text(value))[:LONGEST_NAME]


def as_text(value: JsonValue) -> str:
    """As JSON."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # Large numbers, lone surrogates, what is nested too deep.
        return repr(value)


def _call(function: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    arguments = function.get("arguments")
    given = _mapping(_json(arguments) if isinstance(arguments, str) else arguments)
    return _name(function.get("name")), {_name(name): value for name, value in given.items()}


def _paid(request: Mapping[str, Any]) -> Paid:
    tokens = (_count(request.get(name)) for name in ("prompt_tokens", "completion_tokens"))
    return Paid(_name(request.get("stage")), *tokens)


def _corrections(lineage: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in map(_mapping, _list(lineage.get("corrections"))):
        for reason in _list(one.get("reasons")) or [UNKNOWN]:
            yield _name(one.get("how")), _name(reason)


def _toolkit(record: Mapping[str, Any]) -> str:
    toolkits = record.get("toolkits")
    if isinstance(toolkits, list) and toolkits:
        return "+".join(map(_name, toolkits))[:LONGEST_NAME]
    return _name(record.get("toolkit"))


def _json(text: str) -> JsonValue:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _mapping(value: JsonValue) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _name(value: JsonValue, otherwise: str = UNKNOWN) -> str:
    return value[:LONGEST_NAME] if isinstance(value, str) and value else otherwise


def _count(value: JsonValue) -> int:
    return value if type(value) is int and 0 <= value <= MOST else 0


def _is_score(value: JsonValue) -> bool:
    return type(value) is int and 0 <= value <= 100


def _share(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else None
