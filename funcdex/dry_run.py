"""What a run would do, without a request: the plan, every prompt of one conversation, its grammar.

The prompts come from the stages themselves: each is run until it asks, and what it asks is kept.
"""

from __future__ import annotations

from collections import Counter

from funcdex.dedup.guard import ScenarioGuard
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.order import Order
from funcdex.pipeline import STAGE_FUNCTIONS
from funcdex.stages.blueprint import as_text, read_blueprint
from funcdex.stages.context import Context
from funcdex.stages.focus import focus_of, shown_tools_of
from funcdex.stages.grammars import Grammars
from funcdex.stages.kinds import form_of
from funcdex.stages.local_compile import LocalCompiler
from funcdex.stages.plan import plan_at, plans
from funcdex.stages.sketch import sketch_of
from funcdex.stages.tool_check import CheckedTools, check_tools
from funcdex.stages.tool_sets import plan_tool_sets
from funcdex.stages.voice import voice_of
from funcdex.types.record import Draft, Plan
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
        grammar = await grammars.of_tools(context.shown(draft), form_of(draft, settings.generation))
    parts = [_plan(order, checked), _heading("the conversation shown below") + _of_plan(draft.plan)]
    for request in requests:
        parts += [
            _heading(f"{request.stage}: {message.role}") + message.content for message in request.messages
        ]
    parts.append(_heading("grammar of the conversation (lark)") + grammar.render("lark"))
    parts.append(_heading("not enforced by this grammar, checked afterwards") + _relaxed(grammar))
    return "\n\n".join(parts) + "\n"


def _plan(order: Order, checked: CheckedTools) -> str:
    planned = list(plans(order.settings, order.bundles))
    counts = Counter("+".join(plan.toolkits) for plan in planned)
    kinds = Counter(plan.kind for plan in planned)
    lines = [f"{count:>8}  {name}" for name, count in (*counts.items(), *kinds.most_common())]
    total = f"{order.settings.count} conversations, seed {order.settings.seed}, nothing asked yet"
    return "\n".join([total, *lines, _tool_sets(checked), *(f"note: {note}" for note in checked.notes)])


def _of_plan(plan: Plan) -> str:
    kind = f"{plan.kind} ({plan.variant})" if plan.variant else plan.kind
    return "\n".join(
        (
            f"{plan.id}: {'+'.join(plan.toolkits)}",
            f"kind: {kind}",
            f"difficulty: {plan.difficulty}, clarity: {plan.clarity}, day: {plan.today}",
        )
    )


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
    """The first conversation; what its stages would have written stands in brackets. Its plan is the sketch
    that the outline's writer is shown."""
    plan = plan_at(1, context.settings, context.bundles)
    focus = focus_of(plan, context)
    sketch = sketch_of(plan, focus, voice_of(plan, context.settings.generation).turns)
    blueprint = read_blueprint(sketch)
    shown = shown_tools_of(plan, blueprint.tools, [tool.name for tool in focus.withheld], context)
    return Draft(
        plan,
        scenario="[the scenario]",
        persona="[the persona]",
        outline=as_text(blueprint),
        blueprint=sketch,
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
