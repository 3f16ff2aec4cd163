"""How far a run is, read from its files alone: while it goes on, or long after it was interrupted."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from funcdex.rundir.following import Following
from funcdex.rundir.jsonlines import from_line
from funcdex.rundir.layout import RunDir
from funcdex.rundir.lock import held
from funcdex.rundir.manifest import Manifest, read_manifest, settings_of
from funcdex.rundir.pace import Pace
from funcdex.rundir.replay import Replay, Tokens
from funcdex.rundir.segments import segments
from funcdex.settings.tree import Price
from funcdex.types.conversation import JsonValue
from funcdex.types.entry_json import entry_of
from funcdex.types.record import STAGES, Rejected

_TOLD = ("session", "accepted", "rejected", "joined", "down", "refused", "left")
_MARKS = tuple(f'"event":"{kind}"'.encode() for kind in _TOLD)
"""In the lines of the log that are looked at."""


@dataclass(frozen=True, slots=True)
class RunStatus:
    """The funnel of a run: `planned` is `not_begun` + `in_progress` + `accepted` + `rejected`.

    `in_progress` counts the conversations that have a stage behind them by the stage that comes next.
    `rejected` counts by reason, `rejected_at` by stage. `tokens` are those paid for, by model; `cost` is
    theirs, None without prices. `per_hour` are conversations settled of late, in the latest session, `left_s`
    is the time that the rest takes at this rate; both None until something has settled there. Times are
    ISO 8601 in UTC; `last_at` is when the run last wrote. `running`: a process works on it now.
    `endpoints_out` are those of the latest session that take no work, and why.
    `damaged` are lines of the journal that could not be read, put aside by now or not, `repeated` entries
    that stand twice. `adjudicated` are questions to a model whether two scenarios are one.
    """

    planned: int
    not_begun: int
    in_progress: Mapping[str, int]
    accepted: int
    rejected: Mapping[str, int]
    rejected_at: Mapping[str, int]
    tokens: Mapping[str, Tokens]
    cost: float | None
    per_hour: float | None
    left_s: float | None
    started_at: str
    last_at: str
    running: bool
    endpoints_out: Mapping[str, str]
    damaged: int
    repeated: int
    adjudicated: int = 0

    @property
    def settled(self) -> int:
        """Conversations that have ended."""
        return self.accepted + sum(self.rejected.values())


def status(run: RunDir | Path) -> RunStatus:
    """Reads, and never writes. Raises CheckpointError if there is no run or it cannot be read."""
    return StatusReader(run if isinstance(run, RunDir) else RunDir(run)).read()


class StatusReader:
    """Reads the status of one run again and again, each line of its files once."""

    def __init__(self, run: RunDir) -> None:
        self._run = run
        self._begin()

    def _begin(self) -> None:
        run = self._run
        self._journal: dict[Path, Following] = {}
        self._put_aside = Following(run.damaged)
        self._log = Following(run.log)
        self._replay = Replay()
        self._damaged = 0
        self._session = _LatestSession()

    def read(self) -> RunStatus:
        """As it is now. Raises CheckpointError."""
        if any(part.replaced for part in self._journal.values()):  # Damaged lines were put aside by a resume.
            self._begin()
        # First of all: what is read of a run that has ended by then is its end.
        running = held(self._run)
        manifest = read_manifest(self._run)
        self._read_journal()
        for line in self._log.new_lines():
            self._session.take(line)
        return self._status(manifest, running)

    def _read_journal(self) -> None:
        self._damaged += sum(1 for _ in self._put_aside.new_lines())
        for part in segments(self._run):
            following = self._journal.setdefault(part.path, Following(part.path))
            for line in following.new_lines(part.limit):
                try:
                    self._replay.take(entry_of(line))
                except ValueError:
                    self._damaged += 1

    def _status(self, manifest: Manifest, running: bool) -> RunStatus:
        replay = self._replay
        rejected = [outcome for outcome in replay.settled.values() if isinstance(outcome, Rejected)]
        settled = len(replay.settled)
        last_at = _last_written(self._run, manifest.created_at)
        until = datetime.now(UTC) if running else last_at
        per_s = self._session.per_s(until.timestamp())
        return RunStatus(
            planned=manifest.count,
            not_begun=max(0, manifest.count - settled - len(replay.in_progress)),
            in_progress=_by_next_stage(replay),
            accepted=settled - len(rejected),
            rejected=dict(Counter(outcome.reason for outcome in rejected).most_common()),
            rejected_at=dict(Counter(outcome.stage for outcome in rejected)),
            tokens=dict(replay.tokens),
            cost=cost_of(replay.tokens, settings_of(manifest, self._run).prices),
            per_hour=per_s * 3600 if per_s else None,
            left_s=(manifest.count - settled) / per_s if per_s else None,
            started_at=manifest.created_at,
            last_at=last_at.isoformat(timespec="seconds"),
            running=running,
            endpoints_out=dict(self._session.out),
            damaged=self._damaged,
            repeated=replay.repeated,
            adjudicated=replay.adjudicated,
        )


class _LatestSession:
    """What the log says of the latest session: its pace, and `out`: endpoint -> why it takes no work."""

    def __init__(self) -> None:
        self.out: dict[str, str] = {}
        self._pace: Pace | None = None

    def take(self, line: bytes) -> None:
        """The log's next line. One that is torn, or is no event, says nothing."""
        if not any(mark in line for mark in _MARKS):
            return
        event = _value(line)
        if not isinstance(event, dict):
            return
        kind, endpoint = event.get("event"), event.get("endpoint")
        if kind == "session":
            self.out, self._pace = {}, None
        elif kind in ("accepted", "rejected"):
            self._settled(_seconds(event))
        elif kind in ("joined", "down", "refused", "left") and isinstance(endpoint, str):
            self._came_or_went(endpoint, kind, event)

    def per_s(self, now_s: float) -> float | None:
        """Conversations settled in a second, of late; None until one has."""
        return self._pace.per_s(now_s) if self._pace else None

    def _came_or_went(self, endpoint: str, kind: str, event: JsonValue) -> None:
        self.out.pop(endpoint, None)
        if kind in ("down", "refused"):
            self.out[endpoint] = f"{kind}: {event.get('detail')}"
        elif kind == "joined" and self._pace is None and (began_s := _seconds(event)) is not None:
            self._pace = Pace(began_s)

    def _settled(self, at_s: float | None) -> None:
        if self._pace and at_s is not None:
            self._pace.settled(at_s)


