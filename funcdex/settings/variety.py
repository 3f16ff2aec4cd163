"""What varies from one conversation to the next, and how often: the defaults of what is drawn by weight."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from funcdex.settings.node import Frozen


class Described(Frozen):
    """One of several ways, drawn by weight."""

    weight: float = Field(
        default=1.0, ge=0, allow_inf_nan=False, description="share among its like, relative"
    )
    description: str = Field(min_length=1, description="what the writer is told")


class ClarityLevel(Described):
    """How clearly the simulated user says what they want."""


DEFAULT_CLARITY_LEVELS = {
    "clear": ClarityLevel(
        weight=0.5, description="States the goal and the details that matter at the start, in plain words."
    ),
    "partial": ClarityLevel(
        weight=0.35,
        description="Knows the goal but leaves out details, and gives them when the assistant asks.",
    ),
    "vague": ClarityLevel(
        weight=0.15,
        description="Describes a problem rather than a task; the assistant has to find out what is wanted.",
    ),
}

DEFAULT_KINDS = {
    "happy_path": 0.3,
    "multi_step": 0.16,
    "parallel_calls": 0.08,
    "tool_error": 0.12,
    "missing_parameter": 0.1,
    "missing_tool": 0.05,
    "irrelevant_request": 0.04,
    "change_of_mind": 0.06,
    "ambiguous_request": 0.05,
    "long_context": 0.04,
}


class DifficultyLevel(Frozen):
    """How much a conversation asks of the assistant."""

    weight: float = Field(
        default=1.0, ge=0, allow_inf_nan=False, description="share among the levels, relative"
    )
    min_calls: int = Field(default=1, ge=1, le=12, description="fewest calls planned")
    max_calls: int = Field(default=2, ge=1, le=12, description="most calls planned")
    hops: int = Field(
        default=1, ge=0, le=6, description="most calls in a row that each need what the one before returned"
    )
    more_tools: int = Field(default=0, ge=0, le=128, description="tools shown beyond `distractor_tools`")

    @model_validator(mode="after")
    def _some_calls(self) -> Self:
        if self.min_calls > self.max_calls:
            raise ValueError(f"min_calls {self.min_calls} is more than max_calls {self.max_calls}")
        return self


DEFAULT_DIFFICULTIES = {
    "easy": DifficultyLevel(weight=0.4, min_calls=1, max_calls=2, hops=1, more_tools=0),
    "medium": DifficultyLevel(weight=0.4, min_calls=2, max_calls=4, hops=2, more_tools=2),
    "hard": DifficultyLevel(weight=0.2, min_calls=4, max_calls=7, hops=3, more_tools=6),
}

DEFAULT_OPENINGS = {
    "direct": Described(weight=0.3, description="says at once what they want, without a greeting"),
    "greeting": Described(weight=0.2, description="greets, then asks"),
    "story": Described(weight=0.2, description="tells what happened first, and asks at the end"),
    "question": Described(weight=0.15, description="asks whether or how something can be done"),
    "fragment": Described(
        weight=0.15, description="types a few words, as in a chat, without a full sentence"
    ),
}

DEFAULT_STYLES = {
    "plain": Described(weight=0.35, description="plain, complete sentences of middling length"),
    "terse": Described(weight=0.2, description="as few words as will do, small letters, little punctuation"),
    "chatty": Described(weight=0.2, description="informal and friendly, with asides"),
    "formal": Described(weight=0.15, description="formal and polite, as in a letter"),
    "hurried": Described(weight=0.1, description="in a hurry, with a typing mistake here and there"),
}

DEFAULT_LOCALES = {
    **{"en-US": 0.3, "en-GB": 0.18, "en-IN": 0.1, "en-AU": 0.06, "en-NG": 0.04, "de-DE": 0.08},
    **{"fr-FR": 0.06, "es-MX": 0.06, "pt-BR": 0.06, "ja-JP": 0.06},
}

DEFAULT_LENGTHS: dict[Literal["short", "medium", "long"], float] = {"short": 0.4, "medium": 0.4, "long": 0.2}

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
