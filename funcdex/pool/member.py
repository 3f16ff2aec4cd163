"""One endpoint as the pool sees it: whether it takes requests, what it has in flight, how it did.

Nothing here waits: state changes are plain calls with the time as an argument.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from types import MappingProxyType

import anyio

from funcdex.endpoints.facts import EndpointFacts
from funcdex.endpoints.http import EndpointClient
from funcdex.endpoints.load import ServerLoad
from funcdex.errors import (
    ContextTooLong,
    EndpointError,
    GrammarIgnored,
    NoConnection,
    NotServed,
    Overloaded,
    Unreachable,
)
from funcdex.pool.breaker import Breaker
from funcdex.pool.events import EndpointSnapshot, MemberState
from funcdex.pool.limiter import FixedLimiter, Limiter
from funcdex.pool.progress import Progress
from funcdex.pool.rate import RateWindow
from funcdex.pool.retry import RetryPolicy, backoff_s
from funcdex.pool.trust import TrustWindow
from funcdex.settings.pool import PoolSettings
from funcdex.types.request import Completion

DEFAULT_IN_FLIGHT = 128
REFUSALS_THAT_WEIGH = 2
"""Refusals in a row that can be the fault of the requests."""

REFUSALS_TO_GO_DOWN = 20
"""So many refusals (400, 413, 422) without a good answer between them, and an endpoint is down."""


@dataclass(slots=True, eq=False)
class Lease:
    """The right to one request in flight at `member`; returned once. `on_trial`: it tries an open circuit.
    `beside` were in flight, it included, when its answer came at `ended_s`."""

    member: Member
    facts: EndpointFacts
    ticket: int
    tokens: float
    sent_s: float
    on_trial: bool = False
    held: bool = True
    ended_s: float = 0.0
    beside: int = 0


class Member:
    """`bit` is its place among the pool's endpoints, as a power of two."""

    def __init__(self, client: EndpointClient, bit: int, settings: PoolSettings, now_s: float) -> None:
        self.client = client
        self.bit = bit
        self.url = client.spec.url
        self.facts: EndpointFacts | None = None
        self.breaker = Breaker(failures_to_open=settings.failures_to_open, open_for_s=settings.open_for_s)
        self.limiter: Limiter = FixedLimiter(DEFAULT_IN_FLIGHT)
        self.load_told: ServerLoad | None = None
        self.refused = False
        self.down = False
        self.left = False
        self.reason = ""
        self.in_flight = 0
        self.attention = anyio.Event()
        self._settings = settings
        self.progress = self._nothing_known()
        self._outstanding_tokens = 0.0
        self._paused_since_s = self._paused_until_s = float("-inf")
        self._overloads = 0
        self._troubled_since_s: float | None = None
        self._completed = 0
        self._failed: Counter[str] = Counter()
        self._prompt_tokens = self._completion_tokens = 0
        self._rate = RateWindow(now_s)
        self._trust = TrustWindow()
        self._times_distrusted = 0
        self._refusals_in_a_row = 0
        self.on_trial = False
        self.proofs = 0
        """Good answers so far, those to probes included."""
        self._unproven = False

    # Whether it can be used

    @property
    def gone(self) -> bool:
        """Refused, or listed no more: it gets no work, and nobody waits for it."""
        return self.refused or self.left

    def up(self, now_s: float) -> bool:
        """Whether it could take a request now, or as soon as it has room."""
        return not (self.gone or self.down) and self.breaker.state(now_s) != "open"

    def has_room(self, now_s: float) -> bool:
        """Whether it can take one request more just now."""
        return (
            self.in_flight < self.limiter.limit(now_s)
            and self.up(now_s)
            and now_s >= self._paused_until_s
            and self.breaker.ready(now_s)
            and not self._unproven
        )

    def load(self, now_s: float) -> float:
        """Tokens expected of the requests in flight, for each that may be."""
        return self._outstanding_tokens / self.limiter.limit(now_s)

    @property
    def load_there(self) -> int:
        """How many requests it has, those of others included where it says."""
        told = self.load_told
        return max(self.in_flight, told.running + told.waiting if told else 0)

    def lost(self, now_s: float) -> bool:
        """Whether it is gone, or has been in trouble for so long that nobody should wait for it."""
        if self.gone:
            return True
        since_s = self._troubled_since_s
        if since_s is None or now_s - since_s < self._settings.give_up_after_s:
            return False
        return not self.up(now_s) or now_s < self._paused_until_s

    def due_s(self, now_s: float) -> float | None:
        """When somebody must look after it: a pause ends, an open circuit may be tried; None if never."""
        if self.gone:
            return None
        if self.down or self._unproven or self.breaker.state(now_s) == "open":
            return self.breaker.open_until_s
        return self._paused_until_s if now_s < self._paused_until_s else None

    def gives_up_s(self, now_s: float) -> float | None:
        """When it will count as lost if nothing changes; None if it need not, or does already."""
        if self._troubled_since_s is None:
            return None
        lost_s = self._troubled_since_s + self._settings.give_up_after_s
        return lost_s if lost_s > now_s else None

    @property
    def refuses_much(self) -> bool:
        """Whether its refusals say more of it than of the requests."""
        return self._refusals_in_a_row > REFUSALS_THAT_WEIGH

    # Leases

    def lease(self, tokens: float, now_s: float) -> Lease:
        """Only for a member that has room."""
        ticket = self.breaker.admit(now_s)
        if not ticket or self.facts is None:
            raise RuntimeError(f"a lease on {self.url}, which takes none")
        self.in_flight += 1
        self._outstanding_tokens += tokens
        on_trial = self.breaker.state(now_s) != "closed"
        return Lease(self, self.facts, ticket, tokens, now_s, on_trial)

    def give_back(self, lease: Lease) -> bool:
        """Whether it was still held. A lease that came to no verdict frees the half-open circuit."""
        if not lease.held:
            return False
        lease.held = False
        self.in_flight -= 1
        # Sums of floats leave dust behind, which would make an idle endpoint look loaded.
        self._outstanding_tokens = self._outstanding_tokens - lease.tokens if self.in_flight else 0.0
        self.breaker.abandon(lease.ticket)
        return True

    # What happened

    def join(self, facts: EndpointFacts, limiter: Limiter) -> None:
        """It was probed and found fit."""
        self.vouch()
        self.facts = facts
        self.limiter = limiter
        self.down = False
        self.reason = ""
        self._trust = TrustWindow()
        self.progress = self._nothing_known()
        if not self.on_trial:  # Otherwise one request at a time will show whether it is well.
            self._troubled_since_s = None
            self.breaker.reset()

    def vouch(self) -> None:
        """It answered a probe. If its circuit is open, one request at a time will show whether it works."""
        self.proofs += 1
        self._unproven = False

    def refuse(self, reason: str) -> None:
        """For good."""
        self.refused = True
        self.reason = reason

    def leave(self, reason: str) -> None:
        """It is listed no more. What it has in flight it may finish."""
        self.left = True
        self.reason = reason

    def come_back(self) -> None:
        """It is listed again, perhaps as another server: what was held against it counts no more."""
        self.left = self.refused = self.down = self.on_trial = self._unproven = False
        self.reason = ""
        self.breaker.reset()
        self._troubled_since_s = None
        self._paused_since_s = self._paused_until_s = float("-inf")
        self._overloads = self._times_distrusted = self._refusals_in_a_row = 0
        self.load_told = None
        self.attention = anyio.Event()

    def go_down(self, reason: str, now_s: float) -> None:
        """Not reached: it must be probed before it is used again."""
        self.down = True
        self.reason = reason
        self.breaker.trip(now_s)
        self._trouble(now_s)

    def doubt(self, reason: str, now_s: float) -> None:
        """It answers, but with nothing of use, and its probe may not show why: down, and then on trial."""
        self.on_trial = True
        self.go_down(reason, now_s)

    def observe(self, load: ServerLoad, now_s: float) -> None:
        """What it says of itself."""
        self.load_told = load
        self.limiter.observe(load, in_flight=self.in_flight, now_s=now_s)

    def answered(self, lease: Lease, now_s: float) -> None:
        """An answer came; what is in it, `succeeded` or `failed` tells."""
        self._troubled_since_s = None
        self._overloads = 0
        self.breaker.record(ok=True, now_s=now_s, ticket=lease.ticket)
        if self.state(now_s) == "ready":
            self.reason = ""
        lease.ended_s, lease.beside = now_s, self.in_flight

    def succeeded(self, lease: Lease, completion: Completion, now_s: float, *, constrained: bool) -> None:
        """Its answer can be believed; `constrained`: it kept to a grammar."""
        if constrained and self._is_news(lease):
            self._trust.record(kept=True)
        self._refusals_in_a_row = 0
        self.on_trial = False
        self._completed += 1
        self.proofs += 1
        self._prompt_tokens += completion.prompt_tokens
        self._completion_tokens += completion.completion_tokens
        self._rate.add(completion.completion_tokens, now_s)
        self.limiter.ended(
            sent_s=lease.sent_s,
            latency_s=lease.ended_s - lease.sent_s,
            tokens=completion.completion_tokens,
            in_flight=lease.beside,
            now_s=now_s,
        )

    def failed(self, lease: Lease, fault: EndpointError, now_s: float, draw: float) -> None:
        """A request failed; `draw` in [0, 1) spreads the pause after an overload."""
        self._failed[fault.kind] += 1
        if isinstance(fault, GrammarIgnored):
            self._ignored_grammar(lease, fault, now_s)
            return
        if not fault.blames_endpoint:
            if self._refuses_everything(fault):
                self.doubt(f"it refuses every request: {fault.what}", now_s)
            else:
                self.answered(lease, now_s)
            return
        self._trouble(now_s)
        if isinstance(fault, Overloaded):
            self.limiter.overloaded(sent_s=lease.sent_s, in_flight=self.in_flight, now_s=now_s)
            self._pause(lease, fault, now_s, draw)
        elif self.breaker.is_current(lease.ticket):
            self._count_against(lease, fault, now_s)

    def _ignored_grammar(self, lease: Lease, fault: GrammarIgnored, now_s: float) -> None:
        """Out after a few; the second time for good, since then the probe does not see what is wrong."""
        self.proofs += 1  # It answers: if it does not keep to one grammar, the request is given up.
        if not self._is_news(lease):
            return
        self._trust.record(kept=False)
        if self._trust.trusted:
            return
        self._times_distrusted += 1
        reason = f"it ignores grammars, {self._trust.ignored} times of late: {fault.what}"
        if self._times_distrusted > 1:
            self.refuse(reason)
        else:
            self.go_down(reason, now_s)

    def _refuses_everything(self, fault: EndpointError) -> bool:
        """Such a one would use up a whole run: every conversation would be rejected. So it is in trouble
        until it gives one good answer, and given up if that takes too long."""
        if not isinstance(fault, ContextTooLong):
            self._refusals_in_a_row += 1
        return self._refusals_in_a_row >= REFUSALS_TO_GO_DOWN

    def _is_news(self, lease: Lease) -> bool:
        """Whether an answer tells of the server as it was last probed, and not of one taken out since."""
        return lease.facts is self.facts and not (self.down or self.gone)

    def _count_against(self, lease: Lease, fault: EndpointError, now_s: float) -> None:
        if isinstance(fault, NoConnection | NotServed):
            self.go_down(str(fault), now_s)
            return
        self.breaker.record(ok=False, now_s=now_s, ticket=lease.ticket)
        if self.breaker.state(now_s) == "open":
            self.reason = str(fault)
            if isinstance(fault, Unreachable):
                self.down = True
            else:
                self.on_trial = self._unproven = True

    def _pause(self, lease: Lease, fault: Overloaded, now_s: float, draw: float) -> None:
        if fault.retry_after_s:
            pause_s = fault.retry_after_s
        elif lease.sent_s < self._paused_since_s:
            return  # Sent before the pause began: this refusal tells nothing new.
        else:
            self._overloads += 1
            pause_s = backoff_s(self._overloads, _policy(self._settings), draw)
        self._paused_since_s = now_s
        self._paused_until_s = max(self._paused_until_s, now_s + pause_s)

    def _nothing_known(self) -> defaultdict[str, Progress]:
        """What requests of each stage show."""
        return defaultdict(lambda: Progress(self._settings.stall_after_s))

    def _trouble(self, now_s: float) -> None:
        if self._troubled_since_s is None:
            self._troubled_since_s = now_s

    # How it looks

    def state(self, now_s: float) -> MemberState:
        """One word for it."""
        if self.left:
            return "left"
        if self.refused:
            return "refused"
        if self.down:
            return "down"
        circuit = self.breaker.state(now_s)
        return "ready" if circuit == "closed" else circuit

    def snapshot(self, now_s: float) -> EndpointSnapshot:
        """Its figures just now."""
        state = self.state(now_s)
        return EndpointSnapshot(
            url=self.url,
            model=self.facts.model if self.facts else self.client.spec.model,
            state=state,
            reason="" if state == "ready" else self.reason,
            in_flight=self.in_flight,
            limit=self.limiter.limit(now_s),
            outstanding_tokens=self._outstanding_tokens,
            waiting_there=self.load_told.waiting if self.load_told else None,
            paused_for_s=max(0.0, self._paused_until_s - now_s),
            completed=self._completed,
            failed=MappingProxyType(dict(self._failed)),
            prompt_tokens=self._prompt_tokens,
            completion_tokens=self._completion_tokens,
            tokens_per_s=self._rate.per_s(now_s),
        )


def _policy(settings: PoolSettings) -> RetryPolicy:
    return RetryPolicy(settings.max_attempts, settings.backoff_base_s, settings.backoff_max_s)
