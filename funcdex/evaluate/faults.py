"""How often each kind, tool and parameter goes wrong: what `funcdex generate --from-errors` reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from funcdex.evaluate.verdict import Verdict
from funcdex.export.contexts import Context

Tally = tuple[int, int]
"""How many were wrong, of how many."""

ABOUT_THE_WHOLE = frozenset({"no_call"})
"""Flaws by which a call is wrong with all its arguments."""


@dataclass(slots=True)
class ErrorCounts:
    """By kind over contexts; by tool over the calls expected; by `TOOL.parameter` over the arguments
    expected. `wrong` contexts of `contexts` in all."""

    wrong: int = 0
    contexts: int = 0
    kinds: dict[str, Tally] = field(default_factory=dict)
    tools: dict[str, Tally] = field(default_factory=dict)
    parameters: dict[str, Tally] = field(default_factory=dict)

    def take(self, context: Context, verdict: Verdict) -> None:
        """One more answered context."""
        wrong = not verdict.right
        self.contexts += 1
        self.wrong += wrong
        if context.sample.kind:
            _count(self.kinds, context.sample.kind, wrong)
        at_fault = {flaw.tool for flaw in verdict.flaws}
        parameters = {(flaw.tool, flaw.parameter) for flaw in verdict.flaws if flaw.parameter}
        no_call = any(flaw.code in ABOUT_THE_WHOLE for flaw in verdict.flaws)
        for call in context.expected:
            _count(self.tools, call.name, no_call or call.name in at_fault)
            for name in call.values:
                _count(self.parameters, f"{call.name}.{name}", (call.name, name) in parameters)

    def as_json(self) -> Mapping[str, object]:
        """Ready for JSON; `errors_from` of the loop is the inverse."""
        return {
            "wrong": self.wrong,
            "contexts": self.contexts,
            "kinds": {name: list(tally) for name, tally in sorted(self.kinds.items())},
            "tools": {name: list(tally) for name, tally in sorted(self.tools.items())},
            "parameters": {name: list(tally) for name, tally in sorted(self.parameters.items())},
        }


def _count(tallies: dict[str, Tally], name: str, wrong: bool) -> None:
    before, of = tallies.get(name, (0, 0))
    tallies[name] = (before + wrong, of + 1)
