"""The simulated tools: answer a call by the tool's response schema, and stay by what they said before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from funcdex.stages.context import Dialogue
from funcdex.stages.file_writing import as_written
from funcdex.stages.kinds import Form
from funcdex.stages.turns.world import World
from funcdex.types.conversation import JsonValue, ToolCall
from funcdex.types.error_response import is_error, response_forms
from funcdex.types.tools import JsonSchema, Tool
from funcdex.verify.schemas import UnusableSchema, violations

_LATEST_SHOWN = 6
"""Calls and responses of before that the model sees; what else it said of things is in the world."""


@dataclass(slots=True)
class Tools:
    """Answers for one conversation of this form. `world` is what is known to exist."""

    dialogue: Dialogue
    tools: Mapping[str, Tool]
    form: Form
    world: World = field(default_factory=World)
    _earlier: list[tuple[ToolCall, JsonValue]] = field(default_factory=list)

    async def response_to(self, call: ToolCall) -> tuple[JsonValue, list[str]]:
        """The response, and what is wrong with it if no sample was without a fault."""
        context, tool = self.dialogue.context, as_written(self.tools[call.name])
        schema = self._schema_for(tool)
        grammar = await context.grammars.of_json(schema)
        response: JsonValue = None
        wrong: list[str] = ["no sample was JSON"]
        for _ in range(context.settings.generation.max_stage_retries + 1):
            completion = await self.dialogue.ask(
                "tool_response",
                grammar=grammar,
                tool=self.form.shown([tool])[0],
                call=_written({"name": call.name, "arguments": dict(call.arguments)}),
                earlier=[self._told(*one) for one in self._earlier[-_LATEST_SHOWN:]],
                known=[_written({id: thing}) for id, thing in self.world.named_by(call).items()],
                scenario=self.dialogue.draft.scenario,
                wrong=[] if response is None else wrong,
            )
            try:
                response = orjson.loads(completion.text)
            except orjson.JSONDecodeError:
                continue
            wrong = [*_violations(schema, response), *self.world.contradictions(call, response)]
            if not wrong:
                break
        self.take_up(call, response)
        return response, wrong

    def take_up(self, call: ToolCall, response: JsonValue) -> None:
        """From now on it was answered so."""
        self._earlier.append((call, response))
        self.world.take(call, response)

    def _schema_for(self, tool: Tool) -> JsonSchema:
        """What the response has to be: an error where the kind wants one and there was none yet."""
        forms = response_forms(tool.response or {"type": "object"})
        failed = any(is_error(response) for _, response in self._earlier)
        return forms.error if self.form.error_responses == "required" and not failed else forms.fine

    def _told(self, call: ToolCall, response: JsonValue) -> str:
        return f"{call.name} {_written(dict(call.arguments))} -> {_written(response)}"


def _violations(schema: JsonSchema, response: JsonValue) -> tuple[str, ...]:
    try:
        return violations(schema, response)
    except UnusableSchema as error:
        return (f"the tool's schema is broken: {error}",)


def _written(value: JsonValue) -> str:
    return orjson.dumps(value).decode()
