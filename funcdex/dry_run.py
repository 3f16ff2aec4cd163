"""What a run would do, without a request: the plan, every prompt of one conversation, its grammar.

The prompts come from the stages themselves: each is run until it asks, and what it asks is kept.
"""

from __future__ import annotations

from collections import Counter

from funcdex.dedup.guard import ScenarioGuard
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.order import Order
from funcdex.pipeline import STAGE_FUNCTIONS
from funcdex.stages.context import Context, dice
from funcdex.stages.grammars import Grammars
from funcdex.stages.local_compile import LocalCompiler
from funcdex.stages.plan import plan_at, plans
from funcdex.stages.tool_check import CheckedTools, check_tools
from funcdex.stages.tool_sets import plan_tool_sets
from funcdex.types.record import Draft
from funcdex.types.request import Completion, Request


class _Asked(Exception):
    def __init__(self, request: Request) -> None:
        self.request = request


async def describe(order: Order) -> str:
    """The plan and the requests of the first conversation, as text for a person. Raises what a run would."""
    settings = order.settings
    async with LocalCompiler() as compiler:
        grammars = Grammars(settings.generation, settings.grammar, compiler.fault_of)
        checked = await check_tools(plan_tool_sets(settings, order.bundles), grammars)
        context = Context(_ask, settings, order.bundles, ScenarioGuard(()), checked.tool_sets, grammars)
        draft = _draft(context)
        requests = await _requests(draft, context)
        grammar = await grammars.of_tools(context.shown(draft))
    parts = [_plan(order, checked)]
    for request in requests:
        parts += [
            _heading(f"{request.stage}: {message.role}") + message.content for message in request.messages
        ]
    parts.append(_heading("grammar of the conversation (lark)") + grammar.render("lark"))
    parts.append(_heading("not enforced by this grammar, checked afterwards") + _relaxed(grammar))
    return "\n\n".join(parts) + "\n"


def _plan(order: Order, checked: CheckedTools) -> str:
    counts = Counter("+".join(plan.toolkits) for plan in plans(order.settings, order.bundles))
    lines = [f"{count:>8}  {name}" for name, count in counts.items()]
    total = f"{order.settings.count} conversations, seed {order.settings.seed}, nothing asked yet"
    return "\n".join([total, *lines, _tool_sets(checked), *(f"note: {note}" for note in checked.notes)])


def _tool_sets(checked: CheckedTools) -> str:
    sets = {frozenset(tool.name for tool in tools) for tools in checked.tool_sets.planned()}
    sizes = sorted(map(len, sets))
    if not sizes:
        return "each conversation has a set of tools, and a grammar, of its own (grammar.max_tool_sets: null)"
    if len(sizes) == 1:
        return f"1 set of tools, with a grammar, of {sizes[0]} tool{'s' if sizes[0] > 1 else ''}"
    return f"{len(sizes)} sets of tools, each with a grammar, of {sizes[0]} to {sizes[-1]} tools"


def _relaxed(grammar: TreeGrammar) -> str:
    return "\n".join(f"{lost.path}: {lost.keyword}" for lost in grammar.relaxed) or "nothing"


def _heading(title: str) -> str:
    return f"{'-' * 8} {title} {'-' * (70 - len(title))}\n"


def _draft(context: Context) -> Draft:
    """The first conversation; what its stages would have written stands in brackets."""
    plan = plan_at(1, context.settings, context.bundles)
    needed = [tool.name for tool in context.candidates(plan)[:2]]
    shown = context.tool_sets.shown(plan, needed, dice(plan, "shown"))
    return Draft(
        plan,
        scenario="[the scenario]",
        persona="[the persona]",
        outline="[the outline]",
        shown=tuple(tool.name for tool in shown),
        dml="[the conversation]",
    )


async def _requests(draft: Draft, context: Context) -> list[Request]:
    """The first request of every stage."""
    requests: list[Request] = []
    for stage in STAGE_FUNCTIONS.values():
        try:
            await stage(draft, context)
        except _Asked as asked:
            requests.append(asked.request)
    return requests


async def _ask(request: Request) -> Completion:
    raise _Asked(request)
