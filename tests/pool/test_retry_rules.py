"""Which faults are tried again, when, and how often; and the small parts beside: limit and rate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.errors import (
    BadResponse,
    ContextTooLong,
    EndpointError,
    NoConnection,
    NotServed,
    Overloaded,
    RequestRefused,
    ServerFault,
    Stalled,
    TimedOut,
    Unreachable,
)
from funcdex.pool.limiter import FixedLimiter
from funcdex.pool.rate import WINDOW_S, RateWindow
from funcdex.pool.retry import (
    BROKEN_CONNECTIONS_PER_ATTEMPT,
    Faults,
    RetryPolicy,
    backoff_s,
    wait_before_retry,
)

POLICY = RetryPolicy(max_attempts=3, backoff_base_s=0.5, backoff_max_s=30.0)


def _fault(kind: type[EndpointError], retry_after_s: float | None = None) -> EndpointError:
    return kind("x", where="y", fix="z", retry_after_s=retry_after_s)


def _tries(kind: type[EndpointError], policy: RetryPolicy = POLICY) -> int:
    """How often a request that always meets this fault is sent; 1000 stands for no end."""
    faults = Faults()
    for sent in range(1, 1000):
        faults = faults.after(_fault(kind))
        if wait_before_retry(_fault(kind), faults, policy, 0.5) is None:
            return sent
    return 1000


@pytest.mark.parametrize(
    ("kind", "tries"),
    [
        (BadResponse, 3),
        (TimedOut, 3),
        (Stalled, 3),
        (ServerFault, 3),
        (NotServed, 3),
        (RequestRefused, 1),
        (ContextTooLong, 1),
        (NoConnection, 1000),
        (Overloaded, 1000),
        (Unreachable, 12),
    ],
)
def test_each_fault_is_tried_as_often_as_it_deserves(kind: type[EndpointError], tries: int) -> None:
    assert _tries(kind) == tries


@pytest.mark.parametrize("kind", [BadResponse, TimedOut, Stalled, ServerFault])
def test_one_attempt_means_no_retry(kind: type[EndpointError]) -> None:
    assert _tries(kind, RetryPolicy(1, 0.5, 30.0)) == 1


@pytest.mark.parametrize("kind", [Overloaded, NoConnection, Unreachable, NotServed])
def test_faults_of_the_endpoint_send_the_request_straight_to_another(kind: type[EndpointError]) -> None:
    assert wait_before_retry(_fault(kind), Faults().after(_fault(kind)), POLICY, 0.9) == 0.0


@given(failures=st.integers(1, 10_000), draw=st.floats(0, 1, exclude_max=True))
def test_backoff_is_full_jitter_below_a_growing_ceiling(failures: int, draw: float) -> None:
    ceiling_s = 0.5 * 2 ** (failures - 1) if failures < 8 else 30.0
    assert backoff_s(failures, POLICY, draw) == pytest.approx(draw * min(30.0, ceiling_s))


@given(draw=st.floats(0, 1, exclude_max=True), asked_s=st.floats(0, 3600))
def test_a_retry_never_comes_before_the_server_asked_for_it(draw: float, asked_s: float) -> None:
    wait_s = wait_before_retry(_fault(ServerFault, asked_s), Faults(blamed=1), POLICY, draw)
    assert wait_s is not None and wait_s >= asked_s


def test_what_befalls_a_try_of_an_open_circuit_hardly_counts_against_the_request() -> None:
    faults, fault, sent = Faults(), _fault(ServerFault), 1
    while wait_before_retry(fault, faults := faults.after(fault, on_trial=True), POLICY, 0.5) is not None:
        sent += 1
    assert sent == BROKEN_CONNECTIONS_PER_ATTEMPT * POLICY.max_attempts


@given(blamed=st.integers(1, 50), unproven=st.integers(0, 49))
def test_faults_are_forgiven_while_the_endpoint_has_answered_nobody(blamed: int, unproven: int) -> None:
    wait_s = wait_before_retry(_fault(ServerFault), Faults(blamed), POLICY, 0.5, min(unproven, blamed - 1))
    assert (wait_s is None) == (blamed - min(unproven, blamed - 1) >= POLICY.max_attempts)


@given(st.lists(st.sampled_from([BadResponse, TimedOut, NoConnection, Overloaded, Unreachable]), max_size=30))
def test_faults_only_ever_add_up(kinds: list[type[EndpointError]]) -> None:
    faults = Faults()
    for kind in kinds:
        after = faults.after(_fault(kind))
        assert after.blamed + after.broken - faults.blamed - faults.broken in (0, 1)
        faults = after
    assert faults.blamed == sum(kind in (BadResponse, TimedOut) for kind in kinds)


def test_a_fixed_limit_stays_whatever_happens() -> None:
    limiter = FixedLimiter(7)
    limiter.overloaded(sent_s=0.5, in_flight=7, now_s=1.0)
    assert limiter.limit(2.0) == 7
    with pytest.raises(ValueError, match="at least one"):
        FixedLimiter(0)


def test_a_rate_is_over_the_time_there_was() -> None:
    rate = RateWindow(100.0)
    rate.add(50, 100.2)
    assert rate.per_s(100.5) == 50
    assert rate.per_s(110.0) == 5
    assert rate.per_s(129.9) == pytest.approx(50 / 29.9)
    assert rate.per_s(130.0) == 0


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 100)), max_size=50))
def test_a_rate_forgets_what_is_older_than_its_window(steps: list[tuple[float, int]]) -> None:
    rate, now_s, seen = RateWindow(0.0), 0.0, []
    for wait_s, amount in steps:
        now_s += wait_s
        rate.add(amount, now_s)
        seen.append((int(now_s), amount))
    recent = sum(amount for second, amount in seen if second > int(now_s) - WINDOW_S)
    assert rate.per_s(now_s) == pytest.approx(recent / min(WINDOW_S, max(1.0, now_s)))
