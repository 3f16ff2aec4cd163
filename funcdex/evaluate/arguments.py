"""A call that came beside the one that was expected: which arguments are right, and what is wrong.

For precision and recall an argument counts as right if `values.value_flaw` finds nothing. One that equals its
default in the schema, and is left out on the other side, counts on neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from funcdex.evaluate.values import is_default, property_of, shown, value_flaw
from funcdex.types.conversation import JsonValue


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with an answer: a code, the tool it is about, the parameter, and a sentence.

    About calls: `no_call`, `called` (where nothing was to be), `wrong_count`, `wrong_tool`, `unknown_tool`,
    `extra_call`, `bad_json`; about arguments: `missing_parameter`, `unexpected_parameter`, `wrong_type`,
    `wrong_value`. `tool` is the one that was expected, or, where none was, the one that was called.
    """

    code: str
    tool: str = ""
    parameter: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """`right` arguments of those that `came` and those `expected`. Without flaws the calls are the same."""

    right: int
    came: int
    expected: int
    flaws: tuple[Flaw, ...]


def compare(
    tool: str, expected: Mapping[str, JsonValue], came: Mapping[str, JsonValue], parameters: JsonValue
) -> Compared:
    """`parameters` is the tool's schema, or anything where it is not known."""
    flaws = tuple(_flaws(tool, expected, came, parameters))
    faulty = {flaw.parameter for flaw in flaws}
    return Compared(
        right=sum(name in expected and name not in faulty for name in came),
        came=sum(name in expected or name in faulty for name in came),
        expected=sum(name in came or name in faulty for name in expected),
        flaws=flaws,
    )


def _flaws(
    tool: str, expected: Mapping[str, JsonValue], came: Mapping[str, JsonValue], parameters: JsonValue
) -> Iterator[Flaw]:
    for name, value in expected.items():
        if name not in came:
            if is_required(name, parameters) or not is_default(value, parameters, name):
                yield Flaw("missing_parameter", tool, name, f"expected {shown(value)}")
        elif (flaw := value_flaw(came[name], value, property_of(parameters, name))) is not None:
            yield Flaw(flaw.code, tool, name, flaw.detail)
    for name, value in came.items():
        if name not in expected and not is_default(value, parameters, name):
            yield Flaw("unexpected_parameter", tool, name, f"{shown(value)} was not expected")


def is_required(name: str, parameters: JsonValue) -> bool:
    """Whether no call may be without it."""
    required = parameters.get("required") if isinstance(parameters, Mapping) else None
    return isinstance(required, list | tuple) and name in required
