"""Names and describes proposed bundles: the model says what one does with these toolkits together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import anyio
import orjson

from funcdex.catalogue.bundles import Proposal
from funcdex.errors import EndpointError
from funcdex.grammar.conversation import json_grammar
from funcdex.off_loop import off_loop
from funcdex.pool.pool import Pool
from funcdex.serving import probed_endpoints
from funcdex.settings.tree import Settings
from funcdex.stages.prompt import prompt
from funcdex.types.request import Completion, Message, Request, Sampling
from funcdex.types.tools import Toolkit

LONGEST_NAME, LONGEST_DESCRIPTION = 60, 300
_ANSWER = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 3, "maxLength": LONGEST_NAME},
        "description": {"type": "string", "minLength": 10, "maxLength": LONGEST_DESCRIPTION},
    },
    "required": ["name", "description"],
    "additionalProperties": False,
}
_SAMPLING = Sampling(max_tokens=400, temperature=0.3)
_TIMEOUT_S = 120.0
_MOST_TOOLS, _MOST_CHARS = 40, 400

Generate = Callable[[Request], Awaitable[Completion]]


@dataclass(frozen=True, slots=True)
class Described:
    """A bundle as the model names it."""

    toolkits: tuple[str, ...]
    name: str
    description: str


async def described(
    proposals: Sequence[Proposal], toolkits: Sequence[Toolkit], settings: Settings
) -> tuple[Described | None, ...]:
    """One for each proposal, all asked at once; None for one that no endpoint could describe. `toolkits` are
    those that the proposals name. Raises NoEndpointAvailable if no endpoint can be used."""
    by_name = {kit.name: kit for kit in toolkits}
    found: list[Described | None] = [None] * len(proposals)

    async def describe(index: int, generate: Generate) -> None:
        proposal = proposals[index]
        kits = [by_name[name] for name in proposal.toolkits]
        found[index] = await described_by(generate, proposal, kits, index)

    async with (
        probed_endpoints(settings, one_is_needed=True) as candidates,
        Pool(candidates, settings.pool) as pool,
        anyio.create_task_group() as tasks,
    ):
        for index in range(len(proposals)):
            tasks.start_soon(describe, index, pool.generate)
    return tuple(found)


async def described_by(
    generate: Generate, proposal: Proposal, kits: Sequence[Toolkit], number: int
) -> Described | None:
    """What the model calls one bundle; None if it could not be asked, or says nothing of use."""
    grammar = await off_loop(partial(json_grammar, _ANSWER))
    request = Request(
        conversation_id=f"bundle-{number}",
        stage="outline",
        messages=_messages(proposal, kits),
        sampling=_SAMPLING,
        timeout_s=_TIMEOUT_S,
        grammar=grammar,
    )
    try:
        completion = await generate(request)
    except EndpointError:
        return None
    return _read(completion.text, proposal)


def _messages(proposal: Proposal, kits: Sequence[Toolkit]) -> tuple[Message, ...]:
    shown = [
        {
            "name": kit.name,
            "description": kit.description[:_MOST_CHARS],
            "tools": ", ".join(tool.name for tool in kit.tools[:_MOST_TOOLS]),
        }
        for kit in kits
    ]
    return prompt("bundle").messages(toolkits=shown, things=", ".join(proposal.things))


def _read(text: str, proposal: Proposal) -> Described | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    said = [value.get(key) if isinstance(value, dict) else None for key in ("name", "description")]
    name, description = (" ".join(one.split()) if isinstance(one, str) else "" for one in said)
    return Described(proposal.toolkits, name, description) if name and description else None
