"""The kinds of scenario: what writers are told of each, what grammars enforce, what a toolkit has to have.

A kind is data. What its finished conversation is checked for stands in `kind_checks.py`, what its plan is
checked for in `blueprint_checks.py`; the numbers of both kinds of fault are the same on purpose, so that a
conversation which follows its plan is of its kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from funcdex.dml.checks import Calls, ErrorResponses
from funcdex.settings.generation import GenerationSettings
from funcdex.stages.empty_results import lists
from funcdex.stages.file_writing import as_written
from funcdex.toolkits.graph import Graph
from funcdex.types.kind import Kind
from funcdex.types.record import Draft, Plan
from funcdex.types.tools import Tool

FEWEST_FOR_LONG_CONTEXT = 8
"""Tools below which there is nothing long about a context."""

Failure = Literal["client_error", "server_error", "timeout", "rate_limit", "empty_result"]
Recovery = Literal["retry", "changed_arguments", "another_tool", "tell_user"]


@dataclass(frozen=True, slots=True)
class Form:
    """What the grammar and the checks of a conversation's form ask, beyond the settings."""

    calls: Calls = "free"
    error_responses: ErrorResponses = "none"
    parallel_calls: bool = False

    @property
    def of_a_part(self) -> Form:
        """The same without what has to occur, which may be in another part of the conversation."""
        calls: Calls = "none" if self.calls == "none" else "free"
        errors: ErrorResponses = "none" if self.error_responses == "none" else "allowed"
        return Form(calls, errors, self.parallel_calls)

    def shown(self, tools: Iterable[Tool]) -> list[str]:
        """The tools as every prompt of one conversation shows them, so that servers which keep the beginnings
        of prompts find them again; what errors look like is left out where nothing may fail, and what files
        hold is told to be plain text."""
        tools = map(as_written, tools)
        if self.error_responses == "none":
            return [tool.as_text_without_errors for tool in tools]
        return [tool.as_text for tool in tools]


@dataclass(frozen=True, slots=True)
class KindSpec:
    """`situation` is for who invents the scenario, `plan` for who plans, `writing` for who writes the
    conversation and who corrects it. `user_turns`: fewest it takes. `whole`: it is shown all candidates, so
    that a form of its own costs few grammars, or because many tools are what it is about."""

    situation: str
    plan: str
    writing: str
    form: Form = Form(calls="required")
    user_turns: int = 1
    whole: bool = False
    variants: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class FailureSpec:
    """How a call fails: `codes` are those that the error may carry, the usual one first; () for none."""

    codes: tuple[int, ...]
    told: str


FAILURES: Mapping[Failure, FailureSpec] = {
    "client_error": FailureSpec(
        (404, 400, 403, 409, 410, 422),
        "the service refuses the call because something about it is wrong: the thing does not exist "
        "(404), a value is not allowed (400, 422), it clashes with what is there (409), or access is "
        "denied (403)",
    ),
    "server_error": FailureSpec((500, 502, 503), "the service itself fails (500, 502 or 503)"),
    "timeout": FailureSpec((504, 408), "the service does not answer in time (504 or 408)"),
    "rate_limit": FailureSpec((429,), "the service has had too many calls and asks to wait (429)"),
    "empty_result": FailureSpec((), "the call works and finds nothing: its list is empty"),
}

RECOVERIES: Mapping[Recovery, str] = {
    "retry": "makes the same call again, unchanged, and this time it works",
    "changed_arguments": "calls the same operation again with at least one other argument, which "
    "works, and says what it changed",
    "another_tool": "gets on by another operation",
    "tell_user": "does not repeat the call; it tells the user plainly what did not work and what can be done",
}

ERROR_VARIANTS: tuple[str, ...] = (
    *("client_error/changed_arguments", "client_error/another_tool", "client_error/tell_user"),
    *("server_error/retry", "server_error/tell_user", "timeout/retry", "timeout/tell_user"),
    *("rate_limit/retry", "rate_limit/tell_user"),
    *("empty_result/changed_arguments", "empty_result/another_tool", "empty_result/tell_user"),
)
"""A failure and the recovery from it."""

_CALLS = Form(calls="required")
_NO_CALLS = Form(calls="none")

