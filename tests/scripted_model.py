"""A model that says what a test wrote, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from funcdex.dedup.exact import ExactLayer
from funcdex.dedup.guard import ScenarioGuard
from funcdex.grammar.check import fault_of_lark
from funcdex.off_loop import off_loop
from funcdex.settings.tree import Settings
from funcdex.stages.context import Context
from funcdex.stages.grammars import Grammars
from funcdex.stages.plan import plan_at
from funcdex.stages.tool_sets import plan_tool_sets
from funcdex.types.record import Draft
from funcdex.types.request import Completion, Request
from funcdex.types.tools import Bundle, Tool, Toolkit

SEND = Tool(
    "post",
    "SEND",
    "Sends a letter.",
    {
        "type": "object",
        "properties": {"to": {"type": "string"}, "express": {"type": "boolean"}},
        "required": ["to"],
        "additionalProperties": False,
    },
    {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
)
TRACK = Tool(
    "post", "TRACK", "Where a letter is.", {"type": "object", "properties": {"id": {"type": "integer"}}}
)
STAMPS = Tool("post", "BUY_STAMPS", "Buys stamps {{ 7 * 7 }}.")
BUNDLE = Bundle((Toolkit("post", "Letters.", (SEND, TRACK, STAMPS)),))


def conversation(arguments: str = '{"to": "Ada"}', name: str = "SEND", turns: int = 2) -> str:
    """A conversation in markup: one call in the first turn, words in the others."""
    call = f'{{"name": "{name}", "arguments": {arguments}}}'
    first = (
        f"</user>\nPlease write to Ada.\n</assistant>\n<tool>{call}</tool>\n"
        '<tool_response>{"id": 7}</tool_response>\n</assistant>\nIt is letter 7.'
    )
    return first + "\n</user>\nThanks.\n</assistant>\nYou are welcome." * (turns - 1)


class ScriptedModel:
    """Answers each prompt with the next text written for it; the last one is said again and again.

    An answer is a text, or a text and a finish reason. `asked` are the requests, in order. `counts`: it tells
    how many tokens an answer took, one a word.
    """

    def __init__(
        self, answers: Mapping[str, Sequence[str | tuple[str, str]]], *, counts: bool = True
    ) -> None:
        self._counts = counts
        self._answers = {name: list(texts) for name, texts in answers.items()}
        self.asked: list[Request] = []

    async def generate(self, request: Request) -> Completion:
        self.asked.append(request)
        name = "correction" if "has faults" in request.messages[-1].content else request.stage
        answers = self._answers[name]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        text, reason = answer if isinstance(answer, tuple) else (answer, "stop")
        tokens = len(text.split()) if self._counts else 0
        return Completion(text, reason, "http://scripted", "scripted", 10, tokens)


def context(model: ScriptedModel, **settings: Any) -> Context:
    """A context for BUNDLE; `settings` as in a configuration file."""
    tree = Settings.model_validate(settings)
    return Context(
        model.generate,
        tree,
        (BUNDLE,),
        ScenarioGuard([ExactLayer()]),
        plan_tool_sets(tree, (BUNDLE,)),
        Grammars(tree.generation, tree.grammar, compiled_in_a_thread),
    )


async def compiled_in_a_thread(lark: str) -> str | None:
    """What a run asks a process of its own."""
    return await off_loop(fault_of_lark, lark)


def draft(settings: Settings | None = None, **known: Any) -> Draft:
    """A draft of the first plan."""
    plan = plan_at(1, settings or Settings(), (BUNDLE,))
    return Draft(plan, **known)
