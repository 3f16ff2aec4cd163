"""Whether a finished conversation is of its kind, and keeps to its blueprint. What a program can tell of it.

Reasons: `not_of_kind` and `off_blueprint`. The plan is kept to where it matters: each planned tool is called
at least once, and a tool whose argument comes from another's response is called after it. More calls, other
words, other values and another number of messages are no faults.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from funcdex.stages.blueprint import Blueprint, Returned, Said, read_blueprint
from funcdex.stages.empty_results import finds_nothing
from funcdex.stages.kinds import FAILURES, SPECS, failure_of, recovery_of
from funcdex.types.conversation import Conversation, JsonValue, ToolCall, Turn
from funcdex.types.error_response import error_codes, is_error
from funcdex.types.fault import Fault
from funcdex.types.json_values import plain_values
from funcdex.types.record import Draft, Plan
from funcdex.types.tools import Tool

SHORTEST_VALUE = 3
"""Characters of a text below which it says nothing that two places have it in common."""
SMALLEST_NUMBER = 10

_QUESTION_MARKS = "?？؟"


OF_HTTP = range(400, 600)
"""Codes of errors whose meaning is known."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A call as it was made: `step` counts the steps of the conversation, `turn` its turns, from 0."""

    step: int
    turn: int
    call: ToolCall
    response: JsonValue


def kind_faults(conversation: Conversation, draft: Draft, tools: Sequence[Tool] = ()) -> tuple[Fault, ...]:
    """Every way in which the conversation is not what was planned; none for one without a blueprint. `tools`
    are those shown, as far as they are known."""
    if draft.blueprint is None:
        return ()
    blueprint, made = read_blueprint(draft.blueprint), tuple(_made(conversation))
    of_kind = (
        Fault("not_of_kind", detail, turn)
        for detail, turn in _kind(conversation, made, blueprint, draft.plan, tools)
    )
    off_plan = (Fault("off_blueprint", detail) for detail in _off_blueprint(made, blueprint))
    return (*of_kind, *off_plan)


def _made(conversation: Conversation) -> Iterator[_Made]:
    step_number = 0
    for index, turn in enumerate(conversation.turns):
        for message in turn.messages:
            for step in message.steps:
                for call, response in zip(step.calls, step.responses, strict=True):
                    yield _Made(step_number, index, call, response)
                step_number += 1


_Found = Iterator[tuple[str, int | None]]
"""What is wrong, and in which turn."""


def _kind(
    conversation: Conversation,
    made: Sequence[_Made],
    blueprint: Blueprint,
    plan: Plan,
    tools: Sequence[Tool],
) -> _Found:
    spec = SPECS[plan.kind]
    if spec.form.calls == "none":
        if made:
            yield f"{made[0].call.name!r} is called, and in this conversation nothing may be", made[0].turn
        return
    if plan.kind != "tool_error":
        failed = next((one for one in made if is_error(one.response)), None)
        if failed is not None:
            yield f"the response of {failed.call.name!r} is an error; all calls were to work", failed.turn
    match plan.kind:
        case "multi_step":
            yield from _hops(conversation, made)
        case "parallel_calls":
            if all(one.step != other.step for one, other in zip(made, made[1:], strict=False)):
                yield "no two calls are made at once: two <tool> lines, then two <tool_response> lines", None
        case "tool_error":
            yield from _recovery(made, plan, tools)
        case "missing_parameter":
            yield from _asked_first(conversation.turns, made)
            yield from _given_later(made, blueprint)
        case "ambiguous_request":
            yield from _asked_first(conversation.turns, made)
        case "change_of_mind":
            if not any(one.turn > 0 for one in made):
                yield "nothing is called after the user has changed their mind", None


def _hops(conversation: Conversation, made: Sequence[_Made]) -> _Found:
    """An argument that only a tool can have told."""
    told, seen = "", 0
    known: set[JsonValue] = set()
    waiting: list[_Made] = []
    for one in made:
        if waiting and waiting[0].step != one.step:
            known.update(value for each in waiting for value in _values(each.response))
            waiting = []
        told += "".join(turn.user.casefold() for turn in conversation.turns[seen : one.turn + 1])
        seen = max(seen, one.turn + 1)
        if any(value in known and str(value).casefold() not in told for value in _values(one.call.arguments)):
            return
        waiting.append(one)
    yield "no argument of a call is a value that only an earlier response has told", None


