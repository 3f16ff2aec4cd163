"""The model's word on two scenarios that neither words nor vectors tell apart."""

from __future__ import annotations

import orjson

from funcdex.errors import EndpointError
from funcdex.stages.context import Dialogue

LONGEST_TOLD = 200
"""Characters of a scenario that a record says another was compared with."""

_ANSWER = {
    "type": "object",
    "properties": {"same_task": {"type": "boolean"}},
    "required": ["same_task"],
    "additionalProperties": False,
}


class Adjudicator:
    """Asks within the dialogue of the stage that needs to know, so that its tokens are in that stage's
    bill."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self.answers: list[dict[str, str | bool | None]] = []
        """What records say of each question: the scenario compared with, and whether it is the same."""

    @property
    def failed(self) -> int:
        """Questions without an answer."""
        return sum(one["same"] is None for one in self.answers)

    async def same_task(self, new: str, earlier: str) -> bool | None:
        """Whether both ask for the same; None if no endpoint could say."""
        try:
            grammar = await self._dialogue.context.grammars.of_json(_ANSWER)
            completion = await self._dialogue.ask("adjudicator", grammar=grammar, new=new, earlier=earlier)
        except EndpointError:
            answer = None
        else:
            answer = _answer(completion.text)
        self.answers.append({"of": earlier[:LONGEST_TOLD], "same": answer})
        return answer


def _answer(text: str) -> bool | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    answer = value.get("same_task") if isinstance(value, dict) else None
    return answer if isinstance(answer, bool) else None
