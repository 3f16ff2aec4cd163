"""What the conversations are like."""

from __future__ import annotations

import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from funcdex.settings.node import Frozen
from funcdex.settings.raised import RaisedSettings
from funcdex.settings.variety import (
    DEFAULT_CLARITY_LEVELS,
    DEFAULT_DIFFICULTIES,
    DEFAULT_KINDS,
    DEFAULT_LENGTHS,
    DEFAULT_LOCALES,
    DEFAULT_OPENINGS,
    DEFAULT_STYLES,
    ClarityLevel,
    Described,
    DifficultyLevel,
    Weight,
)
from funcdex.types.kind import KINDS
from funcdex.types.level import Level


class GenerationSettings(Frozen):
    """What the conversations are like."""

    mode: Literal["whole", "turn_by_turn"] = Field(
        default="whole",
        description="one request writes a conversation, or a user, an assistant and tools write it in turns",
    )
    check_plans: bool = Field(
        default=True,
        description="false, for weak models: plans are taken as they come, kinds are not checked",
    )
    user_simulator: Literal["json", "plain"] = Field(
        default="json",
        description="turn by turn: how the user is asked; plain: a model trained as one, such as UserLM-8b",
    )
    assistant_calls: Literal["markup", "native"] = Field(
        default="markup",
        description="turn by turn: how the assistant calls; native: by the `tools` of the server's chat API",
    )
    max_steps_per_turn: int = Field(
        default=8,
        ge=1,
        le=50,
        description="turn by turn: rounds of calls before the assistant speaks",
    )
    thoughts: bool = Field(default=False, description="the assistant thinks before each message")
    parallel_calls: bool = Field(default=False, description="several calls may stand before their responses")
    language: str = Field(
        default="en",
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="what user and assistant speak, as `en`, `de` or `pt-BR`",
    )
    level: Level = Field(
        default="schema",
        description="how much the grammar enforces; exact: also what schema leaves to checks, as lengths",
    )
    workflow_description: str = Field(default="", description="steers every scenario, if given")
    min_user_turns: int = Field(default=2, ge=1, le=50, description="fewest user messages")
    max_user_turns: int = Field(default=8, ge=1, le=100, description="most user messages")
    distractor_tools: int = Field(
        default=3, ge=0, le=100, description="fewest tools shown beyond those needed, where there are as many"
    )
    max_tools: int = Field(default=20, ge=1, le=128, description="most tools shown to the writer")
    tool_links: Literal["names", "descriptions"] = Field(
        default="names",
        description="which response fields can be arguments: by names and types, or by what they mean too",
    )
    tool_links_cache: Path | None = Field(
        default=None,
        description="folder where links by descriptions are kept for other runs; None: in the run directory",
    )
    max_corrections: int = Field(default=2, ge=0, le=20, description="corrections of one conversation")
    max_regenerations: int = Field(default=2, ge=0, le=20, description="new samples after corrections failed")
    max_tokens: int = Field(
        default=60_000, ge=1, description="tokens spent on writing one conversation, all samples together"
    )
    max_stage_retries: int = Field(
        default=3, ge=0, le=20, description="new samples of any other stage's answer"
    )
    clarity_levels: dict[str, ClarityLevel] = Field(
        default=DEFAULT_CLARITY_LEVELS,
        min_length=1,
        description="name -> `weight` and `description` of such a user",
    )
    kinds: dict[str, Weight] = Field(
        default=DEFAULT_KINDS,
        description="kind of scenario -> share, relative; those not named are not drawn",
    )
    raised: RaisedSettings = RaisedSettings()
    difficulties: dict[str, DifficultyLevel] = Field(
        default=DEFAULT_DIFFICULTIES,
        min_length=1,
        description="name -> `weight`, `min_calls`, `max_calls`, `hops`, `more_tools`",
    )
    lengths: dict[Literal["short", "medium", "long"], Weight] = Field(
        default=DEFAULT_LENGTHS,
        min_length=1,
        description="share of conversations in the lower, middle and upper third of the user turns, relative",
    )
    openings: dict[str, Described] = Field(
        default=DEFAULT_OPENINGS,
        min_length=1,
        description="name -> `weight` and `description` of how the user begins",
    )
    writing_styles: dict[str, Described] = Field(
        default=DEFAULT_STYLES,
        min_length=1,
        description="name -> `weight` and `description` of how the user writes",
    )
    locales: dict[str, Weight] = Field(
        default=DEFAULT_LOCALES,
        min_length=1,
        description="where users live (BCP 47) -> share, relative; they write English unless told otherwise",
    )
    first_day: datetime.date = Field(
        default=datetime.date(2024, 1, 1), description="earliest day on which a conversation takes place"
    )
    last_day: datetime.date = Field(default=datetime.date(2026, 12, 31), description="latest such day")

    @field_validator("kinds")
    @classmethod
    def _known_kinds(cls, kinds: dict[str, float]) -> dict[str, float]:
        for name in kinds:
            if name not in KINDS:
                near = get_close_matches(name, KINDS, n=1, cutoff=0.0)
                raise ValueError(f"no kind is called {name[:64]!r}; did you mean {near[0]!r}?")
        if not any(kinds.values()):
            raise ValueError("no kind has a share; give one at least")
        return kinds

    @model_validator(mode="after")
    def _thoughts_are_written(self) -> Self:
        if self.thoughts and self.assistant_calls == "native":
            raise ValueError("thoughts are written in markup; with assistant_calls: native there are none")
        return self

    @model_validator(mode="after")
    def _some_days(self) -> Self:
        if self.first_day > self.last_day:
            raise ValueError(f"first_day {self.first_day} is after last_day {self.last_day}")
        return self
