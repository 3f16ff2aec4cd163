"""The settings of a run: one frozen tree, every field with its bounds, unit and meaning.

Files, environment and flags are merged in `load.py`; nothing below this package reads them. Pass down
the part that a module needs, never the whole.
"""

from __future__ import annotations

import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from funcdex.settings.endpoint_spec import EndpointSpec, parse_endpoint
from funcdex.types.kind import KINDS
from funcdex.types.record import STAGES
from funcdex.types.request import Dialect

Level = Literal["markup", "names", "schema"]
ToolReferences = Literal["refuse", "files"]
DedupLayer = Literal["masked", "words", "embedding"]


class Frozen(BaseModel):
    """A node of the tree: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
    tools: SamplingSettings = SamplingSettings(temperature=0.2, max_tokens=1024)
    conversation: SamplingSettings = SamplingSettings(temperature=0.7, max_tokens=12_288, timeout_s=1800)
    correction: SamplingSettings = SamplingSettings(temperature=0.3, max_tokens=12_288, timeout_s=1800)
    user_turn: SamplingSettings = SamplingSettings(temperature=0.9, max_tokens=1024)
    user_turn_plain: SamplingSettings = SamplingSettings(temperature=1.0, max_tokens=1024)
    assistant_turn: SamplingSettings = SamplingSettings(temperature=0.6, max_tokens=4096, timeout_s=900)
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
Raise = Annotated[float, Field(gt=0, le=8)]


class RaisedSettings(Frozen):
    """What comes up more often than in turn, because a model got it wrong (`generate --from-errors`)."""

    tools: dict[str, Raise] = Field(
        default={},
        max_length=20_000,
        description="tool -> how often conversations are built around it; 1 for those not named",
    )
    parameters: dict[str, Raise] = Field(
        default={},
        max_length=200_000,
        description="`TOOL.parameter` -> how often it is suggested, if it is optional; 1 for others",
    )
    source: str = Field(default="", description="the evaluation that this, and `kinds`, come from")


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
    level: Level = Field(default="schema", description="how much the grammar enforces")
    workflow_description: str = Field(default="", description="steers every scenario, if given")
    min_user_turns: int = Field(default=2, ge=1, le=50, description="fewest user messages")
    max_user_turns: int = Field(default=8, ge=1, le=100, description="most user messages")
    distractor_tools: int = Field(
        default=3, ge=0, le=100, description="fewest tools shown beyond those needed, where there are as many"
    )
    max_tools: int = Field(default=20, ge=1, le=128, description="most tools shown to the writer")
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
    def _some_days(self) -> Self:
        if self.first_day > self.last_day:
            raise ValueError(f"first_day {self.first_day} is after last_day {self.last_day}")
        return self


class GrammarSettings(Frozen):
    """How grammars are made and sent."""

    unsupported: Literal["relax", "refuse"] = Field(
        default="relax",
        description="what a grammar cannot enforce of a schema: checked afterwards, or the run is refused",
    )
    dialect: Dialect | None = Field(default=None, description="notation; None: the best one that works")
    max_tool_sets: int | None = Field(
        default=64,
        ge=1,
        description="most sets of tools shown in a run, so that servers compile few grammars; None: no limit",
    )
    max_bytes: int = Field(default=1_000_000, ge=1000, description="longest grammar that is sent")


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
    examples_shown: int = Field(default=10, ge=0, le=50, description="earlier scenarios to differ from")
    model: str = Field(default="minilm", description="`minilm` (packaged), a hub name or a folder")
    device: str = Field(default="cpu", description="torch device of the sentence model")
    exact_up_to: int = Field(
        default=50_000,
        ge=0,
        description="scenarios of one toolkit set compared one by one; beyond, found through graphs (HNSW)",
    )


class VerifySettings(Frozen):
    """What a finished conversation is held to, beside its tools' schemas (docs/verification.md)."""

    grounding: bool = Field(default=True, description="arguments come from what was said or answered before")
    statements: bool = Field(
        default=True, description="the assistant contradicts no response, hides no error"
    )
    placeholders: bool = Field(default=True, description="no blanks, dummies and filler text")
    allow_example_domains: bool = Field(
        default=False, description="example.com, example.org, example.net and example.edu are no placeholders"
    )
    file_content: bool = Field(default=True, description="files are real base64 of the size that is told")
    repetition: bool = Field(default=True, description="no circles of calls, sentences or user messages")
    same_calls: int = Field(
        default=3, ge=2, le=100, description="equal calls in a row with equal responses that are a circle"
    )
    language: bool = Field(default=True, description="user and assistant speak generation.language")
    roles: bool = Field(
        default=True, description="no persona quoted, no needless refusal, no word of a simulation"
    )


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


