"""Whether a plan is worth a conversation: asked of judges before that is written, by `judge.plan_votes`.

    {"reasoning": "...", "operations": "good", "arguments": "wrong: nobody told the number", "course": "good"}

A program has found by then that the plan can be carried out. Judges say whether it should be: a plan of which
the majority finds any aspect wrong is drawn again, and the writer is told why. Two halves count as the worse
one. A judge that fails gives no vote; a plan about which nobody could say anything is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from funcdex.errors import EndpointError
from funcdex.stages.context import Dialogue, Voter
from funcdex.stages.panel import decided
from funcdex.stages.rubric import VERDICT_SCHEMA, VERDICTS, Verdict, read_verdict

PLAN_ASPECTS = ("operations", "arguments", "course")
"""What is judged of a plan; `prompts/plan_judge.j2` tells what each means."""

_ANSWER = {
    "type": "object",
    "properties": {"reasoning": {"type": "string"}} | dict.fromkeys(PLAN_ASPECTS, VERDICT_SCHEMA),
    "required": ["reasoning", *PLAN_ASPECTS],
    "additionalProperties": False,
}

PlanOpinion = dict[str, Verdict]
"""A verdict on each of PLAN_ASPECTS."""


@dataclass(slots=True)
class PlanPanel:
    """Asks within the dialogue of the outline, so that its tokens are in that stage's bill. `values` are
    those of the prompt that do not depend on the plan."""

    dialogue: Dialogue
    values: dict[str, Any]
    note: dict[str, Any] = field(default_factory=dict)
    """What the record says of the latest plan: `votes`, `failed`, and what was decided on each aspect."""

    async def objections(self, outline: str) -> list[str]:
        """Why the majority finds a plan wrong; [] if it does not."""
        opinions, failed, voted = list[PlanOpinion](), 0, list[str]()
        for _ in range(self.dialogue.context.settings.judge.plan_votes):
            try:
                opinion, endpoint = await self._vote(outline, voted)
            except EndpointError:
                opinion = None
            else:
                voted.append(endpoint)
            if opinion is None:
                failed += 1
            else:
                opinions.append(opinion)
        self.note = {"votes": len(opinions), "failed": failed}
        if not opinions:
            return []
        verdicts = {aspect: _decided(opinions, aspect) for aspect in PLAN_ASPECTS}
        self.note |= verdicts
        wrong = [aspect for aspect, verdict in verdicts.items() if verdict == "wrong"]
        return list(
            dict.fromkeys(
                f"{aspect}: {opinion[aspect].reason}"
                for aspect in wrong
                for opinion in opinions
                if opinion[aspect].verdict == "wrong"
            )
        )

    async def _vote(self, outline: str, voted: Sequence[str]) -> tuple[PlanOpinion | None, str]:
        dialogue = self.dialogue
        completion = await dialogue.ask(
            "plan_judge",
            grammar=await dialogue.context.grammars.of_json(_ANSWER),
            of=Voter(avoid=voted),
            part="judge",
            outline=outline,
            **self.values,
        )
        return read_plan_opinion(completion.text), completion.endpoint


def read_plan_opinion(text: str) -> PlanOpinion | None:
    """The opinion that an answer says; None if it says none."""
    try:
        answer = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(answer, dict):
        return None
    verdicts = {aspect: read_verdict(answer.get(aspect)) for aspect in PLAN_ASPECTS}
    known = {aspect: verdict for aspect, verdict in verdicts.items() if verdict is not None}
    return known if len(known) == len(PLAN_ASPECTS) else None


def _decided(opinions: Sequence[PlanOpinion], aspect: str) -> str:
    return decided([(opinion[aspect].verdict, 1.0) for opinion in opinions], VERDICTS)
