"""What one answer to one context is worth, by every measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from funcdex.evaluate.answers import Answer, Called, calls_of
from funcdex.evaluate.arguments import Flaw
from funcdex.evaluate.ast_match import Match, Schemas, match
from funcdex.evaluate.similarity import answered_text, expected_text, likeness
from funcdex.evaluate.tool_names import hallucinates, names_are_right
from funcdex.export.contexts import Context
from funcdex.export.sample import Call, name_of
from funcdex.types.conversation import JsonValue


@dataclass(frozen=True, slots=True)
class Verdict:
    """`right`: by AST match where calls are expected, else whether nothing is called. The four measures and
    the arguments are of contexts with expected calls, 0 and False in others."""

    right: bool
    exact_match: float
    string_ratio: float
    names_right: bool
    right_arguments: int
    arguments_that_came: int
    arguments_expected: int
    calls: int
    hallucinated: bool
    malformed: bool
    flaws: tuple[Flaw, ...]


def schemas_of(tools: Sequence[Mapping[str, JsonValue]]) -> Schemas:
    """The parameters of each tool, by its name."""
    return {name_of(tool): tool["function"].get("parameters") for tool in tools}


def judge(context: Context, answer: Answer, schemas: Schemas, *, calls_in_text: bool = False) -> Verdict:
    """`schemas` are those of the context's tools."""
    came = calls_of(answer, in_text=calls_in_text)
    names = [call.name for call in came]
    hallucinated = hallucinates(names, schemas)
    malformed = any(call.values is None for call in came)
    if not context.expected:
        return _where_nothing_is_called(came, hallucinated, malformed)
    expected, answered = [*map(expected_text, context.expected)], [*map(answered_text, came)]
    alike = likeness(expected, answered)
    same = sorted(expected) == sorted(answered)
    found = _all_right(context.expected) if same else match(context.expected, came, schemas)
    return Verdict(
        right=found.right,
        exact_match=alike.exact_match,
        string_ratio=alike.string_ratio,
        names_right=names_are_right((call.name for call in context.expected), names),
        right_arguments=found.right_arguments,
        arguments_that_came=found.arguments_that_came,
        arguments_expected=found.arguments_expected,
        calls=len(came),
        hallucinated=hallucinated,
        malformed=malformed,
        flaws=found.flaws,
    )


def _where_nothing_is_called(came: Sequence[Called], hallucinated: bool, malformed: bool) -> Verdict:
    flaws = tuple(Flaw("called", call.name, detail="nothing was to be called") for call in came)
    return Verdict(not came, 0.0, 0.0, False, 0, 0, 0, len(came), hallucinated, malformed, flaws)


def _all_right(expected: Sequence[Call]) -> Match:
    """What is the same to the letter needs no looking at."""
    arguments = sum(len(call.values) for call in expected)
    return Match((), arguments, arguments, arguments)
