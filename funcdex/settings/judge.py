"""Who judges, and what is kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.node import Frozen


class Juror(Frozen):
    """A judge of a panel: a model, or an endpoint by its URL; neither: any that has not voted yet."""

    model: str | None = Field(default=None, description="model that is asked, where an endpoint serves it")
    endpoint: str | None = Field(default=None, description="URL that is asked, where it can be")
    votes: int = Field(default=1, ge=1, le=9, description="how often it is asked")
    weight: float = Field(default=1.0, gt=0, le=100, description="what each of its votes counts")

    @field_validator("endpoint")
    @classmethod
    def _as_endpoints_are_named(cls, url: str | None) -> str | None:
        return None if url is None else EndpointSpec(url=url).url


class JudgeSettings(Frozen):
    """Who judges, and what is kept."""

    plan_votes: int = Field(
        default=0,
        ge=0,
        le=9,
        description="votes on each plan before its conversation is written; 0: a program alone checks it",
    )
    enabled: bool = Field(default=True, description="false: what verification accepts is accepted, unscored")
    votes: int = Field(
        default=1,
        ge=1,
        le=9,
        description="votes on each conversation; by different endpoints, where there are",
    )
    panel: tuple[Juror, ...] = Field(
        default=(),
        max_length=9,
        description="named judges instead, each with `model` or `endpoint` (a URL), `votes` and `weight`",
    )
    unscored: Literal["reject", "keep"] = Field(
        default="reject", description="what becomes of a conversation when too few judges gave a verdict"
    )
    min_tool_use_quality: int = Field(default=4, ge=1, le=5, description="lowest score accepted")
    min_by_kind: dict[str, Annotated[int, Field(ge=1, le=5)]] = Field(
        default={}, max_length=50, description="the same for some kinds of conversations: kind -> score"
    )
