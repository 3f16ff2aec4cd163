"""Endpoints that are listed somewhere: found before a run, and followed while it works.

    fleet = Fleet(sources, settings, probe=..., ...)
    candidates = await fleet.assemble(named)            # waits until one can be used
    async with Pool(candidates, ...) as pool:
        await fleet.follow(pool)                        # in a task of its own

One that is newly listed is probed before it joins, as all are at the start. A source that cannot be read
changes nothing: what it listed last stays.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import anyio

from funcdex.discovery.roster import Change, Roster
from funcdex.discovery.source import Source
from funcdex.endpoints.facts import EndpointFacts, Refused
from funcdex.errors import ConfigError, DiscoveryError, NoEndpointAvailable
from funcdex.pool.joining import Candidate
from funcdex.pool.pool import Pool
from funcdex.settings.discovery import DiscoverySettings
from funcdex.settings.endpoint_spec import EndpointSpec

Probe = Callable[[Sequence[EndpointSpec]], Awaitable[Sequence[Candidate]]]
"""What endpoints are, in the same order. Raises ConfigError for one whose key cannot be sent."""

NOT_LISTED = "it is listed no more"


@dataclass(slots=True)
class _Watched:
    """A source, who of it is in use, and what was last said of it."""

    source: Source
    roster: Roster
    said: str = ""


@dataclass(slots=True)
class Fleet:
    """`say` is for the user and returns at once; `welcomed` gets each endpoint that was probed in mid-run.
    Times are of `clock`, and `sleep` waits by it."""

    sources: Sequence[Source]
    settings: DiscoverySettings
    patience_s: float
    probe: Probe
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    say: Callable[[str], None] = lambda text: None
    welcomed: Callable[[Candidate], None] = lambda candidate: None
    _watched: list[_Watched] = field(init=False)
    _named: dict[EndpointSpec, None] = field(default_factory=dict, init=False)
    _joining: dict[EndpointSpec, anyio.CancelScope] = field(default_factory=dict, init=False)
    _members: set[EndpointSpec] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self._watched = [_Watched(one, Roster(self.settings.leave_after_s)) for one in self.sources]

    async def assemble(self, named: Sequence[EndpointSpec] = ()) -> tuple[Candidate, ...]:
        """The named endpoints and those listed, probed. Waits until one can be used, `patience_s` at most;
        then it raises NoEndpointAvailable, with every reason."""
        self._named = dict.fromkeys(named)
        give_up_s = self.clock() + self.patience_s
        told = False
        while True:
            for watched in self._watched:
                await self._look(watched)
            candidates = tuple(await self.probe(self._wanted()))
            if any(isinstance(one.found, EndpointFacts) for one in candidates):
                self._members = {one.client.spec for one in candidates}
                return candidates
            why = self._why_none(candidates)
            if self.clock() >= give_up_s:
                raise NoEndpointAvailable(
                    f"no endpoint could be used for {self.patience_s:.0f} s",
                    where=why,
                    fix="Start one and have it listed; `funcdex doctor` tells more.",
                )
            if not told:
                self.say(f"no endpoint can be used yet ({why}); waiting {self.patience_s:.0f} s at most")
                told = True
            await self.sleep(self.settings.every_s)

    async def follow(self, pool: Pool) -> None:
        """Lets endpoints join and leave the pool as they are listed. Ends only when it is cancelled."""
        async with anyio.create_task_group() as tasks:
            for watched in self._watched:
                tasks.start_soon(self._follow_one, watched, pool, tasks)

    async def _follow_one(self, watched: _Watched, pool: Pool, tasks: anyio.abc.TaskGroup) -> None:
        while True:
            await self.sleep(self.settings.every_s)
            change = await self._look(watched)
            for spec in change.left:
                self._dismiss(spec, pool)
            for spec in change.joined:
                if spec not in self._members:
                    self._members.add(spec)
                    scope = self._joining[spec] = anyio.CancelScope()
                    tasks.start_soon(self._admit, spec, scope, pool)
            if change.left and not self._members:
                self.say(
                    f"{watched.source.name} lists no endpoint, and none is left; what is not done waits "
                    f"{self.patience_s:.0f} s for one"
                )
            pool.moved()

    async def _look(self, watched: _Watched) -> Change:
        """What changed since the last look. What is wrong with the source is said once."""
        try:
            listed = await watched.source.listed()
        except DiscoveryError as fault:
            if watched.said != str(fault):
                watched.said = str(fault)
                self.say(f"what was listed last stays: {fault}")
            return Change()
        watched.said = ""
        return watched.roster.observe(listed, self.clock())

    async def _admit(self, spec: EndpointSpec, scope: anyio.CancelScope, pool: Pool) -> None:
        with scope:
            try:
                (candidate,) = await self.probe([spec])
            except ConfigError as fault:
                self.say(f"{spec.url} is left out: {fault}")
                self._members.discard(spec)
            else:
                pool.admit(candidate)
                self.welcomed(candidate)
        if self._joining.get(spec) is scope:
            del self._joining[spec]

    def _dismiss(self, spec: EndpointSpec, pool: Pool) -> None:
        """Unless another source lists it, too."""
        if spec in self._wanted() or spec not in self._members:
            return
        self._members.discard(spec)
        joining = self._joining.pop(spec, None)
        if joining is not None:
            joining.cancel()
        else:
            pool.dismiss(spec, NOT_LISTED)

    def _wanted(self) -> list[EndpointSpec]:
        listed = (spec for watched in self._watched for spec in watched.roster.members)
        return list(dict.fromkeys([*self._named, *listed]))

    def _why_none(self, candidates: Sequence[Candidate]) -> str:
        reasons = [
            f"{one.client.spec.url}: {one.found.reason}"
            for one in candidates
            if isinstance(one.found, Refused)
        ]
        said = [watched.said for watched in self._watched if watched.said]
        return "; ".join(reasons + said) or f"none is listed by {self._names()}"

    def _names(self) -> str:
        return ", ".join(watched.source.name for watched in self._watched)
