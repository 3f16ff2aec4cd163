"""How each stage samples its model."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from funcdex.settings.node import Frozen


class SamplingSettings(Frozen):
    """How one stage samples. None leaves a knob to the server."""

    temperature: float | None = Field(default=0.8, ge=0, le=5, description="softmax temperature")
    top_p: float | None = Field(default=None, gt=0, le=1, description="nucleus sampling share")
    top_k: int | None = Field(default=None, ge=-1, description="tokens kept; -1 or 0 for all")
    min_p: float | None = Field(default=None, ge=0, le=1, description="share of the best token's probability")
    max_tokens: int = Field(default=1024, ge=1, description="longest answer, in tokens, reasoning included")
    timeout_s: float = Field(default=300, gt=0, description="deadline from sent to received, in seconds")


class StageSampling(Frozen):
    """Sampling of each stage. A stage given in part keeps its own defaults for the rest."""

    scenario: SamplingSettings = SamplingSettings(temperature=1.0, max_tokens=1024)
    adjudicator: SamplingSettings = SamplingSettings(temperature=0.0, max_tokens=1024)
    persona: SamplingSettings = SamplingSettings(temperature=0.9, max_tokens=1024)
    outline: SamplingSettings = SamplingSettings(temperature=0.8, max_tokens=2048)
    plan_judge: SamplingSettings = SamplingSettings(temperature=0.0, max_tokens=1024)
    tools: SamplingSettings = SamplingSettings(temperature=0.2, max_tokens=1024)
    conversation: SamplingSettings = SamplingSettings(temperature=0.7, max_tokens=12_288, timeout_s=1800)
    correction: SamplingSettings = SamplingSettings(temperature=0.3, max_tokens=12_288, timeout_s=1800)
    user_turn: SamplingSettings = SamplingSettings(temperature=0.9, max_tokens=1024)
    user_turn_plain: SamplingSettings = SamplingSettings(temperature=1.0, max_tokens=1024)
    assistant_turn: SamplingSettings = SamplingSettings(temperature=0.6, max_tokens=4096, timeout_s=900)
    assistant_turn_native: SamplingSettings = SamplingSettings(
        temperature=0.6, max_tokens=4096, timeout_s=900
    )
    tool_response: SamplingSettings = SamplingSettings(temperature=0.7, max_tokens=4096, timeout_s=900)
    system_prompt: SamplingSettings = SamplingSettings(temperature=0.8, max_tokens=1024)
    judge: SamplingSettings = SamplingSettings(temperature=0.0, max_tokens=4096)
    evaluation: SamplingSettings = SamplingSettings(temperature=0.0, max_tokens=4096)

    @model_validator(mode="before")
    @classmethod
    def _over_own_defaults(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {
            stage: cls.model_fields[stage].default.model_dump() | given
            if stage in cls.model_fields and isinstance(given, dict)
            else given
            for stage, given in data.items()
        }
