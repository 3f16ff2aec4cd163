"""What a run would do, without a request: the plan, every prompt of one conversation, its grammar.

The prompts come from the stages themselves: each is run until it asks, and what it asks is kept.
"""

from __future__ import annotations

from collections import Counter

from funcdex.dedup.guard import ScenarioGuard
from funcdex.order import Order
from funcdex.pipeline import STAGE_FUNCTIONS
from funcdex.stages.context import Context, dice
from funcdex.stages.plan import plan_at, plans
from funcdex.toolkits.select import choose_shown
from funcdex.types.record import Draft
from funcdex.types.request import Completion, Request


class _Asked(Exception):
    def __init__(self, request: Request) -> None:
        self.request = request


async def describe(order: Order) -> str:
    """The plan and the requests of the first conversation, as text for a person."""
    requests = await _requests(order)
    parts = [_plan(order)]
    for request in requests:
        parts += [
            _heading(f"{request.stage}: {message.role}") + message.content for message in request.messages
        ]
    grammar = next(request.grammar for request in requests if request.stage == "conversation")
    if grammar:
        parts.append(_heading("grammar of the conversation (lark)") + grammar.render("lark"))
    return "\n\n".join(parts) + "\n"


def _plan(order: Order) -> str:
    counts = Counter("+".join(plan.toolkits) for plan in plans(order.settings, order.bundles))
    lines = [f"{count:>8}  {name}" for name, count in counts.items()]
    total = f"{order.settings.count} conversations, seed {order.settings.seed}, nothing asked yet"
    return "\n".join([total, *lines])


def _heading(title: str) -> str:
    return f"{'-' * 8} {title} {'-' * (70 - len(title))}\n"


async def _requests(order: Order) -> list[Request]:
    """The first request of every stage; what an earlier stage would have written stands in brackets."""
    plan = plan_at(1, order.settings, order.bundles)
    context = Context(_ask, order.settings, order.bundles, ScenarioGuard(()))
    generation = order.settings.generation
    needed = [tool.name for tool in context.candidates(plan)[:2]]
    shown = choose_shown(
        order.bundles[0], needed, generation.distractor_tools, generation.max_tools, dice(plan, "shown")
    )
    draft = Draft(
        plan,
        scenario="[the scenario]",
        persona="[the persona]",
        outline="[the outline]",
        shown=tuple(tool.name for tool in shown),
        dml="[the conversation]",
    )
    requests: list[Request] = []
    for stage in STAGE_FUNCTIONS.values():
        try:
            await stage(draft, context)
        except _Asked as asked:
            requests.append(asked.request)
    return requests


async def _ask(request: Request) -> Completion:
    raise _Asked(request)
