"""How far a run is, read from its files alone: while it goes on, or long after it was interrupted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from funcdex.rundir.files import disk_faults
from funcdex.rundir.jsonlines import from_line
from funcdex.rundir.layout import RunDir
from funcdex.rundir.lock import held
from funcdex.rundir.manifest import read_manifest, settings_of
from funcdex.rundir.replay import JournalState, Tokens, read_journal
from funcdex.settings.tree import Price
from funcdex.types.conversation import JsonValue
from funcdex.types.record import STAGES, Rejected

SESSION_MARK = b'"event":"session"'
"""In the log's line with which each session begins; it says how many had `settled` by then."""

_COMES_OR_GOES = (b'"event":"joined"', b'"event":"down"', b'"event":"refused"')


@dataclass(frozen=True, slots=True)
class RunStatus:
    """The funnel of a run: `planned` is `not_begun` + `in_progress` + `accepted` + `rejected`.

    `in_progress` counts the conversations that have a stage behind them by the stage that comes next.
    `rejected` counts by reason, `rejected_at` by stage. `tokens` are those paid for, by model; `cost` is
    theirs, None without prices. `per_hour` are conversations settled, in the latest session, `left_s` is the
    time that the rest takes at this rate; both None until something has settled. Times are
    ISO 8601 in UTC; `last_at` is when the run last wrote. `running`: a process works on it now.
    `endpoints_out` are those of the latest session that take no work, and why.
    `damaged` are lines of the journal that could not be read, `repeated` entries that stand twice.
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

    @property
    def settled(self) -> int:
        """Conversations that have ended."""
        return self.accepted + sum(self.rejected.values())


def status(run: RunDir | Path) -> RunStatus:
    """Reads, and never writes. Raises CheckpointError if there is no run or it cannot be read."""
    run = run if isinstance(run, RunDir) else RunDir(run)
    manifest = read_manifest(run)
    journal = read_journal(run)
    rejected = [outcome for outcome in journal.settled.values() if isinstance(outcome, Rejected)]
    begun = len(journal.settled) + len(journal.unsettled)
    last_at = _last_written(run, manifest.created_at)
    session, traffic = _latest_session(run)
    per_hour = _settled_per_hour(session, len(journal.settled), last_at)
    left = manifest.count - len(journal.settled)
    return RunStatus(
        planned=manifest.count,
        not_begun=max(0, manifest.count - begun),
        in_progress=_by_next_stage(journal),
        accepted=len(journal.settled) - len(rejected),
        rejected=dict(Counter(outcome.reason for outcome in rejected).most_common()),
        rejected_at=dict(Counter(outcome.stage for outcome in rejected)),
        tokens=journal.tokens,
        cost=_cost(journal.tokens, settings_of(manifest, run).prices),
        per_hour=per_hour,
        left_s=left * 3600 / per_hour if per_hour else None,
        started_at=manifest.created_at,
        last_at=last_at,
        running=held(run),
        endpoints_out=_out(traffic),
        damaged=len(journal.damaged),
        repeated=journal.repeated,
    )


def _by_next_stage(journal: JournalState) -> dict[str, int]:
    # With all stages done, the judge's word is there and only the verdict is not yet written.
    waiting = Counter(STAGES[min(len(done), len(STAGES) - 1)] for done in journal.unsettled.values())
    return {stage: waiting[stage] for stage in STAGES if waiting[stage]}


def _settled_per_hour(session: JsonValue | None, settled: int, last_at: str) -> float | None:
    """The rate of the latest session, from its first line in the log to what was written last."""
    if session is None:
        return None
    try:
        settled_here = settled - int(session["settled"])
        began = datetime.fromisoformat(session["at"])
    except (KeyError, TypeError, ValueError):
        return None
    hours = (datetime.fromisoformat(last_at) - began).total_seconds() / 3600
    return settled_here / hours if settled_here > 0 and hours > 0 else None


def _out(traffic: Sequence[JsonValue]) -> dict[str, str]:
    """Endpoint -> why it is out, of those that went and have not come back."""
    out: dict[str, str] = {}
    for event in traffic:
        if isinstance(event, dict) and isinstance(url := event.get("endpoint"), str):
            out.pop(url, None)
            if event.get("event") != "joined":
                out[url] = f"{event.get('event')}: {event.get('detail')}"
    return out


def _latest_session(run: RunDir) -> tuple[JsonValue | None, Sequence[JsonValue]]:
    """The log's line with which it began, and those in which endpoints come and go since then."""
    session: bytes | None = None
    traffic: list[bytes] = []
    if run.log.exists():
        with disk_faults(run.log, "reading the log"), run.log.open("rb") as lines:
            for line in lines:
                if SESSION_MARK in line:
                    session, traffic = line, []
                elif any(mark in line for mark in _COMES_OR_GOES):
                    traffic.append(line)
    return _read(session), [_read(line) for line in traffic]


def _read(line: bytes | None) -> JsonValue | None:
    """None for a line that is torn."""
    try:
        return None if line is None else from_line(line)
    except ValueError:
        return None


def _cost(tokens: Mapping[str, Tokens], prices: Mapping[str, Price]) -> float | None:
    known = [(used, prices[model]) for model, used in tokens.items() if model in prices]
    if not known:
        return None
    return sum(used.prompt * price.prompt + used.completion * price.completion for used, price in known) / 1e6


def _last_written(run: RunDir, otherwise: str) -> str:
    times = [path.stat().st_mtime for path in (run.journal, run.log) if path.exists()]
    if not times:
        return otherwise
    return datetime.fromtimestamp(max(times), UTC).isoformat(timespec="seconds")
