"""The settings of a run: one frozen tree, every field with its bounds, unit and meaning.

Each of its nodes has a module of its own beside this one. Files, environment and flags are merged in
`load.py`; nothing below this package reads them. Pass down the part that a module needs, never the whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from funcdex.settings.catalog_place import DatabaseUrl, as_place
from funcdex.settings.dedup import DedupSettings
from funcdex.settings.discovery import DiscoverySettings
from funcdex.settings.endpoint_spec import EndpointSpec, parse_endpoint
from funcdex.settings.generation import GenerationSettings
from funcdex.settings.grammar import GrammarSettings
from funcdex.settings.judge import JudgeSettings
from funcdex.settings.node import Frozen
from funcdex.settings.pool import PoolSettings
from funcdex.settings.sampling import StageSampling
from funcdex.settings.verify import VerifySettings
from funcdex.types.record import STAGES

ToolReferences = Literal["refuse", "files", "urls"]


class RaySettings(Frozen):
    """How a run is spread over a Ray cluster (`--ray`)."""

    actors: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="processes that share the work; None: one a node, more for very many endpoints",
    )
    dedup_actors: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="processes that decide what is new, sharing the toolkit sets; None: one for 8",
    )


class Price(Frozen):
    """What a model costs, in a currency of your own, per million tokens."""

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0, description="reasoning included")


CatalogPlace = Annotated[Path | DatabaseUrl, PlainValidator(as_place)]
Endpoint = Annotated[EndpointSpec, BeforeValidator(parse_endpoint)]


class Settings(Frozen):
    """Everything a run is asked to do."""

    tools: tuple[Path, ...] = Field(default=(), description="tool files or folders; empty: the shipped ones")
    tool_references: ToolReferences = Field(
        default="refuse",
        description="files: a `$ref` of an OpenAPI document may name files below its folder, too; urls: and "
        "https URLs, which are fetched",
    )
    catalog: CatalogPlace | None = Field(
        default=None,
        description="catalogue (`tools import --catalog`), a file or postgresql://..., that `toolkits` not "
        "among `tools` are taken from",
    )
    run_index: CatalogPlace | None = Field(
        default=None,
        description="list of runs, a file or postgresql://..., that a run is added to when it has ended",
    )
    toolkits: tuple[str, ...] = Field(
        default=(), description="`gmail`, or `googledrive+gmail` for a bundle; empty: all single toolkits"
    )
    wanted_toolkits: Path | None = Field(
        default=None, description="JSON file with `toolkits` and `bundles`, used where `toolkits` is empty"
    )
    count: int = Field(default=10, ge=1, le=100_000_000, description="conversations planned")
    seed: int = Field(default=0, ge=0, lt=2**63, description="all randomness follows from it")
    endpoints: tuple[Endpoint, ...] = Field(
        default=(), description="base URLs, `sim`, or what lists them: `file:`, `dns:`, `srv:`, `command:`"
    )
    model: str | None = Field(default=None, description="model asked for; None: the endpoint's first")
    prices: dict[str, Price] = Field(
        default={}, description="model -> `prompt` and `completion`, per million tokens; for `status`"
    )
    generation: GenerationSettings = GenerationSettings()
    grammar: GrammarSettings = GrammarSettings()
    sampling: StageSampling = StageSampling()
    dedup: DedupSettings = DedupSettings()
    verify: VerifySettings = VerifySettings()
    judge: JudgeSettings = JudgeSettings()
    pool: PoolSettings = PoolSettings()
    discovery: DiscoverySettings = DiscoverySettings()
    ray: RaySettings = RaySettings()

    @model_validator(mode="after")
    def _every_stage_is_served(self) -> Self:
        served = {stage for spec in self.endpoints for stage in spec.stages or STAGES}
        needed = [stage for stage in STAGES if stage != "judge" or self.judge.enabled]
        missing = [stage for stage in needed if stage not in served]
        if self.endpoints and missing:
            raise ValueError(f"no endpoint serves the stage {missing[0]}; add one without ;stages=")
        return self