class PoolSettings(Frozen):
    """How requests are sent, retried and withheld."""

    max_in_flight: int | None = Field(
        default=None, ge=1, le=65_536, description="per endpoint, fixed; None: found while it works"
    )
    most_in_flight: int = Field(
        default=2048, ge=1, le=65_536, description="per endpoint, beyond which nothing is tried"
    )
    load_poll_s: float = Field(default=2, gt=0, description="time between two looks at a server's /metrics")
    stream: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="whether answers come token by token; auto: from llama.cpp, which stops sooner then",
    )
    stall_after_s: float = Field(
        default=60, gt=0, description="shortest time without progress after which a request goes elsewhere"
    )
    hedge: Literal["off", "tail"] = Field(
        default="tail",
        description="tail: when nothing waits, the last requests that take long go to an idle endpoint too",
    )
    max_attempts: int = Field(default=5, ge=1, le=100, description="tries of one request, the first included")
    backoff_base_s: float = Field(default=0.5, gt=0, description="first wait before a retry")
    backoff_max_s: float = Field(default=30, gt=0, description="longest wait before a retry")
    failures_to_open: int = Field(default=5, ge=1, description="faults in a row that open the circuit")
    open_for_s: float = Field(default=5, gt=0, description="time before an open circuit is probed")
    give_up_after_s: float = Field(default=600, gt=0, description="no endpoint for so long ends the run")
    probe_timeout_s: float = Field(default=60, gt=0, description="deadline of the probe at the start")
    drain_timeout_s: float = Field(
        default=60, ge=0, description="after an interrupt, time for what is in flight to be finished"
    )


class Price(Frozen):
    """What a model costs, in a currency of your own, per million tokens."""

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0, description="reasoning included")


Endpoint = Annotated[EndpointSpec, BeforeValidator(parse_endpoint)]


class Settings(Frozen):
    """Everything a run is asked to do."""

    tools: tuple[Path, ...] = Field(default=(), description="tool files or folders; empty: the shipped ones")
    tool_references: ToolReferences = Field(
        default="refuse",
        description="files: a `$ref` of an OpenAPI document may name files below its folder, too",
    )
    catalog: Path | None = Field(
        default=None,
        description="catalogue (`tools import --catalog`) that `toolkits` not among `tools` are taken from",
    )
    toolkits: tuple[str, ...] = Field(
        default=(), description="`gmail`, or `googledrive+gmail` for a bundle; empty: all single toolkits"
    )
    wanted_toolkits: Path | None = Field(
        default=None, description="JSON file with `toolkits` and `bundles`, used where `toolkits` is empty"
    )
    count: int = Field(default=10, ge=1, le=100_000_000, description="conversations planned")
    seed: int = Field(default=0, ge=0, lt=2**63, description="all randomness follows from it")
    endpoints: tuple[Endpoint, ...] = Field(default=(), description="base URLs, or `sim`")
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

    @model_validator(mode="after")
    def _every_stage_is_served(self) -> Self:
        served = {stage for spec in self.endpoints for stage in spec.stages or STAGES}
        needed = [stage for stage in STAGES if stage != "judge" or self.judge.enabled]
        missing = [stage for stage in needed if stage not in served]
        if self.endpoints and missing:
            raise ValueError(f"no endpoint serves the stage {missing[0]}; add one without ;stages=")
        return self
