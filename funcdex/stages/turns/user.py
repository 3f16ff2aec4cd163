"""The simulated user: knows the goal and the facts, hears the assistant, sees nothing of the tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from funcdex.stages.blueprint import read_blueprint
from funcdex.stages.context import Dialogue
from funcdex.stages.voice import voice_of
from funcdex.types.conversation import JsonValue, Turn
from funcdex.types.record import Draft
from funcdex.types.request import Message

END_OF_CONVERSATION = "<|endconversation|>"
"""What models that were trained as users (UserLM-8b) say when they have nothing more to ask."""


@dataclass(frozen=True, slots=True)
class User:
    """Speaks for one conversation."""

    dialogue: Dialogue

    async def next_words(self, before: Sequence[Turn]) -> str | None:
        """What the user says after these turns; None if they have nothing more to say, or no answer could be
        used and enough was said already."""
        generation = self.dialogue.context.settings.generation
        if len(before) >= generation.max_user_turns:
            return None
        may_end = len(before) >= generation.min_user_turns
        for _ in range(generation.max_stage_retries + 1):
            plain = generation.user_simulator == "plain"
            words = await (self._plainly(before) if plain else self._in_json(before, may_end=may_end))
            if words or (words is None and may_end):
                return words
        return None

    async def _in_json(self, before: Sequence[Turn], *, may_end: bool) -> str | None:
        """Empty for an answer that cannot be used, None for the end."""
        context, draft = self.dialogue.context, self.dialogue.draft
        voice = voice_of(draft.plan, context.settings.generation)
        completion = await self.dialogue.ask(
            "user_turn",
            grammar=await context.grammars.of_json(_answer_schema(may_end=may_end)),
            scenario=draft.scenario,
            persona=draft.persona,
            outline=_intentions(draft),
            clarity=context.settings.generation.clarity_levels[draft.plan.clarity].description,
            opening=voice.opening,
            style=voice.style,
            locale=voice.locale,
            today=draft.plan.today,
            messages=voice.turns if draft.blueprint is None else len(draft.blueprint["turns"]),
            turns=[(turn.user, words_of(turn)) for turn in before],
            may_end=may_end,
        )
        try:
            answer: JsonValue = orjson.loads(completion.text)
        except orjson.JSONDecodeError:
            return ""
        if not isinstance(answer, dict):
            return ""
        if answer.get("over") is True:
            return None
        said = answer.get("message")
        return said.strip() if isinstance(said, str) else ""

    async def _plainly(self, before: Sequence[Turn]) -> str | None:
        draft = self.dialogue.draft
        history = [
            message
            for turn in before
            for message in (Message("user", turn.user), Message("assistant", words_of(turn)))
        ]
        completion = await self.dialogue.ask(
            "user_turn_plain",
            part="user_turn",
            history=history,
            scenario=draft.scenario,
            persona=draft.persona,
        )
        said = completion.text.strip()
        if END_OF_CONVERSATION in said:
            return None
        return said if completion.finish_reason == "stop" else ""


def words_of(turn: Turn) -> str:
    """What the user sees of the assistant's messages."""
    return "\n".join(message.text for message in turn.messages if message.text)


def _intentions(draft: Draft) -> str:
    """What the user means to say: the plan without what the assistant and the tools do in it."""
    if draft.blueprint is None:
        return draft.outline or ""
    plan = read_blueprint(draft.blueprint)
    facts = [f"You know: {fact}" for fact in plan.facts]
    return "\n".join([*facts, *(f"{number}. {turn.user}" for number, turn in enumerate(plan.turns, 1))])


def _answer_schema(*, may_end: bool) -> dict[str, object]:
    over: dict[str, object] = {"type": "boolean"} if may_end else {"const": False}
    properties = {"over": over, "message": {"type": "string"}}
    return {"type": "object", "properties": properties, "required": ["over", "message"]}