def _by_next_stage(journal: Replay) -> dict[str, int]:
    # With all stages done, the judge's word is there and only the verdict is not yet written.
    waiting = Counter(STAGES[min(done, len(STAGES) - 1)] for done in journal.in_progress.values())
    return {stage: waiting[stage] for stage in STAGES if waiting[stage]}


def _value(line: bytes) -> JsonValue | None:
    """None for what is no JSON."""
    try:
        return from_line(line)
    except ValueError:
        return None


def _seconds(event: JsonValue) -> float | None:
    """When it happened; None if it does not say so in our way."""
    try:
        return datetime.fromisoformat(event["at"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return None


def cost_of(tokens: Mapping[str, Tokens], prices: Mapping[str, Price]) -> float | None:
    """What these tokens, by model, cost; None if no price is known of any."""
    known = [(used, prices[model]) for model, used in tokens.items() if model in prices]
    if not known:
        return None
    return sum(used.prompt * price.prompt + used.completion * price.completion for used, price in known) / 1e6


def _last_written(run: RunDir, otherwise: str) -> datetime:
    written = (*(part.path for part in segments(run)), run.log)
    times = [path.stat().st_mtime for path in written if os.path.exists(path)]
    return datetime.fromtimestamp(max(times), UTC) if times else datetime.fromisoformat(otherwise)
