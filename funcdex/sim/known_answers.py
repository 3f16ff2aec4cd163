"""Answers to requests with tools, from a data set that has them: for tests and for trying `funcdex eval`.

A request whose messages are those of a context of the data set gets the calls that come next there, or words
where none come; a share of them, drawn from the messages and the seed, gets a mistake instead. Requests that
no context has are answered like all others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Literal, get_args

import orjson

from funcdex.errors import ConfigError
from funcdex.export.chat import chat_messages
from funcdex.export.contexts import contexts_of
from funcdex.export.options import Options
from funcdex.export.sample import Sample, name_of, sample_of
from funcdex.ordinary_file import open_ordinary
from funcdex.sim.generation import Generation, NativeCalls
from funcdex.sim.tokens import pieces

Mistake = Literal[
    "no_call",
    "unknown_tool",
    "wrong_tool",
    "wrong_value",
    "missing_parameter",
    "bad_json",
    "extra_call",
    "cut_off",
]
MISTAKES: tuple[Mistake, ...] = get_args(Mistake)
WORDS = "That is beyond what I can do here."
_WITHOUT_THOUGHTS = Options(thoughts="strip")


@dataclass(frozen=True, slots=True)
class _Known:
    calls: tuple[tuple[str, Mapping[str, Any]], ...]
    tools: tuple[str, ...]


class KnownAnswers:
    """Read once, when the endpoint starts. Raises ConfigError for a file that cannot be read."""

    def __init__(self, path: Path, right_share: float, seed: int) -> None:
        self._right_share = right_share
        self._seed = seed
        self._by_digest: dict[bytes, _Known] = {}
        for sample in _samples(path):
            self._learn(sample)

    def generation_for(self, body: bytes) -> Generation | None:
        """The answer to a request, given its body, which is known to be JSON; None if it is not known."""
        asked = orjson.loads(body)
        known = self._by_digest.get(_digest(asked.get("messages"))) if asked.get("tools") else None
        if known is None:
            return None
        rng = Random(_digest(asked["messages"]) + self._seed.to_bytes(8, "big", signed=True))
        if rng.random() < self._right_share:
            return _saying([(name, _text(arguments)) for name, arguments in known.calls])
        return _mistaken(known, rng)

    def _learn(self, sample: Sample) -> None:
        messages = chat_messages(sample, _WITHOUT_THOUGHTS)
        tools = tuple(name_of(tool) for tool in sample.tools)
        for context in contexts_of(sample):
            before = messages[: context.at + (sample.system is not None)]
            calls = tuple((call.name, call.values) for call in context.expected)
            self._by_digest[_digest(before)] = _Known(calls, tools)


def _mistaken(known: _Known, rng: Random) -> Generation:
    if not known.calls:
        return _saying([(rng.choice(known.tools), "{}")])
    calls = [(name, _text(arguments)) for name, arguments in known.calls]
    (name, arguments), rest = known.calls[0], calls[1:]
    match mistake := rng.choice(MISTAKES):
        case "no_call":
            return _saying([])
        case "cut_off":
            return Generation((WORDS[:10],), "length")
        case "unknown_tool":
            return _saying([(f"{name}_NOW", _text(arguments)), *rest])
        case "wrong_tool":
            others = [tool for tool in known.tools if tool != name] or [f"{name}_NOW"]
            return _saying([(rng.choice(others), _text(arguments)), *rest])
        case "bad_json":
            return _saying([(name, _text(arguments)[:-1]), *rest])
        case "extra_call":
            return _saying([*calls, calls[0]])
        case _ if not arguments:
            return _saying([(name, '{"surplus": 1}'), *rest])
    parameter = rng.choice(sorted(arguments))
    changed = {key: value for key, value in arguments.items() if key != parameter}
    if mistake == "wrong_value":
        changed[parameter] = [arguments[parameter]]
    return _saying([(name, _text(changed)), *rest])


def _saying(calls: Sequence[tuple[str, str]]) -> Generation:
    if not calls:
        return Generation(tuple(pieces(WORDS)), "stop")
    return Generation(tuple(pieces(_text(calls))), "stop", NativeCalls(calls))


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _digest(messages: object) -> bytes:
    return sha256(orjson.dumps(messages, option=orjson.OPT_SORT_KEYS)).digest()


def _samples(path: Path) -> Iterator[Sample]:
    fix = "Name a JSON Lines file with messages and tools, such as parsed_conversations.jsonl."
    try:
        with open_ordinary(path) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield sample_of(orjson.loads(line), f"line_{number:06d}")
    except OSError as error:
        raise ConfigError(f"cannot read the answers: {error.strerror}", where=str(path), fix=fix) from error
    except (ValueError, AttributeError, RecursionError) as error:
        raise ConfigError(f"not a data set: {error}", where=f"{path}:{number}", fix=fix) from error
