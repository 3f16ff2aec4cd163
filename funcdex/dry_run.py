"""What a run would do, without a request: the plan, every prompt of one conversation, its grammar.

The prompts come from the stages themselves: each is run, what it asks is kept, and stand-ins answer where
more is asked after that: a conversation with a fault, so that it is to be corrected; what is said in turns.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import orjson

from funcdex.dedup.guard import ScenarioGuard
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.order import Order
from funcdex.pipeline import STAGE_FUNCTIONS
from funcdex.settings.tree import Settings
from funcdex.stages.adjudication import Adjudicator
from funcdex.stages.blueprint import as_text, read_blueprint
from funcdex.stages.context import Context, Dialogue
from funcdex.stages.focus import focus_of, shown_tools_of
from funcdex.stages.grammars import Grammars
from funcdex.stages.kinds import form_of
from funcdex.stages.local_compile import LocalCompiler
from funcdex.stages.outline import judges_of_plan
from funcdex.stages.plan import plan_at, plans
from funcdex.stages.sketch import sketch_of
from funcdex.stages.tool_check import CheckedTools, check_tools
from funcdex.stages.tool_sets import plan_tool_sets
from funcdex.stages.voice import voice_of
from funcdex.types.record import Draft, Plan
from funcdex.types.request import Completion, NativeCall, NativeChat, Request


class _Enough(Exception):
    """A stage has asked for all that it asks for."""


class _Recorder:
    """Keeps what is asked, by the name of its prompt; answers what others follow on, once."""

    def __init__(self, settings: Settings) -> None:
        self.requests: list[tuple[str, Request]] = []
        self.name = ""
        self.tool = ""
        turns = json.dumps({"over": False, "message": "[what the user says]"})
        self._answers = {
            "user_turn": Completion(turns, "stop", "", "", 0, 0),
            "conversation": Completion("[the conversation]", "stop", "", "", 0, 0),
        }
        self._in_turns = settings.generation.mode == "turn_by_turn"
        self._natively = settings.generation.assistant_calls == "native"

    async def ask(self, request: Request) -> Completion:
        """Raises _Enough where nothing follows."""
        if request.stage != "conversation" or not self._in_turns:
            self.requests.append((self.name or request.stage, request))
        if request.stage == "assistant_turn" and (name := self._callable()):
            return _call(name, natively=self._natively)
        answer = self._answers.pop(request.stage, None)
        if answer is None:
            raise _Enough
        return answer

    def _callable(self) -> str:
        """The tool that is called; "" where nothing may be, and for a second question."""
        asked = sum(name == "assistant_turn" for name, _ in self.requests)
        return self.tool if asked == 1 else ""


def _call(name: str, *, natively: bool) -> Completion:
    if natively:
        return Completion("", "stop", "", "", 0, 0, calls=(NativeCall(name, "{}"),))
    call = json.dumps({"name": name, "arguments": {}})
    return Completion(f"</assistant>\n<tool>{call}</tool>", "stop", "", "", 0, 0)


async def describe(order: Order) -> str:
    """The plan and the requests of the first conversation, as text for a person. Raises what a run would."""
    settings = order.settings
    async with LocalCompiler() as compiler:
        grammars = Grammars(settings.generation, settings.grammar, compiler.fault_of)
        checked = await check_tools(plan_tool_sets(settings, order.bundles), grammars)
        recorder = _Recorder(settings)
        context = Context(
            recorder.ask, settings, order.bundles, ScenarioGuard(()), checked.tool_sets, grammars
        )
        draft = _draft(context)
        requests = await _requests(draft, context, recorder)
        grammar = await grammars.of_tools(context.shown(draft), form_of(draft, settings.generation))
    parts = [_plan(order, checked), _heading("the conversation shown below") + _of_plan(draft.plan)]
    for name, request in requests:
        parts += [_heading(f"{name}: {message.role}") + message.content for message in request.messages]
        if request.native is not None:
            parts += _of_chat(name, request.native)
    parts.append(_heading("grammar of the conversation (lark)") + grammar.render("lark"))
    parts.append(_heading("not enforced by this grammar, checked afterwards") + _relaxed(grammar))
    return "\n\n".join(parts) + "\n"


def _of_chat(name: str, chat: NativeChat) -> Iterator[str]:
    for message in orjson.loads(chat.messages):
        calls = [orjson.dumps(call["function"]).decode() for call in message.get("tool_calls", ())]
        said = [message["content"]] if message["content"] else []
        yield _heading(f"{name}: {message['role']}") + "\n".join(said + calls)
    tools = (orjson.dumps(tool).decode() for tool in orjson.loads(chat.tools))
    yield _heading(f"{name}: tools to call") + "\n".join(tools)


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


async def _requests(draft: Draft, context: Context, recorder: _Recorder) -> list[tuple[str, Request]]:
    """The first request of every sort, in the order in which a run asks them."""
    form = form_of(draft, context.settings.generation)
    recorder.tool = draft.shown[0] if draft.shown and form.calls != "none" else ""
    for name, stage in STAGE_FUNCTIONS.items():
        with suppress(_Enough):
            await stage(draft, context)
        if name == "scenario" and context.settings.dedup.adjudicator:
            recorder.name = "adjudicator"
            with suppress(_Enough):
                asking = Adjudicator(Dialogue(context, draft, "scenario"))
                await asking.same_task("[the scenario]", "[an earlier scenario]")
            recorder.name = ""
        if name == "outline" and context.settings.judge.plan_votes:
            recorder.name = "plan_judge"
            with suppress(_Enough):
                await judges_of_plan(Dialogue(context, draft, "outline")).objections(draft.outline or "")
            recorder.name = ""
        if name == "conversation" and context.settings.generation.mode == "turn_by_turn":
            with suppress(_Enough):  # How it is corrected.
                await stage(draft, _in_one_request(context))
    return recorder.requests


def _in_one_request(context: Context) -> Context:
    generation = context.settings.generation.model_copy(update={"mode": "whole"})
    return replace(context, settings=context.settings.model_copy(update={"generation": generation}))
