"""The measures of an evaluation: each is a sum divided by a sum, over contexts.

A context adds to both; where a measure does not apply it adds nothing. So every measure can be taken of any
group of contexts, and of any resample of conversations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from funcdex.evaluate.answers import Answer
from funcdex.evaluate.verdict import Verdict
from funcdex.export.contexts import Context

MEASURES: Mapping[str, str] = {
    "exact_match": "of the calls expected, found to the letter; the mean over contexts that expect calls",
    "string_ratio": "likeness of the best matching call, likewise",
    "ast_match": "contexts that expect calls and get them, by BFCL's rules",
    "tool_names": "contexts that expect calls and get these tools, whatever the arguments",
    "argument_precision": "of the arguments that came, those that are right",
    "argument_recall": "of the arguments expected, those that came and are right",
    "abstention": "contexts in which nothing should be called, and nothing is",
    "error_recovery": "contexts right after an error in which the right thing is done: call again or tell",
    "missed_calls": "contexts that expect calls and get none",
    "hallucinated_tools": "contexts in which a tool is called that is not there",
    "malformed_calls": "contexts with a call that is no JSON",
    "cut_off": "contexts whose answer met the limit of its length",
}
"""Name and meaning, in the order of tables. The last four are faults: the less the better."""

FAULTS = frozenset({"missed_calls", "hallucinated_tools", "malformed_calls", "cut_off"})

Terms = tuple[float, ...]
"""What a context adds: for each measure its two sums, one after the other."""


def terms_of(context: Context, answer: Answer, verdict: Verdict) -> Terms:
    """Of one answered context."""
    calls = float(bool(context.expected))
    abstains = float(context.sort == "abstain")
    after_error = float(context.after_error)
    pairs = (
        (verdict.exact_match * calls, calls),
        (verdict.string_ratio * calls, calls),
        (float(verdict.right) * calls, calls),
        (float(verdict.names_right) * calls, calls),
        (float(verdict.right_arguments), float(verdict.arguments_that_came)),
        (float(verdict.right_arguments), float(verdict.arguments_expected)),
        (float(verdict.right) * abstains, abstains),
        (float(verdict.right) * after_error, after_error),
        (float(not verdict.calls) * calls, calls),
        (float(verdict.hallucinated), 1.0),
        (float(verdict.malformed), 1.0),
        (float(answer.cut_off), 1.0),
    )
    return tuple(term for pair in pairs for term in pair)


def added(terms: Sequence[Terms]) -> Terms:
    """The sums, () of nothing."""
    return tuple(map(sum, zip(*terms, strict=True)))


def values_of(sums: Sequence[float]) -> dict[str, float | None]:
    """Each measure; None where it applies to nothing."""
    return {
        name: sums[2 * place] / sums[2 * place + 1] if sums and sums[2 * place + 1] else None
        for place, name in enumerate(MEASURES)
    }
