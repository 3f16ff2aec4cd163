"""How the user of one conversation begins and writes, where they live, and how many messages they send.

All of it is drawn from the conversation's own seed, by the shares of the settings.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from funcdex.settings.generation import GenerationSettings
from funcdex.settings.variety import Described
from funcdex.stages.kinds import SPECS
from funcdex.stages.plan import drawn
from funcdex.types.record import Plan


@dataclass(frozen=True, slots=True)
class Voice:
    """`opening` and `style` are descriptions for the writer, `locale` a tag such as `en-GB`, `turns` how many
    user messages there are."""

    opening: str
    style: str
    locale: str
    turns: int


def voice_of(plan: Plan, generation: GenerationSettings) -> Voice:
    """The same for the same plan and settings."""
    rng = random.Random(f"{plan.seed}:voice")
    return Voice(
        opening=_described(generation.openings, rng),
        style=_described(generation.writing_styles, rng),
        locale=drawn(generation.locales, rng),
        turns=_turns(plan, generation, rng),
    )


def _described(ways: Mapping[str, Described], rng: random.Random) -> str:
    return ways[drawn({name: way.weight for name, way in ways.items()}, rng)].description


def _turns(plan: Plan, generation: GenerationSettings, rng: random.Random) -> int:
    """From the lower, middle or upper third of what there may be; what the kind takes at least."""
    least = max(generation.min_user_turns, min(SPECS[plan.kind].user_turns, generation.max_user_turns))
    counts = range(least, generation.max_user_turns + 1)
    third = ceil(len(counts) / 3)
    length = drawn({name: share for name, share in generation.lengths.items()}, rng)
    if length == "short":
        return rng.choice(counts[:third])
    if length == "long":
        return rng.choice(counts[-third:])
    return rng.choice(counts[third:-third] or counts)