SPECS: Mapping[Kind, KindSpec] = {
    "happy_path": KindSpec(
        "It can be settled in one talk with the operations above, and nothing goes wrong.",
        "Everything works. The user gives what is needed, at once or when asked, and every call succeeds.",
        "Everything works: no response is an error.",
    ),
    "multi_step": KindSpec(
        "It takes several operations, and a later one needs something that only an earlier one can "
        "find out, such as an identifier the person does not know.",
        "A later call needs what an earlier call returned: at least one argument is taken `from` an "
        "earlier response, and the user neither knows nor says that value.",
        "An argument of a later call is a value copied exactly from an earlier response. The user "
        "never says that value before.",
    ),
    "parallel_calls": KindSpec(
        "It takes two or three lookups or actions that do not depend on one another, such as the "
        "same thing for several people or days.",
        "In one turn the assistant makes two or three calls at the same time, none of which needs "
        "the response of another; the second and third have `parallel`: true.",
        "Where the plan says `at the same time`, the calls stand one after another, and then all "
        "their responses in the same order.",
        Form(calls="required", parallel_calls=True),
        whole=True,
    ),
    "tool_error": KindSpec(
        "It can be settled with the operations above. Leave out that anything fails: that comes as a "
        "surprise.",
        "A call fails or finds nothing, as described below, and the assistant deals with it as described.",
        "A call fails or finds nothing, as the plan says. The assistant never hides it and invents "
        "no result.",
        Form(calls="required", error_responses="required"),
        whole=True,
        variants=ERROR_VARIANTS,
    ),
    "missing_parameter": KindSpec(
        "The person will forget to say something that an operation cannot do without and that "
        "nothing can look up, such as which day, how much, or to whom.",
        "In the first message the user leaves out something that a call cannot do without. The "
        "assistant calls nothing and `asks` for it. The user gives it in the second message (`turn`: "
        "2), and then the call is made.",
        "The first message lacks something that the call needs. The assistant's first answer is a "
        "question for exactly that and calls nothing; the call comes after the user has said it.",
        user_turns=2,
    ),
    "missing_tool": KindSpec(
        "The person needs exactly what one certain operation would do, and nothing else could stand "
        "in for it.",
        "The assistant lacks the operation that is needed. It calls nothing, says plainly that it "
        "cannot do this, and offers what it can do, or says who could help.",
        "No tool is called. The assistant says plainly that it has no means for this, offers what it "
        "can do instead, and does not pretend that anything was done.",
        _NO_CALLS,
    ),
    "irrelevant_request": KindSpec(
        "What the person asks has nothing to do with these applications: a question of knowledge, a "
        "piece of advice, small talk or a thing that none of the operations touches.",
        "The request needs no operation. The assistant answers from what it knows, or says that this "
        "is beyond it, and calls nothing.",
        "No tool is called: the request has nothing to do with them. The assistant answers in words.",
        _NO_CALLS,
    ),
    "change_of_mind": KindSpec(
        "The person will change their mind in the middle: another day, another person, another "
        "amount, or not at all what they asked for first.",
        "After the first answer the user changes what they want: takes back or replaces something "
        "they said. The assistant follows the new wish, with a call in that turn or a later one, and "
        "undoes what no longer holds.",
        "In the second message or later the user takes something back or replaces it; the assistant "
        "goes by the new wish, calls accordingly, and says what has changed.",
        user_turns=2,
    ),
    "ambiguous_request": KindSpec(
        "What the person says can be understood in two ways, each of which would lead to another action.",
        "The first message can be meant in two ways. The assistant `asks` which is meant, naming "
        "both, and calls nothing that would change anything before it knows. The user decides in the "
        "second message.",
        "The first message is ambiguous. The assistant asks which of the two is meant before it "
        "acts; after the user's answer it calls.",
        user_turns=2,
    ),
    "long_context": KindSpec(
        "It can be settled with one or two of the operations above; the others are of no use for it.",
        "Few of the many operations are needed: the assistant picks the right ones and leaves the others.",
        "There are many tools, and few are needed. The assistant picks the right ones, and nothing "
        "goes wrong.",
        whole=True,
    ),
}


def failure_of(plan: Plan) -> Failure:
    """How a call of a `tool_error` fails."""
    failure: Failure = plan.variant.partition("/")[0]  # type: ignore[assignment]  # made from ERROR_VARIANTS
    return failure


