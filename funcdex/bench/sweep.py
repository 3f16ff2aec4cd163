"""A load test from its first request to its last: warm-up, first use of grammars, then round after round.

At each concurrency all constraints take turns, there and back (none, schema, schema, none), so that what
drifts hits all of them. The strictest one decides how far an open sweep goes.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from funcdex.bench.first_use import first_uses
from funcdex.bench.knee import next_concurrency
from funcdex.bench.load import Answered, Seen, Target, closed_loop, watched
from funcdex.bench.metrics import Figures, figures_of, steady_state
from funcdex.bench.result import CONSTRAINTS, Constraint, FirstUse, Round
from funcdex.bench.validity import judged
from funcdex.bench.work import Work
from funcdex.errors import NoEndpointAvailable
from funcdex.off_loop import off_loop

FIRST_USES = 5
_WARM_UP_IN_FLIGHT = 4
_FEWEST_REQUESTS = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be measured. `concurrency` None: find out where it ends, up to `most`. `requests` are
    those of one constraint at one concurrency, over all repeats, the warm-up not counted in."""

    constraints: tuple[Constraint, ...]
    requests: int
    concurrency: tuple[int, ...] | None = None
    repeats: int = 2
    most: int = 1024
    first_uses: int = FIRST_USES

    @property
    def deciding(self) -> Constraint:
        """The strictest."""
        return max(self.constraints, key=CONSTRAINTS.index)

    def measured(self, concurrency: int, targets: int) -> int:
        """Requests of one repeat, after the warm-up: at least as many as are in flight, because fewer are
        no steady state; of a sweep that was left to us no more than a few times as many."""
        in_flight = concurrency * targets
        each = -(-self.requests // self.repeats)
        if self.concurrency is None:
            each = min(each, max(_FEWEST_REQUESTS, 4 * in_flight) // self.repeats)
        return max(each, in_flight)


@dataclass(slots=True)
class Sweep:
    """A load test in progress: what was measured so far stays here, also if it is broken off."""

    work: Work
    targets: Sequence[Target]
    asked: Asked
    tell: Callable[[str], None]
    rounds: list[Round] = field(default_factory=list)
    first_uses: list[FirstUse] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _seen: Seen = field(default_factory=Seen)
    _mark: str = field(default_factory=lambda: secrets.token_hex(3))

    async def run(self) -> None:
        """All of it. Raises NoEndpointAvailable if no request of the warm-up was answered."""
        await self._warm_up()
        if self.asked.first_uses:
            self.tell("first use of grammars")
            self.first_uses += await first_uses(
                self.work, self.targets, self.asked.constraints, sets=self.asked.first_uses
            )
        if self.asked.concurrency is not None:
            for concurrency in self.asked.concurrency:
                await self._measure(concurrency)
            return
        rates: dict[int, float] = {}
        while (place := next_concurrency(rates, self.asked.most)) is not None:
            await self._measure(place)
            if not (rate := self._rate(self.asked.deciding, place)):
                self._note(f"the sweep ends at {place} in flight, where nothing was answered")
                return
            rates[place] = rate

    async def _warm_up(self) -> None:
        """Every set of tools once, under each constraint, at each endpoint. Who answers none of them is left
        out."""
        dialects = sorted({target.facts.dialect for target in self.targets})
        await off_loop(self.work.render, self.asked.constraints, dialects)
        lost: dict[str, str] = {}
        for target in self.targets:
            for constraint in self.asked.constraints:
                reason = await self._warm(target, constraint)
                if reason is not None:
                    lost[target.facts.base_url] = reason
                    self._note(f"left out: {target.facts.base_url}: {reason}")
                    break
        self.targets = [target for target in self.targets if target.facts.base_url not in lost]
        if not self.targets:
            raise NoEndpointAvailable(
                "no endpoint answers a request of ours",
                where="; ".join(f"{url}: {reason}" for url, reason in lost.items()),
                fix="Correct this, or leave the constraint out.",
            )

    async def _warm(self, target: Target, constraint: Constraint) -> str | None:
        """Why an endpoint is of no use under a constraint; None if it is."""
        self.tell(f"warm-up of {target.facts.base_url}, {constraint}")
        cases = await off_loop(self.work.one_of_each_set)
        requests = [self.work.request(case, constraint, f"{self._mark}.warm") for case in cases]
        short = [replace(one, sampling=replace(one.sampling, max_tokens=1)) for one in requests]
        answers = await closed_loop(short, [target], _WARM_UP_IN_FLIGHT, self._seen)
        if all(answer.sample.fault for answer in answers):
            return f"{constraint}: {answers[0].said}"
        self._note_failures(f"warm-up of {target.facts.base_url}, {constraint}", answers)
        return None

    async def _measure(self, concurrency: int) -> None:
        for repeat in range(self.asked.repeats):
            order = self.asked.constraints if repeat % 2 == 0 else self.asked.constraints[::-1]
            for constraint in order:
                done = await self._round(constraint, concurrency, repeat)
                self.rounds.append(done)
                found = _figures([done], len(self.targets))
                self.tell(
                    f"{constraint} at {concurrency} in flight, {repeat + 1} of {self.asked.repeats}: "
                    f"{found.output_tokens_per_s:.0f} tokens/s, {found.requests} requests measured"
                )

    async def _round(self, constraint: Constraint, concurrency: int, repeat: int) -> Round:
        in_flight = concurrency * len(self.targets)
        count = in_flight + self.asked.measured(concurrency, len(self.targets))
        mark = f"{self._mark}.{CONSTRAINTS.index(constraint)}{repeat}{concurrency:05}."
        made = self.work.requests(constraint, count, mark, start=repeat * count)
        requests = await off_loop(list, made)
        async with watched(self.targets) as loads:
            begun_s, cpu_s = time.monotonic(), time.process_time()
            answers = await closed_loop(requests, self.targets, concurrency, self._seen)
            used = (time.process_time() - cpu_s) / max(time.monotonic() - begun_s, 1e-9)
        self._note_failures(f"{constraint} at {concurrency} in flight", answers)
        samples = await off_loop(judged, answers, begun_s)
        moved = [replace(one, at_s=round(one.at_s - begun_s, 6)) for one in loads]
        return Round(constraint, concurrency, repeat, samples, moved, round(used, 3))

    def _note_failures(self, when: str, answers: Sequence[Answered]) -> None:
        reasons = Counter(f"{one.sample.fault}: {one.said}" for one in answers if one.sample.fault)
        if reasons:
            said = "; ".join(f"{count} {reason}" for reason, count in reasons.most_common(3))
            self._note(f"{when}: {reasons.total()} of {len(answers)} requests failed: {said}")

    def _note(self, line: str) -> None:
        self.notes.append(line)
        self.tell(line)

    def _rate(self, constraint: Constraint, concurrency: int) -> float:
        rounds = [
            one for one in self.rounds if (one.constraint, one.concurrency) == (constraint, concurrency)
        ]
        return _figures(rounds, len(self.targets)).output_tokens_per_s


def _figures(rounds: Sequence[Round], endpoints: int) -> Figures:
    return figures_of(
        [(one.samples, steady_state(one.samples, one.concurrency * endpoints)) for one in rounds]
    )
