"""Tool calls in an answer, whole or in the pieces of a stream.

{"tool_calls": [{"id": "a", "type": "function", "function": {"name": "SEND", "arguments": "{\\"to\\": 1}"}}]}
{"tool_calls": [{"index": 0, "function": {"name": "SEND", "arguments": ""}}]}, then {"index": 0, "function":
{"arguments": "{\\"to\\""}}, ...

What a model writes as arguments may be anything; whether it is JSON is for whoever asked.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from funcdex.types.request import NativeCall

MOST_CALLS = 256
"""Of one answer; those beyond are dropped."""
_NO_CALLS: tuple[NativeCall, ...] = ()


def native_calls(told: object) -> tuple[NativeCall, ...]:
    """The calls of a message; what is no call is left out."""
    if not told or not isinstance(told, list):
        return _NO_CALLS
    functions = (one.get("function") if isinstance(one, dict) else None for one in told[:MOST_CALLS])
    return tuple(_call(function) for function in functions if isinstance(function, dict))


def _call(function: Mapping[str, object]) -> NativeCall:
    name, arguments = function.get("name"), function.get("arguments")
    if arguments is None:
        arguments = ""
    # Some servers give the arguments as a value.
    text = arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
    return NativeCall(name if isinstance(name, str) else "", text)


class CallPieces:
    """Puts the calls of a streamed answer together."""

    def __init__(self) -> None:
        self._calls: dict[int, dict[str, list[str]]] = {}

    def take(self, delta: Mapping[str, object]) -> bool:
        """Whether the delta had a piece of a call."""
        told = delta.get("tool_calls")
        if not told or not isinstance(told, list):
            return False
        for place, one in enumerate(told):
            if isinstance(one, dict) and isinstance(function := one.get("function"), dict):
                self._add(one.get("index"), place, function)
        return True

    def message_part(self) -> dict[str, object]:
        """What the message has of them, as if it had come at once; {} without calls."""
        if not self._calls:
            return {}
        calls = [self._calls[index] for index in sorted(self._calls)]
        return {
            "tool_calls": [
                {"function": {key: "".join(pieces) for key, pieces in call.items()}} for call in calls
            ]
        }

    def _add(self, index: object, place: int, function: Mapping[str, object]) -> None:
        number = index if isinstance(index, int) else place
        if number not in self._calls and len(self._calls) >= MOST_CALLS:
            return
        call = self._calls.setdefault(number, {"name": [], "arguments": []})
        for key, pieces in call.items():
            if isinstance(piece := function.get(key), str):
                pieces.append(piece)