def _values(value: JsonValue) -> Iterator[JsonValue]:
    """The texts and numbers in a JSON value that say something."""
    for one in plain_values(value):
        if len(one) >= SHORTEST_VALUE if isinstance(one, str) else abs(one) >= SMALLEST_NUMBER:
            yield one


def _is_another_failure(code: int, wanted: Sequence[int], possible: Collection[int]) -> bool:
    """Whether a code says that something else went wrong: another hundred of HTTP's codes. Many a service has
    codes of its own, which say nothing here, and some tools have none for what was wanted."""
    hundreds = {one // 100 for one in wanted}
    could = not possible or any(one // 100 in hundreds for one in possible)
    return could and code in OF_HTTP and code // 100 not in hundreds


def _recovery(made: Sequence[_Made], plan: Plan, tools: Sequence[Tool]) -> _Found:
    failure, by_name = failure_of(plan), {tool.name: tool for tool in tools}
    empty = failure == "empty_result"
    failed = next((one for one in made if _fails(one, by_name, empty=empty)), None)
    if failed is None:
        yield ("no call finds nothing (an empty list)" if empty else "no response is an error"), None
        return
    codes, code, tool = FAILURES[failure].codes, _code(failed.response), by_name.get(failed.call.name)
    possible = error_codes(tool.response) if tool else ()
    if not empty and code is not None and _is_another_failure(code, codes, possible):
        yield f"the error has the code {code}; it was to be {' or '.join(map(str, codes))}", failed.turn
    later = [one for one in made if one.step > failed.step]
    fine = [one for one in later if not is_error(one.response)]
    again = [one for one in fine if one.call == failed.call]
    name = failed.call.name
    match recovery_of(plan):
        case "retry" if not again:
            yield f"{name!r} is not called again with the same arguments so that it works", failed.turn
        case "changed_arguments" if not any(one.call.name == name and one not in again for one in fine):
            yield f"{name!r} is not called again with other arguments after it failed", failed.turn
        case "another_tool" if not any(one.call.name != name for one in fine):
            yield f"no other tool is called after {name!r} failed", failed.turn
        case "tell_user" if any(one.call == failed.call and one.turn == failed.turn for one in later):
            yield f"{name!r} is called again after it failed; the user was to be told", failed.turn


def _fails(one: _Made, tools: Mapping[str, Tool], *, empty: bool) -> bool:
    return finds_nothing(one.response, tools.get(one.call.name)) if empty else is_error(one.response)


def _code(response: JsonValue) -> int | None:
    error = response.get("error") if isinstance(response, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if type(code) is int else None


def _asked_first(turns: Sequence[Turn], made: Sequence[_Made]) -> _Found:
    words = turns[0].messages[-1].text
    if any(one.turn == 0 for one in made):
        yield "something is called before the assistant has asked and got its answer", 0
    if not any(mark in words for mark in _QUESTION_MARKS):
        yield "the assistant's first answer asks nothing", 0
    if not any(one.turn > 0 for one in made):
        yield "nothing is called after the user's answer", None


def _given_later(made: Sequence[_Made], blueprint: Blueprint) -> _Found:
    """What the user says late is used: one of the planned arguments of that sort."""
    late = {
        (call.tool, name)
        for call in blueprint.calls
        for name, source in call.arguments.items()
        if isinstance(source, Said) and source.turn > 1
    }
    used = {(one.call.name, name) for one in made if one.turn > 0 for name in one.call.arguments}
    if late and not late & used:
        tool, name = sorted(late)[0]
        yield f"no later call has what was missing, such as {name!r} of {tool!r}", None


def _off_blueprint(made: Sequence[_Made], blueprint: Blueprint) -> Iterator[str]:
    steps: dict[str, list[int]] = {}
    for one in made:
        steps.setdefault(one.call.name, []).append(one.step)
    for name in blueprint.tools:
        if name not in steps:
            yield f"{name!r} is never called, and the plan calls it"
    tools = {call.number: call.tool for call in blueprint.calls}
    pairs = dict.fromkeys(
        (tools[source.call], call.tool)
        for call in blueprint.calls
        for source in call.arguments.values()
        if isinstance(source, Returned)
    )
    for first, then in pairs:
        if first in steps and then in steps and min(steps[first]) >= max(steps[then]):
            yield f"{then!r} is not called after {first!r}, and takes an argument from its response"
