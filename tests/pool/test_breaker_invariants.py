"""The circuit breaker: when it opens, what it lets through, when it closes."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from funcdex.pool.breaker import Breaker


def test_an_open_circuit_lets_one_probe_through() -> None:
    breaker = Breaker(failures_to_open=1, open_for_s=30.0)
    breaker.record(ok=False, now_s=100.0)
    assert not breaker.admit(now_s=129.9)
    assert breaker.admit(now_s=130.0) and not breaker.admit(now_s=130.1)


def test_failures_must_come_in_a_row() -> None:
    breaker = Breaker(failures_to_open=2, open_for_s=30.0)
    for ok in (False, True, False):
        breaker.record(ok=ok, now_s=100.0)
    assert breaker.state(100.0) == "closed"
    breaker.record(ok=False, now_s=100.0)
    assert breaker.state(100.0) == "open"


def test_a_probe_that_succeeds_closes_the_circuit() -> None:
    breaker = Breaker(failures_to_open=1, open_for_s=30.0)
    breaker.trip(100.0)
    ticket = breaker.admit(130.0)
    breaker.record(ok=True, now_s=131.0, ticket=ticket)
    assert breaker.state(131.0) == "closed"


def test_a_probe_that_fails_opens_it_for_as_long_again() -> None:
    breaker = Breaker(failures_to_open=1, open_for_s=30.0)
    breaker.trip(100.0)
    ticket = breaker.admit(130.0)
    breaker.record(ok=False, now_s=140.0, ticket=ticket)
    assert breaker.state(169.9) == "open"
    assert breaker.state(170.0) == "half_open"


def test_a_probe_that_came_to_no_verdict_makes_room_for_another() -> None:
    breaker = Breaker(failures_to_open=1, open_for_s=30.0)
    breaker.trip(100.0)
    breaker.abandon(breaker.admit(130.0))
    assert breaker.admit(130.0)


def test_a_request_from_before_the_change_says_nothing_after_it() -> None:
    breaker = Breaker(failures_to_open=1, open_for_s=30.0)
    early = breaker.admit(90.0)
    breaker.trip(100.0)
    probe = breaker.admit(130.0)
    breaker.record(ok=True, now_s=131.0, ticket=early)
    breaker.abandon(early)
    assert breaker.state(131.0) == "half_open" and not breaker.ready(131.0)
    breaker.record(ok=True, now_s=132.0, ticket=probe)
    breaker.record(ok=False, now_s=133.0, ticket=early)
    assert breaker.state(133.0) == "closed"


class BreakerMachine(RuleBasedStateMachine):
    """Any order of admissions, verdicts, cancellations and waits."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(failures_to_open=3, open_for_s=10.0)
        self.now_s = 0.0
        self.tickets: list[int] = []
        self.failures_in_a_row = 0

    @rule(seconds=st.floats(0, 20))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    @rule()
    def admit(self) -> None:
        ready, state = self.breaker.ready(self.now_s), self.breaker.state(self.now_s)
        ticket = self.breaker.admit(self.now_s)
        assert bool(ticket) == ready
        assert not (ticket and state == "open")
        if ticket:
            self.tickets.append(ticket)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), ok=st.booleans())
    def finish(self, data: st.DataObject, ok: bool) -> None:
        ticket = self.tickets.pop(data.draw(st.integers(0, len(self.tickets) - 1)))
        before, current = self.breaker.state(self.now_s), self.breaker.is_current(ticket)
        self.breaker.record(ok=ok, now_s=self.now_s, ticket=ticket)
        after = self.breaker.state(self.now_s)
        if not current:
            assert after == before
        elif before == "half_open":
            assert after == ("closed" if ok else "open")
        else:
            self.failures_in_a_row = 0 if ok else self.failures_in_a_row + 1
            assert after == ("open" if self.failures_in_a_row == 3 else "closed")
        if after != before:
            self.failures_in_a_row = 0

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        ticket = self.tickets.pop(data.draw(st.integers(0, len(self.tickets) - 1)))
        self.breaker.abandon(ticket)

    @invariant()
    def one_probe_at_a_time(self) -> None:
        if self.breaker.state(self.now_s) == "half_open":
            probes = sum(self.breaker.is_current(ticket) for ticket in self.tickets)
            assert probes <= 1
            assert self.breaker.ready(self.now_s) == (probes == 0)

    @invariant()
    def a_circuit_never_stays_open(self) -> None:
        assert self.breaker.state(self.now_s + 10.0) != "open"


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=40, deadline=None)
