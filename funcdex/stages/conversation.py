"""The conversation itself, under a grammar of the very tools it is shown, and checked before it counts.

A sample with faults is corrected a few times, only where it is faulty (`correction.py`); when that does not
help, a new one is drawn. Of a sample that ran away (`runaway.py`) nothing is kept. All of them together have
a budget of tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from funcdex import __version__
from funcdex.dml.checks import Rules, check
from funcdex.dml.parser import parse
from funcdex.errors import MarkupError
from funcdex.off_loop import off_loop, off_loop_if_long
from funcdex.settings.generation import GenerationSettings
from funcdex.settings.verify import VerifySettings
from funcdex.stages.context import Context, Dialogue
from funcdex.stages.correction import Correction, How, correction_of
from funcdex.stages.file_writing import encoded
from funcdex.stages.grammars import grammar_note
from funcdex.stages.kind_checks import kind_faults
from funcdex.stages.kinds import DECLINING, SPECS, Form, form_of, variant_told
from funcdex.stages.plan import group_of
from funcdex.stages.runaway import Runaway
from funcdex.stages.turns.writer import write_turns
from funcdex.stages.voice import voice_of
from funcdex.types.fault import Fault
from funcdex.types.record import Draft, Rejected, StageDone, TurnDone
from funcdex.types.request import Completion, Grammar
from funcdex.types.tools import Tool
from funcdex.verify.given import NOTHING, Given
from funcdex.verify.verify import ALL_CHECKS, verify

LEAST_TOKENS = 64
"""A budget of which less is left is spent: no conversation is so short."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What one sample is worth. `text` is as it was written, `dml` the same with files encoded. `broken_off`:
    the end is missing, so there is nothing to correct."""

    text: str
    dml: str
    faults: tuple[Fault, ...]
    broken_off: bool = False


async def write_conversation(draft: Draft, context: Context) -> StageDone | Rejected:
    """Rejects with the code of the last sample's first fault, or with `duplicate_conversation`."""
    tools = context.shown(draft)
    form = form_of(draft, context.settings.generation)
    grammar = await context.grammars.of_tools(tools, form)
    writer = _Writer(Dialogue(context, draft, "conversation"), tools, form, grammar)
    if context.settings.generation.mode == "turn_by_turn":
        writer.go_on_from(draft.begun)
    attempt = await writer.write()
    if attempt.faults:
        fault = attempt.faults[0]
        # What broke off has no turn to look at, and may be as long as all its tokens.
        kept = {} if attempt.broken_off else writer.made_of(attempt)
        return writer.dialogue.rejected(fault.reason, f"{fault.detail}; {writer.dialogue.bill}", **kept)
    if context.conversations and (
        same := await context.conversations.admit(group_of(draft.plan), attempt.dml, asker=draft.plan.id)
    ):
        return writer.dialogue.rejected(
            "duplicate_conversation",
            f"{same.layer} {same.similarity:.3f} to {same.of}",
            **writer.made_of(attempt),
        )
    return writer.dialogue.done(
        **writer.made_of(attempt),
        corrections=len(writer.corrected),
        written_by=__version__,
        written_at=datetime.now(UTC).isoformat(timespec="seconds"),
        grammar=grammar_note(grammar),
    )


def rules_of(generation: GenerationSettings, form: Form) -> Rules:
    """The form that settings and kind ask of a conversation."""
    return Rules(
        thoughts=generation.thoughts,
        parallel_calls=form.parallel_calls,
        min_user_turns=generation.min_user_turns,
        max_user_turns=generation.max_user_turns,
        calls=form.calls,
        error_responses=form.error_responses,
    )


