"""When a scenario or a conversation counts as one that is there already."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from funcdex.settings.node import Frozen

DedupLayer = Literal["masked", "words", "embedding"]


class DedupSettings(Frozen):
    """When a scenario counts as one that is there already."""

    enabled: bool = Field(
        default=True, description="false: only equal scenarios are refused, and no sentence model is needed"
    )
    layers: tuple[DedupLayer, ...] = Field(
        default=("masked", "words", "embedding"),
        description="what scenarios are compared by besides being equal; without `embedding` no model loads",
    )
    similarity_threshold: float = Field(
        default=0.95, ge=0.5, le=1, description="(cosine + 1) / 2 at which a scenario is refused"
    )
    words_threshold: float = Field(
        default=0.6,
        ge=0.3,
        le=1,
        description="share of content words in common, in any order, at which a scenario is refused",
    )
    rouge_l_threshold: float = Field(
        default=0.8,
        ge=0.3,
        le=1,
        description="ROUGE-L (F1) without names, dates and numbers at which a scenario is refused",
    )
    adjudicator: bool = Field(
        default=False,
        description="on: a model is asked about scenarios that words and vectors leave unsettled",
    )
    adjudicator_candidates: int = Field(
        default=3,
        ge=1,
        le=5,
        description="most earlier scenarios that the model is asked about for a new one",
    )
    unsettled_similarity: float = Field(
        default=0.8,
        ge=0.5,
        le=1,
        description="(cosine + 1) / 2 from which a scenario that is not refused is unsettled",
    )
    conversations: bool = Field(
        default=True, description="whether finished conversations that go like an earlier one are refused"
    )
    conversation_threshold: float = Field(
        default=0.7,
        ge=0.3,
        le=1,
        description="share of the user's words (Jaccard) at which conversations with the same calls are one",
    )
    max_scenario_retries: int = Field(default=20, ge=0, le=200, description="new scenarios before giving up")
    examples_shown: int = Field(
        default=10, ge=0, le=50, description="earlier scenarios to differ from: the nearest"
    )
    model: str = Field(default="minilm", description="`minilm` (packaged), a hub name or a folder")
    device: str = Field(default="cpu", description="torch device of the sentence model")
    exact_up_to: int = Field(
        default=50_000,
        ge=0,
        description="scenarios of one toolkit set compared one by one; beyond, found through graphs (HNSW)",
    )