def recovery_of(plan: Plan) -> Recovery:
    """How the assistant of a `tool_error` goes on."""
    recovery: Recovery = plan.variant.partition("/")[2]  # type: ignore[assignment]  # made from ERROR_VARIANTS
    return recovery


def variant_told(plan: Plan) -> str:
    """What writers are told of the variant; "" where there is none."""
    if plan.kind != "tool_error":
        return ""
    failure, recovery = FAILURES[failure_of(plan)].told, RECOVERIES[recovery_of(plan)]
    return f"What goes wrong: {failure}. What the assistant does then: it {recovery}."


def form_of(draft: Draft, generation: GenerationSettings) -> Form:
    """The form of one conversation. One without a blueprint was planned by an earlier version, which knew no
    kinds."""
    if draft.blueprint is None:
        return Form(parallel_calls=generation.parallel_calls)
    return form_of_plan(draft.plan, generation)


def form_of_plan(plan: Plan, generation: GenerationSettings) -> Form:
    """The same for a plan whose conversation has a blueprint, or will have one."""
    form = SPECS[plan.kind].form
    errors = form.error_responses
    if plan.kind == "tool_error" and failure_of(plan) == "empty_result":
        errors = "none"
    parallel = form.calls != "none" and (form.parallel_calls or generation.parallel_calls)
    return Form(form.calls, errors, parallel)


DECLINING: frozenset[Kind] = frozenset(
    {"tool_error", "missing_parameter", "missing_tool", "irrelevant_request", "ambiguous_request"}
)
"""Kinds in which the assistant may well say that it cannot do something."""


def usual_form(generation: GenerationSettings) -> Form:
    """The form that most conversations have."""
    return Form(calls="required", parallel_calls=generation.parallel_calls)


def servable(
    tools: Sequence[Tool], graph: Graph, generation: GenerationSettings
) -> Mapping[Kind, tuple[str, ...]]:
    """The kinds that conversations with these tools can be of, each with the variants that are possible."""
    found: dict[Kind, tuple[str, ...]] = {}
    for kind, spec in SPECS.items():
        if spec.user_turns <= generation.max_user_turns and _can_serve(kind, tools, graph, generation):
            found[kind] = tuple(one for one in spec.variants if _can_fail_so(one, tools))
    return {kind: variants for kind, variants in found.items() if variants}


def _can_serve(kind: Kind, tools: Sequence[Tool], graph: Graph, generation: GenerationSettings) -> bool:
    match kind:
        case "multi_step":
            return bool(graph.edges)
        case "missing_parameter":
            return any(map(asked_for, tools))
        case "missing_tool":
            return len(tools) > 1
        case "long_context":
            return min(len(tools), generation.max_tools) >= FEWEST_FOR_LONG_CONTEXT
        case _:
            return True


def _can_fail_so(variant: str, tools: Sequence[Tool]) -> bool:
    failure, _, recovery = variant.partition("/")
    if failure == "empty_result" and not any(map(lists, tools)):
        return False
    if recovery == "changed_arguments":
        return any(can_fail_and_change(tool, failure) for tool in tools)
    return recovery != "another_tool" or len(tools) > 1


def can_fail_and_change(tool: Tool, failure: str) -> bool:
    """Whether it can be called again in another way, and, for an empty result, can find nothing."""
    free = [one for one in parameters_of(tool).values() if "const" not in one]
    return bool(free) and (failure != "empty_result" or lists(tool))


def asked_for(tool: Tool) -> tuple[str, ...]:
    """The parameters that a call needs and that a user could be asked for: texts and numbers."""
    required = tool.parameters.get("required")
    known = parameters_of(tool)
    names = required if isinstance(required, list | tuple) else ()
    return tuple(name for name in names if name in known and _is_told(known[name]))


def _is_told(schema: Mapping[str, object]) -> bool:
    return schema.get("type") in ("string", "integer", "number") and "const" not in schema


def parameters_of(tool: Tool) -> Mapping[str, Mapping[str, object]]:
    """Its parameters by name, in order."""
    properties = tool.parameters.get("properties")
    if not isinstance(properties, Mapping):
        return {}
    return {name: one if isinstance(one, Mapping) else {} for name, one in properties.items()}