def prompt_values(
    draft: Draft, tools: Sequence[Tool], generation: GenerationSettings, form: Form
) -> dict[str, Any]:
    """What goes into the prompt `conversation`."""
    voice = voice_of(draft.plan, generation)
    return _tool_values(draft, tools, generation, form) | {
        "scenario": draft.scenario,
        "persona": draft.persona,
        "clarity": generation.clarity_levels[draft.plan.clarity].description,
        "opening": voice.opening,
        "style": voice.style,
        "locale": voice.locale,
        "today": draft.plan.today,
        "workflow": generation.workflow_description,
        "turns": voice.turns if draft.blueprint is None else len(draft.blueprint["turns"]),
        "min_turns": generation.min_user_turns,
        "max_turns": generation.max_user_turns,
        "language": generation.language,
    }


def _tool_values(
    draft: Draft, tools: Sequence[Tool], generation: GenerationSettings, form: Form
) -> dict[str, Any]:
    return {
        "tools": form.shown(tools),
        "thoughts": generation.thoughts,
        "parallel_calls": form.parallel_calls,
        "errors": form.error_responses != "none",
        "kind": SPECS[draft.plan.kind].writing,
        "variant": variant_told(draft.plan),
        "outline": draft.outline,
    }


@dataclass(slots=True)
class _Writer:
    """Draws and corrects samples until one is good, or there were enough of them, or tokens are spent."""

    dialogue: Dialogue
    tools: Sequence[Tool]
    form: Form
    grammar: Grammar
    corrected: list[dict[str, Any]] = field(default_factory=list)
    _samples: int = 0
    _begun: Sequence[str] = ()
    _kept: int = 0

    def go_on_from(self, begun: Sequence[TurnDone]) -> None:
        """Takes up the sample that was being written turn by turn when the run was stopped."""
        if begun:
            self.dialogue.go_on_from([used for turn in begun for used in turn.usage])
            self.corrected += map(dict, begun[-1].corrected)
            self._samples = begun[-1].sample - 1
            self._begun = [turn.dml for turn in begun if turn.sample == begun[-1].sample]
            self._kept = len(self.dialogue.usage)

    async def write(self) -> _Attempt:
        """The good sample, or the last one."""
        while True:
            attempt = await self._mend(await self._draw())
            if not attempt.faults or self._spent or self._samples > self._generation.max_regenerations:
                return attempt

    def made_of(self, attempt: _Attempt) -> dict[str, Any]:
        """The text, and what was corrected on the way to it."""
        written = {} if attempt.text == attempt.dml else {"written": attempt.text}
        return {"dml": attempt.dml, **written, "corrected": self.corrected}

    @property
    def _generation(self) -> GenerationSettings:
        return self.dialogue.context.settings.generation

    @property
    def _left_tokens(self) -> int:
        return self._generation.max_tokens - self.dialogue.spent_tokens

    @property
    def _spent(self) -> bool:
        return self._left_tokens < LEAST_TOKENS

    async def _draw(self) -> _Attempt:
        self._samples += 1
        if self._generation.mode == "turn_by_turn":
            return await self._talk()
        values = prompt_values(self.dialogue.draft, self.tools, self._generation, self.form)
        return await self._ask("conversation", values, self.grammar, str)

    async def _talk(self) -> _Attempt:
        begun, self._begun = self._begun, ()
        written = await write_turns(self.dialogue, self.tools, self.form, begun, self._keep)
        if written.fault is not None:
            return _Attempt(written.text, written.text, (written.fault,), broken_off=True)
        return await self._looked_at(written.text)

    async def _keep(self, number: int, text: str) -> None:
        """Makes a whole turn durable, with what was asked since the last one."""
        dialogue = self.dialogue
        usage, self._kept = tuple(dialogue.usage[self._kept :]), len(dialogue.usage)
        turn = TurnDone(dialogue.draft.plan.id, self._samples, number, text, tuple(self.corrected), usage)
        await dialogue.context.checkpoint(turn)

    async def _mend(self, attempt: _Attempt) -> _Attempt:
        tried: set[tuple[How, int | None]] = set()
        for _ in range(self._generation.max_corrections):
            if attempt.broken_off or not attempt.faults or self._spent:
                break
            correction = await off_loop(correction_of, attempt.text, attempt.faults, tried)
            tried.add((correction.how, correction.turn))
            self.corrected.append({"sample": self._samples, **correction.note, **correction.replaced})
            attempt = await self._corrected(attempt, correction)
        return attempt

    async def _corrected(self, attempt: _Attempt, correction: Correction) -> _Attempt:
        grammar, bounds = self.grammar, correction.user_turns(self._generation.max_user_turns)
        if bounds is not None:
            grammar = await self.dialogue.context.grammars.of_some_turns(self.tools, *bounds, self.form)
        values = _tool_values(self.dialogue.draft, self.tools, self._generation, self.form)
        values |= correction.prompt_values
        return await self._ask(
            "correction", values, grammar, lambda answer: correction.applied(answer) or attempt.text
        )

    async def _ask(
        self, name: str, values: dict[str, Any], grammar: Grammar, whole: Callable[[str], str]
    ) -> _Attempt:
        """An attempt at the text that `whole` makes of the answer."""
        completion = await self.dialogue.ask(name, grammar=grammar, max_tokens=self._left_tokens, **values)
        if self.dialogue.runaway is not None:
            return _broken_off(completion, self.dialogue.runaway, _SAID_OF_RUNAWAYS[self.dialogue.runaway])
        if completion.finish_reason != "stop":
            reason = completion.finish_reason
            return _broken_off(completion, reason, f"the answer broke off ({reason})")
        text = completion.text.strip()
        if not text:
            return _broken_off(completion, "no_answer", "the answer is empty")
        return await self._looked_at(whole(text))

    async def _looked_at(self, text: str) -> _Attempt:
        settings, draft = self.dialogue.context.settings, self.dialogue.draft
        return await off_loop_if_long(
            len(text), _looked_at, text, self.tools, settings.generation, settings.verify, draft, self.form
        )


