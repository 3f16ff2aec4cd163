"""What is known of one conversation on its way: the plan, what each stage added, how it ended.

A `Draft` is never stored as such. Each stage adds a `StageDone`, the journal keeps those, and folding
them over the plan gives the draft again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from operator import itemgetter
from typing import Any, Literal, TypeGuard, get_args

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


@dataclass(frozen=True, slots=True)
class Usage:
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


@dataclass(frozen=True, slots=True)
class StageDone:
    """What one stage added to one conversation: field values of `Draft`, ready for JSON."""

    id: str
    stage: Stage
    value: Mapping[str, Any]
    usage: tuple[Usage, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """A conversation that reached the data set."""

    id: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A conversation that was given up, and why: `reason` is a code, `detail` a sentence or two."""

    id: str
    stage: str
    reason: str
    detail: str = ""
    usage: tuple[Usage, ...] = ()


@dataclass(frozen=True, slots=True)
class Restarted:
    """A rejected conversation that is tried again from its plan (`--retry-rejected`)."""

    id: str


Entry = StageDone | Accepted | Rejected | Restarted
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
    system_prompt: str | None = None
    scores: Mapping[str, Any] | None = None
    verdicts: Mapping[str, Any] | None = None
    usage: tuple[Usage, ...] = ()
    done: tuple[Stage, ...] = field(default=())

    def after(self, entry: StageDone) -> Draft:
        """The draft with what a stage added."""
        value = dict(entry.value)
        for name in _TUPLES & value.keys():
            value[name] = tuple(value[name])
        usage, done = (*self.usage, *entry.usage), (*self.done, entry.stage)
        return replace(self, **value, usage=usage, done=done)

    @property
    def next_stage(self) -> Stage | None:
        """The first stage that has not been done; None if all have."""
        return next((stage for stage in STAGES if stage not in self.done), None)


_TUPLES = frozenset({"shown", "corrected"})


def fold(plan: Plan, entries: Iterable[StageDone]) -> Draft:
    """The draft that the journaled entries of one conversation make."""
    draft = Draft(plan)
    for entry in entries:
        draft = draft.after(entry)
    return draft


EntryRecord = Mapping[str, Any]
"""An entry as it stands in the journal."""


def entry_as_json(entry: Entry) -> dict[str, Any]:
    """An entry as a JSON object; `entry_from_json` is its inverse."""
    kind = type(entry)
    # Not dataclasses.asdict, which copies the value, however deep, before it is written.
    told = {"entry": _NAME_OF[kind], **_fields_of(entry, _FIELDS[kind])}
    if isinstance(entry, StageDone | Rejected):
        told["usage"] = [_fields_of(one, _FIELDS[Usage]) for one in entry.usage]
    return told


def is_entry(value: object) -> TypeGuard[EntryRecord]:
    """Whether a JSON value has the form that `entry_as_json` gives an entry. Cheaper than making one."""
    if not isinstance(value, dict):
        return False
    kind = value.get("entry")
    if kind == "stage":
        return _is_stage(value)
    if not isinstance(kind, str) or value.keys() != _KEYS_OF.get(kind) or not isinstance(value["id"], str):
        return False
    if kind == "rejected" and not (isinstance(value["stage"], str) and isinstance(value["reason"], str)):
        return False
    return "usage" not in value or _is_usage(value["usage"])


def _is_stage(record: dict[str, Any]) -> bool:
    """Seven in eight entries of a large run are of this kind, and a resume waits until all are looked at."""
    try:
        id, stage, added, usage = _values_of_stage(record)
    except KeyError:
        return False
    # These and "entry" are there, so no other key is if there are no more.
    if len(record) != _STAGE_KEYS or not isinstance(id, str) or stage not in STAGES:
        return False
    if not isinstance(added, dict):
        return False
    for key, one in added.items():
        if not isinstance(one, _TYPES_OF_VALUE.get(key, ())):
            return False
    return _is_usage(usage)


_NONE = type(None)
_TYPES_OF_VALUE: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("scenario", "persona", "outline", "dml", "system_prompt"), (str, _NONE)),
    **dict.fromkeys(("written_at", "written_by"), (str, _NONE)),
    **dict.fromkeys(("blueprint", "grammar", "scores", "verdicts"), (dict, _NONE)),
    **{"shown": (list, _NONE), "corrected": (list,), "corrections": (int,)},
}
"""What a draft takes."""


def _is_usage(value: object) -> bool:
    if not isinstance(value, list):
        return False
    for one in value:
        if not isinstance(one, dict) or not isinstance(one.get("sampling"), _SAMPLING):
            return False
        if len(one) - ("sampling" in one) != _USAGE_KEYS:
            return False
        try:
            _, _, _, model, prompt, completion, reasoning, latency_s, simulated = _values_of_usage(one)
        except KeyError:
            return False
        if not (
            isinstance(model, str)
            and isinstance(prompt, int)
            and isinstance(completion, int)
            and isinstance(reasoning, int)
            and isinstance(latency_s, _NUMBER)
            and isinstance(simulated, bool)
        ):
            return False
    return True


_NUMBER = (float, int)
_SAMPLING = (dict, _NONE)


def entry_from_json(record: EntryRecord) -> Entry:
    """The entry of a record for which `is_entry`."""
    told = dict(record)
    kind = _CLASS_OF[told.pop("entry")]
    if "usage" in told:
        told["usage"] = tuple(Usage(**usage) for usage in told["usage"])
    return kind(**told)


def stage_from_json(record: EntryRecord) -> StageDone:
    """The same of a record that is known to be of this kind."""
    entry = entry_from_json(record)
    assert isinstance(entry, StageDone)
    return entry


def _fields_of(record: Entry | Usage, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


_FIELDS: dict[type, tuple[str, ...]] = {
    kind: tuple(one.name for one in fields(kind))
    for kind in (StageDone, Accepted, Rejected, Restarted, Usage)
}
_NAME_OF: dict[type[Entry], str] = {
    StageDone: "stage",
    Accepted: "accepted",
    Rejected: "rejected",
    Restarted: "restarted",
}
_CLASS_OF: dict[str, type[Entry]] = {name: kind for kind, name in _NAME_OF.items()}
_KEYS_OF = {name: {"entry", *_FIELDS[kind]} for kind, name in _NAME_OF.items()}
_values_of_stage = itemgetter(*_FIELDS[StageDone])
_REQUIRED_OF_USAGE = tuple(name for name in _FIELDS[Usage] if name != "sampling")
_values_of_usage = itemgetter(*_REQUIRED_OF_USAGE)
_STAGE_KEYS, _USAGE_KEYS = 1 + len(_FIELDS[StageDone]), len(_REQUIRED_OF_USAGE)
