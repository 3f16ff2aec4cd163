"""What is known of one conversation on its way: the plan, what each stage added, how it ended.

A `Draft` is never stored as such. Each stage adds a `StageDone`, the journal keeps those, and folding
them over the plan gives the draft again. Entries are structs of msgspec, which writes and reads them as they
are declared here (`types.entry_json`): nearly a million are read before a large run goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta, Struct

from funcdex.types.kind import Kind

Stage = Literal["scenario", "persona", "outline", "tools", "conversation", "system_prompt", "judge"]
STAGES: tuple[Stage, ...] = get_args(Stage)
"""The stages of a conversation, in order."""
Part = Literal["correction", "user_turn", "assistant_turn", "tool_response"]
PARTS: tuple[Part, ...] = get_args(Part)
"""What the stage `conversation` asks for besides a whole one. Endpoints can be kept for a part as for a
stage; one that no endpoint names is served like `conversation`."""
ROLES: tuple[str, ...] = (*STAGES, *PARTS)


OutputName = Literal[
    "conversations",
    "conversations_with_system_prompts",
    "scored_conversations",
    "accepted_conversations",
    "parsed_conversations",
    "rejected",
]
"""A readable output of a run; its file is `<name>.jsonl`."""

Line = tuple[OutputName, Mapping[str, Any]]
"""A record and the readable output it belongs to. Every record has an `id`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One conversation that was asked for. All of it follows from the run's seed and the index.

    `kind` and `variant` say what sort of scenario it is, `difficulty` names a level of the settings, `today`
    is the day on which the conversation takes place (ISO 8601).
    """

    id: str
    index: int
    toolkits: tuple[str, ...]
    clarity: str
    seed: int
    kind: Kind = "happy_path"
    variant: str = ""
    difficulty: str = ""
    today: str = ""


class Usage(Struct, frozen=True, forbid_unknown_fields=True):
    """One completion that went into a conversation; `prompt` is the hash of the prompt's template.

    `sampling` is how it was drawn, its seed included: knobs that were left to the server are not named. None
    in runs of earlier versions, which did not note it.
    """

    stage: str
    prompt: str
    endpoint: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    latency_s: float
    simulated: bool
    sampling: Mapping[str, int | float] | None = None


class StageDone(Struct, frozen=True, forbid_unknown_fields=True, tag_field="entry", tag="stage"):
    """What one stage added to one conversation: field values of `Draft`, ready for JSON."""

    id: str
    stage: Stage
    value: Mapping[str, Any]
    usage: tuple[Usage, ...] = ()


class TurnDone(Struct, frozen=True, forbid_unknown_fields=True, tag_field="entry", tag="turn"):
    """A whole turn, in markup, of a conversation that is being written turn by turn.

    `sample` and `turn` count from 1: a further sample begins with its first turn. `corrected` is what was
    corrected before, as in `Draft`; `usage` what was asked since the entry before, and is told once more by
    the entry that ends the stage.
    """

    id: str
    sample: int
    turn: Annotated[int, Meta(gt=0)]
    dml: str
    corrected: tuple[Mapping[str, Any], ...] = ()
    usage: tuple[Usage, ...] = ()


class Accepted(Struct, frozen=True, forbid_unknown_fields=True, tag_field="entry", tag="accepted"):
    """A conversation that reached the data set."""

    id: str


class Rejected(Struct, frozen=True, forbid_unknown_fields=True, tag_field="entry", tag="rejected"):
    """A conversation that was given up, and why: `reason` is a code, `detail` a sentence or two.

    `value` is what the stage had made of it by then, as in `StageDone`: the text that had faults (`dml`), and
    what was corrected in it (`corrected`); {} where there is nothing to look at.
    """

    id: str
    stage: str
    reason: str
    detail: str = ""
    usage: tuple[Usage, ...] = ()
    value: Mapping[str, Any] = {}


class Restarted(Struct, frozen=True, forbid_unknown_fields=True, tag_field="entry", tag="restarted"):
    """A rejected conversation that is tried again from its plan (`--retry-rejected`)."""

    id: str


Entry = StageDone | TurnDone | Accepted | Rejected | Restarted
"""What the journal holds."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan and what the stages have added so far; None is not known yet.

    `shown` are the function names of the tools the writer sees, which are those that are exported;
    `written_at` is when the conversation was written (ISO 8601, UTC), `written_by` the version of funcdex.
    `dml` is the conversation, `written` how the model wrote it where funcdex then encoded files in it.
    `grammar` has the `key` of the grammar it was written under, and `relaxed`: what that grammar did not
    enforce of the tools' schemas. `corrections` counts the answers to requests for a correction, `corrected`
    says of each what it was about (`stages.correction`). `scores` are those of the whole conversation, None
    if no judge gave any; `verdicts` what was said turn by turn, or why nothing was (`stages.panel`).
    `outline` is the plan as people read it, `blueprint` the same as data; runs of earlier versions have none.
    `adjudicated` says of each earlier scenario that a model was asked about whether it is the same (`of`,
    `same`; None: no answer could be had). `begun` are the turns of a conversation that is not whole yet.
    """

    plan: Plan
    scenario: str | None = None
    persona: str | None = None
    outline: str | None = None
    blueprint: Mapping[str, Any] | None = None
    shown: tuple[str, ...] | None = None
    dml: str | None = None
    written: str | None = None
    written_at: str | None = None
    written_by: str | None = None
    grammar: Mapping[str, Any] | None = None
    corrections: int = 0
    corrected: tuple[Mapping[str, Any], ...] = ()
    adjudicated: tuple[Mapping[str, Any], ...] = ()
    system_prompt: str | None = None
    scores: Mapping[str, Any] | None = None
    verdicts: Mapping[str, Any] | None = None
    usage: tuple[Usage, ...] = ()
    begun: tuple[TurnDone, ...] = ()
    done: tuple[Stage, ...] = field(default=())

    def after(self, entry: StageDone) -> Draft:
        """The draft with what a stage added."""
        usage, done = (*self.usage, *entry.usage), (*self.done, entry.stage)
        begun = () if entry.stage == "conversation" else self.begun
        return replace(self.with_value(entry.value), usage=usage, begun=begun, done=done)

    def with_value(self, value: Mapping[str, Any]) -> Draft:
        """The draft with these fields, as they stand in an entry."""
        added: dict[str, Any] = dict(value)
        for name in _TUPLES & added.keys():
            added[name] = tuple(added[name])
        return replace(self, **added)

    @property
    def next_stage(self) -> Stage | None:
        """The first stage that has not been done; None if all have."""
        return next((stage for stage in STAGES if stage not in self.done), None)


_TUPLES = frozenset({"shown", "corrected", "adjudicated"})


def fold(plan: Plan, entries: Iterable[StageDone], begun: Sequence[TurnDone] = ()) -> Draft:
    """The draft that the journaled entries of one conversation make; `begun` are the turns behind them."""
    draft = Draft(plan, begun=tuple(begun))
    for entry in entries:
        draft = draft.after(entry)
    return draft