_SAID_OF_RUNAWAYS: dict[Runaway, str] = {
    "length": "the answer was not at its end when its tokens were used up",
    "repetition": "the answer goes round in circles",
    "whitespace": "the answer ends in blanks until its tokens were used up",
}


def _broken_off(completion: Completion, reason: str, detail: str) -> _Attempt:
    text = completion.text.strip()
    return _Attempt(text, text, (Fault(reason, detail),), broken_off=True)


def _looked_at(
    text: str,
    tools: Sequence[Tool],
    generation: GenerationSettings,
    checks: VerifySettings,
    draft: Draft,
    form: Form,
) -> _Attempt:
    dml = encoded(text, {tool.name: tool for tool in tools})
    return _Attempt(text, dml, faults_of(dml, tools, generation, checks, draft, form))


def faults_of(
    text: str,
    tools: Sequence[Tool],
    generation: GenerationSettings,
    checks: VerifySettings = ALL_CHECKS,
    draft: Draft | None = None,
    form: Form | None = None,
) -> tuple[Fault, ...]:
    """All that is wrong with a written conversation: its markup, else its form, what is verified, and, where
    `draft` is what it was written from, what keeps it from being of its kind and from following its plan.

    `form` is that of its kind, worked out here if None.
    """
    try:
        conversation = parse(text)
    except MarkupError as error:
        return (Fault("markup", str(error)),)
    if form is None:
        form = Form(parallel_calls=generation.parallel_calls) if draft is None else form_of(draft, generation)
    given = NOTHING if draft is None else given_of(draft, generation)
    errors = form.error_responses != "none"
    return (
        *check(conversation, rules_of(generation, form)),
        *verify(conversation, tools, given, checks, error_responses=errors),
        *(kind_faults(conversation, draft, tools) if draft and generation.check_plans else ()),
    )


def given_of(draft: Draft, generation: GenerationSettings) -> Given:
    """What verification knows of a conversation beside its text."""
    return Given(
        persona=draft.persona,
        scenario=draft.scenario,
        language=generation.language,
        today=date.fromisoformat(draft.plan.today) if draft.plan.today else None,
        refusals=draft.plan.kind in DECLINING,
    )
