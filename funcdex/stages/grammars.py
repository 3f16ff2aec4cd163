"""The grammars of a run: built once for each set of tools, and compiled here before any server sees them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import anyio
import orjson

from funcdex.errors import GrammarError
from funcdex.grammar.blame import smallest_fault
from funcdex.grammar.conversation import conversation_grammar, json_grammar
from funcdex.grammar.message import message_grammar
from funcdex.grammar.size_limits import refuse_large, too_large
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.off_loop import off_loop
from funcdex.settings.generation import GenerationSettings
from funcdex.settings.grammar import GrammarSettings
from funcdex.stages.blueprint_schema import blueprint_schema
from funcdex.stages.file_writing import as_written
from funcdex.stages.kinds import Form, usual_form
from funcdex.types.conversation import JsonValue
from funcdex.types.level import STRICT
from funcdex.types.request import Dialect
from funcdex.types.tools import JsonSchema, Tool

FaultOf = Callable[[str], Awaitable[str | None]]
"""Why a grammar in Lark cannot be used; None if it can."""

KEPT = 512
"""Grammars kept, those not used for longest forgotten first. One of 14 tools takes about 200 kB."""
MAX_RELAXED_NAMED = 50
"""Keywords named in a record. With more, `relaxed_total` says so, and `funcdex grammar render` names all."""

_SIZED: tuple[Dialect, ...] = ("lark", "ebnf", "gbnf")
"""The notations whose length is looked at. Rendered here, they need not be beside the event loop later."""

_Subject = tuple[Tool, ...] | bytes
_Outcome = TreeGrammar | GrammarError
_Make = Callable[[], Awaitable[TreeGrammar]]


@dataclass(frozen=True, slots=True)
class GrammarsSnapshot:
    """How often a grammar that was there could be used, and how often one had to be built and compiled."""

    reused: int = 0
    built: int = 0


@dataclass(slots=True)
class Grammars:
    """Builds, compiles and keeps grammars. What cannot be used is remembered as well.

    Both methods raise GrammarError, which names tool and JSON path where these are at fault.
    """

    generation: GenerationSettings
    limits: GrammarSettings
    fault_of: FaultOf
    _kept: OrderedDict[object, tuple[_Subject, _Outcome]] = field(default_factory=OrderedDict)
    _one_at_a_time: anyio.Lock = field(default_factory=anyio.Lock)
    _reused: int = 0
    _built: int = 0

    def snapshot(self) -> GrammarsSnapshot:
        """Since the beginning."""
        return GrammarsSnapshot(self._reused, self._built)

    async def of_tools(self, tools: Sequence[Tool], form: Form | None = None) -> TreeGrammar:
        """The grammar of conversations with these tools, whatever their order, of the usual form if None.

        Where nothing is called, all sets of tools have one grammar.
        """
        form = form or usual_form(self.generation)
        ordered = () if form.calls == "none" else tuple(sorted(tools, key=lambda tool: tool.name))
        return await self._once((_key(ordered), form), ordered, partial(self._made_of_tools, ordered, form))

    async def of_message(self, tools: Sequence[Tool], form: Form | None = None) -> TreeGrammar:
        """The grammar of one message of the assistant that may call these; without tools it only speaks."""
        ordered = tuple(sorted(tools, key=lambda tool: tool.name))
        parallel = (form or usual_form(self.generation)).parallel_calls
        make = partial(self._made, partial(message_grammar_of, ordered, self.generation, parallel))
        return await self._once(("message", _key(ordered), parallel), ordered, make)

    async def of_some_turns(
        self, tools: Sequence[Tool], least: int, most: int, form: Form | None = None
    ) -> TreeGrammar:
        """The same for a part of a conversation of so many turns: what has to occur may occur elsewhere."""
        part = (form or usual_form(self.generation)).of_a_part
        turns = {"min_user_turns": least, "max_user_turns": most}
        generation = self.generation.model_copy(update=turns)
        ordered = () if part.calls == "none" else tuple(sorted(tools, key=lambda tool: tool.name))
        make = partial(self._made, partial(grammar_of, ordered, generation, part))
        return await self._once((least, most, _key(ordered), part), ordered, make)

    async def of_json(self, schema: JsonSchema) -> TreeGrammar:
        """The grammar of one JSON value. The schema is our own, so that a fault is, too."""
        key = orjson.dumps(schema)
        return await self._once(key, key, partial(self._made, partial(json_grammar, schema)))

    async def of_plan(self, tools: Sequence[Tool], *, loose: bool = False) -> TreeGrammar:
        """The grammar of a plan with calls of these tools; `loose`: see `blueprint_schema`."""
        ordered = tuple(sorted(tools, key=lambda tool: tool.name))
        make = partial(self._made, partial(_grammar_of_plan, ordered, self.generation, loose))
        return await self._once(("plan", loose, _key(ordered)), ordered, make)

    async def _once(self, key: object, subject: _Subject, make: _Make) -> TreeGrammar:
        outcome = self._known(key, subject)
        if outcome is None:
            # Hundreds of conversations ask for the same one at the same time; one of them makes it.
            async with self._one_at_a_time:
                outcome = await self._outcome(key, subject, make)
        if isinstance(outcome, GrammarError):
            # Not the one that is kept, which would gather the traces of all who asked.
            raise GrammarError(outcome.what, where=outcome.where, fix=outcome.fix)
        return outcome

    async def _outcome(self, key: object, subject: _Subject, make: _Make) -> _Outcome:
        outcome = self._known(key, subject)
        if outcome is None:
            self._built += 1
            try:
                outcome = await make()
            except GrammarError as error:
                outcome = error
            self._keep(key, subject, outcome)
        return outcome

    def _known(self, key: object, subject: _Subject) -> _Outcome | None:
        found = self._kept.get(key)
        if found is None or found[0] != subject:
            return None
        self._reused += 1
        self._kept.move_to_end(key)
        return found[1]

    def _keep(self, key: object, subject: _Subject, outcome: _Outcome) -> None:
        self._kept[key] = (subject, outcome)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    async def _made_of_tools(self, tools: tuple[Tool, ...], form: Form) -> TreeGrammar:
        try:
            return await self._made(partial(grammar_of, tools, self.generation, form))
        except _Unusable as unusable:
            if not tools:
                raise
            raise await self._explained(tools, form, unusable.fault) from unusable

    async def _made(self, build: Callable[[], TreeGrammar]) -> TreeGrammar:
        grammar, text = await off_loop(_built, build, self.limits.max_bytes)
        if fault := await self.fault_of(text):
            raise _Unusable(fault)
        return grammar

    async def _explained(self, tools: tuple[Tool, ...], form: Form, fault: str) -> GrammarError:
        """The error for tools whose grammar cannot be used: about one that has none by itself, or all."""
        if len(tools) == 1:
            side, path = await smallest_fault(tools[0], partial(self._usable, form))
            return too_large(tools[0], side, path, fault)
        for tool in tools:
            alone = (tool,)
            made = partial(self._made_of_tools, alone, form)
            outcome = await self._outcome((_key(alone), form), alone, made)
            if isinstance(outcome, GrammarError):
                return outcome
        return GrammarError(
            f"{len(tools)} tools together make a grammar that cannot be used: {fault}",
            where=", ".join(f"{tool.toolkit}/{tool.name}" for tool in tools[:3]) + " ...",
            fix="Set generation.max_tools lower, or leave large tools out.",
        )

    async def _usable(self, form: Form, tool: Tool) -> bool:
        try:
            await self._made(partial(grammar_of, (tool,), self.generation, form))
        except GrammarError:
            return False
        return True


def grammar_of(
    tools: Sequence[Tool], generation: GenerationSettings, form: Form | None = None
) -> TreeGrammar:
    """The grammar of conversations with these tools as models write them, of the usual form if None, not yet
    compiled. Raises GrammarError."""
    form, tools = form or usual_form(generation), [as_written(tool) for tool in tools]
    if generation.level in STRICT:
        for tool in tools:
            refuse_large(tool)
    return conversation_grammar(
        tools,
        thoughts=generation.thoughts,
        parallel_calls=form.parallel_calls,
        min_user_turns=generation.min_user_turns,
        max_user_turns=generation.max_user_turns,
        level=generation.level,
        calls=form.calls,
        error_responses=form.error_responses,
    )


def _grammar_of_plan(tools: Sequence[Tool], generation: GenerationSettings, loose: bool) -> TreeGrammar:
    return json_grammar(blueprint_schema(tools, generation, loose=loose))


def message_grammar_of(
    tools: Sequence[Tool], generation: GenerationSettings, parallel_calls: bool
) -> TreeGrammar:
    """The same of one message of the assistant."""
    return message_grammar(
        [as_written(tool) for tool in tools],
        thoughts=generation.thoughts,
        parallel_calls=parallel_calls,
        level=generation.level,
    )


def _key(tools: tuple[Tool, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((tool.toolkit, tool.name) for tool in tools)


def _built(build: Callable[[], TreeGrammar], max_bytes: int) -> tuple[TreeGrammar, str]:
    """The grammar and its text in Lark. Raises GrammarError."""
    try:
        grammar = build()
        texts = {dialect: grammar.render(dialect) for dialect in _SIZED}
    except RecursionError as error:
        raise _Unusable("it is nested too deep") from error
    length = max(len(text.encode()) for text in texts.values())
    if length > max_bytes:
        raise _Unusable(f"it has {length:,} bytes, at most {max_bytes:,} are sent (grammar.max_bytes)")
    return grammar, texts["lark"]


def grammar_note(grammar: TreeGrammar) -> dict[str, JsonValue]:
    """What a record says of its grammar."""
    named = [f"{lost.path}: {lost.keyword}" for lost in grammar.relaxed[:MAX_RELAXED_NAMED]]
    return {"key": grammar.key, "relaxed_total": len(grammar.relaxed), "relaxed": named}


class _Unusable(GrammarError):
    """A grammar that was built and cannot be used; `fault` is why."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault, where="a grammar", fix="Please report this.")
        self.fault = fault
