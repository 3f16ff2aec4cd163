"""A run directory as a run would leave it, full of made-up conversations that make sense: for looking at."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from msgspec import to_builtins
from planted.faults import KINDS
from planted_faults import Good, good

from funcdex.dml.turns import turn_texts
from funcdex.dml.writer import write
from funcdex.export.lines import lines_after
from funcdex.rundir.jsonlines import as_line
from funcdex.rundir.layout import RunDir
from funcdex.rundir.manifest import new_manifest, write_manifest
from funcdex.settings.tree import Settings
from funcdex.toolkits.native import dump_native
from funcdex.toolkits.read import read_toolkits
from funcdex.types.conversation import Conversation
from funcdex.types.fault import Fault
from funcdex.types.kind import KINDS as CONVERSATION_KINDS
from funcdex.types.record import Accepted, Draft, Plan, Rejected, StageDone, Usage
from funcdex.verify.verify import verify

BEGUN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SETTINGS = Settings.model_validate({"count": 400, "model": "qwen3-32b", "dedup": {"enabled": False}})
ENDPOINTS = ("http://gpu1:8000", "http://gpu2:8000", "http://gpu3:8000")
_JOURNAL = "journal"
_STAGES = ("scenario", "persona", "outline", "conversation", "system_prompt", "judge")
_DEFINITIONS = Path(__file__).parents[2] / "tool_definitions"
_SYSTEM = "You are the assistant of a small company. Use the tools you are given, and say so when one fails."


def begin(path: Path, count: int = 400) -> RunDir:
    """A run that has only begun: manifest and tools."""
    run = RunDir(path)
    path.mkdir(parents=True, exist_ok=True)
    settings = SETTINGS.model_copy(update={"count": count})
    write_manifest(run, new_manifest(settings, tools_digest="0" * 16, prompts={}, now=BEGUN))
    run.tools.write_text(dump_native(read_toolkits([_DEFINITIONS]).toolkits), "utf-8")
    return run


def fill(run: RunDir, count: int, seed: int = 1, first: int = 1) -> None:
    """Adds conversations: most accepted, a few rejected at some stage, some with a planted fault. Of the
    journal there is only what says how some of them were corrected."""
    run.journal.parent.mkdir(exist_ok=True)
    for number, talk in enumerate(good(count, seed), first):
        rng = Random(f"{seed}:{number}:fate")
        for name, line in _lines(number, talk, rng):
            with (run.journal if name == _JOURNAL else run.output(name)).open("ab") as file:
                file.write(as_line(line))
    with run.log.open("ab") as log:
        for number in range(0, count, 9):
            log.write(as_line(_event(number)))


def _event(number: int) -> dict[str, Any]:
    at = (BEGUN + timedelta(seconds=7 * number)).isoformat(timespec="milliseconds")
    fault = ("timed_out", "overloaded", "server_fault")[number % 3]
    told = {"event": "retry", "endpoint": ENDPOINTS[number % 3], "conversation_id": f"conv_{number:05}"}
    return {"at": at, **told, "fault": fault, "detail": "no answer within 300 s"}


def _lines(number: int, talk: Good, rng: Random) -> Iterator[tuple[Any, Any]]:
    kits = tuple(talk.name.split("+"))
    plan = Plan(
        id=f"conv_{number:05}",
        index=number,
        toolkits=kits,
        clarity="clear",
        seed=rng.getrandbits(31),
        kind=rng.choice(CONVERSATION_KINDS[:8]) if rng.random() < 0.4 else "happy_path",
        difficulty=rng.choice(("easy", "medium", "hard")),
    )
    conversation, fault_turn = _with_fault(talk, rng)
    corrected = () if fault_turn is not None else _correction(talk, Random(f"{number}:corrected"))
    shown = list(dict.fromkeys(call.name for call in conversation.calls))
    shown += [tool.name for tool in talk.tools if tool.name not in shown][:4]
    tools = [tool for tool in talk.tools if tool.name in shown]
    quality = 2 if fault_turn is not None else rng.choice((4, 4, 5, 5, 5))
    draft = Draft(
        plan,
        scenario=f"A working day in a small company that lives in {' and '.join(kits)}.",
        persona="Busy, friendly, and in a hurry before lunch.",
        outline="1. Ask for what is needed.\n2. Look it up.\n3. Do it, and say what was done.",
        blueprint={"facts": ["It is a working day."], "turns": [{"user": "asks"}], "ending": "All done."},
        shown=tuple(shown),
        dml=write(conversation),
        corrections=len(corrected),
        corrected=corrected,
        written_at=(BEGUN + timedelta(seconds=6 * number + rng.randrange(60))).isoformat(),
        written_by="0.1.0",
        system_prompt=_SYSTEM,
        scores=_scores(quality),
        verdicts=_verdicts(conversation, fault_turn),
        usage=tuple(_usage(stage, rng) for stage in _STAGES),
    )
    fate = rng.random()
    if fate < 0.06:
        bare = replace(draft, dml=None, scores=None, verdicts=None, usage=draft.usage[:1], written_at=None)
        detail = "it repeats the scenario of conv_00001 (0.93)"
        yield from lines_after(bare, Rejected(plan.id, "scenario", "duplicate_scenario", detail), tools)
        return
    if fate < 0.5 and fault_turn is not None:
        # Seen while it was written, so that no judge has seen it.
        bare = replace(draft, dml=None, scores=None, verdicts=None, system_prompt=None, written_at=None)
        fault = next(iter(verify(conversation, talk.tools)), Fault("kind_not_shown", "no tool fails in it"))
        kept = {"dml": draft.dml, "corrected": list(corrected)}
        given_up = Rejected(plan.id, "conversation", fault.reason, fault.detail, value=kept)
        yield from lines_after(bare, given_up, tools)
        yield _JOURNAL, to_builtins(given_up)
        return
    if corrected:
        value = {"dml": draft.dml, "corrected": list(corrected)}
        yield _JOURNAL, to_builtins(StageDone(plan.id, "conversation", value))
    yield from lines_after(draft, StageDone(plan.id, "conversation", {}), tools)
    yield from lines_after(draft, StageDone(plan.id, "system_prompt", {}), tools)
    yield from lines_after(draft, StageDone(plan.id, "judge", {}), tools)
    if quality < 4:
        low = Rejected(plan.id, "judge", "low_score", f"tool_use_quality is {quality}, below 4")
        yield from lines_after(draft, low, tools)
    else:
        yield from lines_after(draft, Accepted(plan.id), tools)


def _correction(talk: Good, rng: Random) -> tuple[dict[str, Any], ...]:
    """Of some, what the journal says of a turn that had a fault and was written again."""
    planted = (
        rng.choice([*KINDS.values()])(talk.conversation, talk.tools, rng) if rng.random() < 0.3 else None
    )
    if planted is None:
        return ()
    found = verify(planted.conversation, talk.tools)
    faults = [{"reason": one.reason, "detail": one.detail} for one in found if one.turn == planted.turn]
    if not faults:
        return ()
    reasons = list(dict.fromkeys(one["reason"] for one in faults))
    before = turn_texts(write(planted.conversation))[planted.turn]
    note = {"sample": 1, "turn": planted.turn + 1, "how": "turn", "reasons": reasons}
    return ({**note, "replaced": before, "faults": faults},)


def _with_fault(talk: Good, rng: Random) -> tuple[Conversation, int | None]:
    if rng.random() < 0.14:
        kinds = list(KINDS.values())
        planted = rng.choice(kinds)(talk.conversation, talk.tools, rng)
        if planted is not None:
            return planted.conversation, planted.turn
    return talk.conversation, None


def _scores(quality: int) -> dict[str, Any]:
    said = "Every call is right and follows from what was said." if quality > 3 else "One value is made up."
    return {"reasoning": said, "goal_reached": quality, "user_query_clarity": 5, "tool_use_quality": quality}


def _verdicts(conversation: Conversation, fault_turn: int | None) -> dict[str, Any]:
    aspects = ("tool_choice", "arguments", "use_of_response", "user_clarity", "naturalness")
    turns: list[dict[str, Any]] = []
    for index in range(len(conversation.turns)):
        told: dict[str, Any] = {"turn": index + 1, **dict.fromkeys(aspects, "good"), "verdict": "good"}
        if index == fault_turn:
            told |= {
                "arguments": "wrong",
                "verdict": "wrong",
                "reasons": {"arguments": "nobody said this value"},
            }
        turns.append(told)
    votes: Sequence[dict[str, Any]] = [
        {"model": name, "endpoint": ENDPOINTS[0], "weight": 1, "tool_use_quality": 4}
        for name in ("qwen3-32b", "llama-70b")
    ]
    return {"turns": turns, "agreement": 0.94, "votes": votes}


def _usage(stage: str, rng: Random) -> Usage:
    return Usage(
        stage=stage,
        prompt=f"{abs(hash_of(stage)):016x}",
        endpoint=rng.choice(ENDPOINTS),
        model="qwen3-32b",
        prompt_tokens=rng.randint(400, 3000),
        completion_tokens=rng.randint(80, 1500),
        reasoning_tokens=0,
        latency_s=rng.uniform(1, 30),
        simulated=False,
        sampling={"seed": rng.getrandbits(31), "temperature": 0.8},
    )


def hash_of(text: str) -> int:
    """The same in every process."""
    return Random(json.dumps(text)).getrandbits(63)


if __name__ == "__main__":
    # python -m planted.run FOLDER COUNT
    wanted = int(sys.argv[2])
    fill(begin(Path(sys.argv[1]), wanted), wanted)
