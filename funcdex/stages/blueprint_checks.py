"""Whether a plan can be carried out and is of its kind, found before the conversation is paid for.

Each fault is a sentence that the next sample is told. What a plan does not say is not asked: how well it
reads is for the judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from funcdex.settings.generation import GenerationSettings
from funcdex.stages.blueprint import MOST_CALLS, Blueprint, PlannedCall, Returned, Said
from funcdex.stages.empty_results import lists
from funcdex.stages.kinds import SPECS, failure_of, parameters_of, recovery_of
from funcdex.stages.response_path import UNKNOWN, field_at
from funcdex.types.conversation import JsonValue
from funcdex.types.error_response import response_forms
from funcdex.types.record import Plan
from funcdex.types.tools import Tool

_PLACEHOLDERS = ("", "...", "…", "<...>")
_SCALARS = ("string", "integer", "number", "boolean")


def blueprint_faults(
    blueprint: Blueprint, plan: Plan, tools: Sequence[Tool], generation: GenerationSettings
) -> list[str]:
    """All that is wrong; `tools` are those that may be called."""
    by_name = {tool.name: tool for tool in tools}
    faults = list(_faults_of_turns(blueprint, generation))
    for call in blueprint.calls:
        faults += _faults_of_call(blueprint, call, by_name)
    return faults or list(_faults_of_kind(blueprint, plan))


def _faults_of_turns(blueprint: Blueprint, generation: GenerationSettings) -> Iterator[str]:
    least, most = generation.min_user_turns, generation.max_user_turns
    if not least <= len(blueprint.turns) <= most:
        yield f"it has {len(blueprint.turns)} turns, and {least} to {most} are wanted"
    if len(blueprint.calls) > MOST_CALLS:
        yield f"it has {len(blueprint.calls)} calls, of {MOST_CALLS} at most"
    for number, turn in enumerate(blueprint.turns, 1):
        for name, text in (("user", turn.user), ("assistant", turn.assistant)):
            if text.strip() in _PLACEHOLDERS:
                yield f"`{name}` of turn {number} says nothing"
    if not any(fact.strip() not in _PLACEHOLDERS for fact in blueprint.facts):
        yield "`facts` says nothing of what the user knows"


def _faults_of_call(blueprint: Blueprint, call: PlannedCall, tools: Mapping[str, Tool]) -> Iterator[str]:
    tool, where = tools.get(call.tool), f"call {call.number}"
    if tool is None:
        yield f"{where} is of {call.tool[:64]!r}, which is none of the operations"
        return
    where, known = f"{where} ({call.tool})", parameters_of(tool)
    if call.result == "empty" and not lists(tool):
        yield f"{where} is to find nothing, and {call.tool} does not answer with a list"
    required = tool.parameters.get("required")
    for name in required if isinstance(required, list | tuple) else ():
        if name not in call.arguments:
            yield f"{where} lacks the argument {name!r}, which the operation cannot do without"
    for name, source in call.arguments.items():
        subject = f"{name[:64]!r} of {where}"
        if known and name not in known and tool.parameters.get("additionalProperties") is False:
            yield f"{subject} is no parameter of the operation"
        elif isinstance(source, Said):
            if isinstance(source.value, str) and source.value.startswith("..."):
                yield f"{subject} has no value yet"
            elif not 0 <= source.turn <= call.turn:
                yield f"{subject} is said in message {source.turn}, after the call in turn {call.turn}"
        else:
            yield from _faults_of_reference(blueprint, call, source, known.get(name, {}), subject, tools)


def _faults_of_reference(
    blueprint: Blueprint,
    call: PlannedCall,
    source: Returned,
    parameter: Mapping[str, JsonValue],
    subject: str,
    tools: Mapping[str, Tool],
) -> Iterator[str]:
    earlier = next((one for one in blueprint.before(call) if one.number == source.call), None)
    if earlier is None:
        yield f"{subject} is from call {source.call}, which is not made before it"
    elif earlier.result != "ok":
        yield f"{subject} is from call {source.call}, which returns nothing to take ({earlier.result})"
    elif earlier.tool in tools:
        found = field_at(response_forms(tools[earlier.tool].response).fine, source.field)
        if found is None:
            yield (
                f"{subject} is from `{source.field[:80]}` of call {source.call}, and {earlier.tool} returns "
                "no such field"
            )
        elif found is not UNKNOWN and (clash := _clash(found, parameter)):
            yield f"{subject} is from `{source.field[:80]}` of call {source.call}, and {clash}"


def _clash(field: Mapping[str, JsonValue], parameter: Mapping[str, JsonValue]) -> str:
    """What keeps a field from being the value of a parameter, by their types; "" if nothing is known to."""
    items = parameter.get("items")
    given, wanted = field.get("type"), parameter.get("type")
    if wanted == "array" and given in _SCALARS:
        wanted = items.get("type") if isinstance(items, Mapping) else None
    known = (*_SCALARS, "array", "object")
    if (
        given not in known
        or wanted not in known
        or given == wanted
        or (given, wanted) == ("integer", "number")
    ):
        return ""
    return f"a value of type {given} is no {wanted}"


def _faults_of_kind(blueprint: Blueprint, plan: Plan) -> Iterator[str]:
    calls, spec = blueprint.calls, SPECS[plan.kind]
    if spec.form.calls == "none":
        if calls:
            yield f"it calls {calls[0].tool}, and in this conversation nothing may be called"
        return
    if not calls:
        yield "it makes no call, and this conversation needs one at least"
        return
    failed = [call for call in calls if call.result != "ok"]
    if plan.kind != "tool_error" and failed:
        yield f"call {failed[0].number} does not work, and in this conversation all calls do"
    if len(blueprint.turns) < spec.user_turns:
        yield f"it has {len(blueprint.turns)} turn, and {spec.user_turns} at least are needed"
        return
    match plan.kind:
        case "multi_step":
            if not any(isinstance(one, Returned) for call in calls for one in call.arguments.values()):
                yield "no argument of a call is taken `from` the response to an earlier call"
        case "parallel_calls":
            if len({call.group for call in calls}) == len(calls):
                yield "no two calls are made at the same time: no second one of a turn has `parallel`: true"
        case "tool_error":
            yield from _faults_of_recovery(blueprint, plan)
        case "missing_parameter":
            yield from _faults_of_question(blueprint, needs_answer=True)
        case "ambiguous_request":
            yield from _faults_of_question(blueprint, needs_answer=False)
        case "change_of_mind":
            if not any(call.turn > 1 for call in calls):
                yield "no call is made after the first message, so nothing comes of the change of mind"


def _faults_of_question(blueprint: Blueprint, *, needs_answer: bool) -> Iterator[str]:
    first, later = blueprint.turns[0], [call for call in blueprint.calls if call.turn > 1]
    if first.asks.strip() in _PLACEHOLDERS:
        yield "the assistant does not ask after the first message: `asks` of turn 1 is missing"
    if first.calls:
        yield "the assistant calls something in turn 1, before it has asked and got its answer"
    if not later:
        yield "no call is made after the user's answer"
    elif needs_answer and not any(
        isinstance(one, Said) and one.turn > 1 for call in later for one in call.arguments.values()
    ):
        yield "no argument of a call is said in message 2 or later (`turn`), though that is what was missing"


def _faults_of_recovery(blueprint: Blueprint, plan: Plan) -> Iterator[str]:
    wanted = "empty" if failure_of(plan) == "empty_result" else "error"
    failed = next((call for call in blueprint.calls if call.result == wanted), None)
    if failed is None:
        yield f"no call has the result {wanted!r}, and one has to"
        return
    later = [call for call in blueprint.calls if call.group > failed.group and call.result == "ok"]
    again = [call for call in later if call.same_as(failed)]
    match recovery_of(plan):
        case "retry" if not again:
            yield f"call {failed.number} is not made again with the same arguments so that it works"
        case "changed_arguments" if not any(one.tool == failed.tool and one not in again for one in later):
            yield f"{failed.tool} is not called again after call {failed.number} with another argument"
        case "another_tool" if not any(one.tool != failed.tool for one in later):
            yield f"no other operation is called after call {failed.number} failed"
        case "tell_user" if again:
            yield f"call {again[0].number} repeats call {failed.number}; the user is to be told instead"
