"""What a prompt asks an answer to be like, as far as the simulated endpoint understands it.

An example in JSON, which an answer in JSON takes after; and the plan of a conversation, whose lines about
calls have a fixed form:

    Message 2. The user: wants it sent
      The assistant asks: to whom?
      call 1: FIND_INVOICE, fails with 503
        number: "INV-7", said in message 1
      call 2, at the same time: SEND, works
        id: from the response to call 1: items[0].id
      call 3: FIND_INVOICE, works, the same arguments as call 1
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from funcdex.types.error_response import error_codes, response_forms

FRESH = object()
"""Stands in an example for a value that nobody has said before."""
OWN = "..."
"""Stands in an example for any value; `... (to)` for one that is the same wherever this stands."""

_EXAMPLE = re.compile(r'^\{"facts":.*\}$', re.M)
_MESSAGE = re.compile(r"^Message \d+\. The user: ")
_ASKS = "  The assistant asks: "
_CALL = re.compile(
    r"^  call (\d+)(, at the same time)?: ([A-Za-z0-9_-]+), (works|fails|works and finds nothing)"
    r"(?: with (\d+))?(?:, the same arguments as call (\d+))?$"
)
_FROM = re.compile(r"^    (.+?): from the response to call (\d+): (\S+)$")
_SAID = re.compile(r"^    (.+?): ")
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_MOST_ENTRIES = 5
_DEEPEST = 8
_EXAMPLES_OF_FORMATS = {
    "date-time": "2025-05-14T09:30:00Z",
    "date": "2025-05-14",
    "email": "office@sycamore.example",
    "uri": "https://sycamore.example/a/7",
}


@dataclass(slots=True)
class ScriptedCall:
    """A call of a plan. `code`: the error's, None if it has none; `sources`: call and path of an argument, or
    None where it comes from elsewhere."""

    tool: str
    at_once: bool
    fails: bool
    empty: bool
    code: int | None
    same_as: int | None
    sources: dict[str, tuple[int, str] | None] = field(default_factory=dict)


@dataclass(slots=True)
class ScriptedTurn:
    """A user message and what follows."""

    asks: bool = False
    calls: list[ScriptedCall] = field(default_factory=list)

    @property
    def ends_in_failure(self) -> bool:
        """Whether the last call fails, so that the user has to be told."""
        return bool(self.calls) and self.calls[-1].fails


class Script:
    """A plan, and how far a conversation has come in it."""

    def __init__(self, turns: list[ScriptedTurn], responses: dict[str, Any]) -> None:
        """`responses`: the response schemas of tools."""
        self.turns = turns
        self._schemas = responses
        self._calls = [call for turn in turns for call in turn.calls]
        self._arguments: list[Any] = []
        self._responses: list[Any] = []
        self._opened = 0

    def call(self) -> Any:
        """The example of the next call; None if no more is planned."""
        self._opened += 1
        if self._opened > len(self._calls):
            return None
        planned = self._calls[self._opened - 1]
        if planned.same_as is not None and planned.same_as <= len(self._arguments):
            return {"name": planned.tool, "arguments": self._arguments[planned.same_as - 1]}
        failed_before = any(
            one.tool == planned.tool and (one.fails or one.empty) for one in self._calls[: self._opened - 1]
        )
        other = FRESH if failed_before else OWN
        arguments = {name: self._value(source, other) for name, source in planned.sources.items()}
        return {"name": planned.tool, "arguments": arguments}

    def _value(self, source: tuple[int, str] | None, other: object) -> object:
        if source is None or source[0] > len(self._responses):
            return other
        value = self._responses[source[0] - 1]
        try:
            for index, name in _STEP.findall(source[1]):
                value = value[int(index)] if index else value[name]
        except (LookupError, TypeError):
            return other
        return value

    @property
    def next_is_at_once(self) -> bool:
        """Whether the next call is made together with the one before."""
        return self._opened < len(self._calls) and self._calls[self._opened].at_once

    def called(self, text: str) -> None:
        """Takes note of a call that was written."""
        written = _json(text)
        self._arguments.append(written.get("arguments", {}) if isinstance(written, dict) else {})

    @property
    def finds_nothing(self) -> bool:
        """Whether the next response is an empty list."""
        number = len(self._responses)
        return number < len(self._calls) and self._calls[number].empty

    def response(self) -> tuple[Any, bool]:
        """The example of the next response, and whether more may stand there."""
        number = len(self._responses) + 1
        if number > len(self._calls):
            return None, True
        planned = self._calls[number - 1]
        if planned.fails:
            listed = error_codes(self._schemas.get(planned.tool) or {})
            return {"error": {"code": _nearest(planned.code, listed) or OWN, "message": OWN}}, False
        if planned.at_once or (number < len(self._calls) and self._calls[number].at_once):
            # The grammar leaves open which response of a step is which tool's.
            return _example_of(response_forms(self._schemas.get(planned.tool) or {}).fine, 0), False
        forms = response_forms(self._schemas.get(planned.tool) or {})
        # Where a schema tells errors apart, a draw among its options would often be one.
        wanted: Any = _example_of(forms.fine, 0) if forms.own and not planned.empty else None
        for call in self._calls:
            for source in call.sources.values():
                if source is not None and source[0] == number:
                    wanted = _with(
                        wanted, [int(index) if index else name for index, name in _STEP.findall(source[1])]
                    )
        return wanted, True

    def responded(self, text: str) -> None:
        """Takes note of a response that was written."""
        self._responses.append(_json(text))


def _nearest(code: int | None, listed: Sequence[int]) -> int | None:
    """A code that a tool lists and that says the same as one that it does not list."""
    if code is None or not listed or code in listed:
        return code
    return next((one for one in listed if one // 100 == code // 100), code)


def _with(tree: Any, steps: list[str | int]) -> Any:
    """The tree with a fresh value at the end of these steps."""
    if not steps:
        return FRESH
    step, *rest = steps
    if isinstance(step, int):
        entries = list(tree) if isinstance(tree, list) else []
        entries += [OWN] * (min(step + 1, _MOST_ENTRIES) - len(entries))
        if step < len(entries):
            entries[step] = _with(entries[step], rest)
        return entries
    members = dict(tree) if isinstance(tree, dict) else {}
    return members | {step: _with(members.get(step), rest)}


def script_in(prompt: str) -> Script | None:
    """The plan that a prompt holds, if it does."""
    turns: list[ScriptedTurn] = []
    for line in prompt.splitlines():
        if _MESSAGE.match(line):
            turns.append(ScriptedTurn())
        elif turns and line.startswith("  "):
            _read(line, turns[-1])
    if not turns:
        return None
    # Reading them takes longer than all the rest, and elsewhere the grammar leads there by itself.
    wanted = any(call.at_once or call.fails for turn in turns for call in turn.calls)
    return Script(turns, _schemas_in(prompt) if wanted else {})


def _schemas_in(prompt: str) -> dict[str, Any]:
    """The response schemas of the tools that a prompt lists."""
    told = (_json(line) for line in prompt.splitlines() if line.startswith('{"name":'))
    return {tool["name"]: tool.get("response") for tool in told if isinstance(tool, dict) and "name" in tool}


def _example_of(schema: Any, depth: int) -> Any:
    """A value with what a schema cannot do without; OWN where any will do."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return OWN
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if options := schema.get("oneOf") or schema.get("anyOf"):
        return _example_of(options[0], depth + 1)
    properties = schema.get("properties")
    if schema.get("type") == "object" and isinstance(properties, dict):
        required = schema.get("required", ())
        return {name: _example_of(one, depth + 1) for name, one in properties.items() if name in required}
    match schema.get("type"):
        case "array":
            return [_example_of(schema.get("items"), depth + 1)]
        case "boolean":
            return True
        case "integer" | "number":
            return schema.get("minimum", 1)
        case _:
            return _EXAMPLES_OF_FORMATS.get(str(schema.get("format")), OWN)


def _read(line: str, turn: ScriptedTurn) -> None:
    if line.startswith(_ASKS):
        turn.asks = True
    elif found := _CALL.match(line):
        _, at_once, tool, result, code, same_as = found.groups()
        turn.calls.append(
            ScriptedCall(
                tool,
                at_once=at_once is not None,
                fails=result == "fails",
                empty=result.endswith("nothing"),
                code=int(code) if code else None,
                same_as=int(same_as) if same_as else None,
            )
        )
    elif turn.calls and (taken := _FROM.match(line)):
        turn.calls[-1].sources[taken[1]] = int(taken[2]), taken[3]
    elif turn.calls and (said := _SAID.match(line)):
        turn.calls[-1].sources[said[1]] = None


def example_in(prompt: str) -> Any:
    """The example of an answer in JSON that a prompt holds; None if there is none."""
    examples = _EXAMPLE.findall(prompt)
    return _json(examples[-1]) if examples else None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
