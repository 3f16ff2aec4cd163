"""Whether a request that failed is sent again, and when. Pure: the random draw is an argument.

| fault | counts against the request | waits |
| --- | --- | --- |
| no connection, overloaded | no: the endpoint's trouble | for an endpoint, at the front of its priority |
| the connection broke | a little: it may be what breaks them | likewise |
| any, where it tried an open circuit | a little: the endpoint was known to fail | as below |
| timed out, stalled, server fault, bad response | yes, if others fare well | exponential, full jitter |
| the same with Retry-After | likewise | at least that long |
| not served (key, path, model) | yes | for an endpoint |
| refused | the second time it is final | for another endpoint, if one is up |
| context too long | it is final | for an endpoint with more context, if there is one |
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from funcdex.errors import EndpointError, NoConnection, NotServed, Overloaded, Unreachable

BROKEN_CONNECTIONS_PER_ATTEMPT = 4
"""A broken connection, or a try of an open circuit, weighs a quarter of a fault that is the request's own: a
prompt that kills servers must not be sent for ever, and a request whose servers are restarted must not be
lost."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`max_attempts` counts the first one; waits are in seconds."""

    max_attempts: int
    backoff_base_s: float
    backoff_max_s: float


@dataclass(frozen=True, slots=True)
class Faults:
    """What befell one request so far."""

    blamed: int = 0
    broken: int = 0

    def after(self, fault: EndpointError, *, on_trial: bool = False) -> Faults:
        """Counts one more fault; `on_trial`: of an endpoint whose circuit was open, which says little of the
        request, but must not be for ever either."""
        if isinstance(fault, Overloaded | NoConnection):
            return self
        if isinstance(fault, Unreachable) or on_trial:
            return replace(self, broken=self.broken + 1)
        return replace(self, blamed=self.blamed + 1)


def wait_before_retry(
    fault: EndpointError, faults: Faults, policy: RetryPolicy, draw: float, unproven: int = 0
) -> float | None:
    """Seconds until the request may ask for an endpoint again; None if it is given up.

    `faults` includes this one, and `unproven` of those blamed on the request are forgiven until the endpoint
    where they happened has answered anything well: it may be broken. `draw` is in [0, 1).
    """
    if not fault.retryable and not isinstance(fault, NotServed):
        return None
    if faults.blamed - unproven >= policy.max_attempts:
        return None
    if faults.broken >= BROKEN_CONNECTIONS_PER_ATTEMPT * policy.max_attempts:
        return None
    if isinstance(fault, Unreachable | Overloaded | NotServed):
        return 0.0
    return max(backoff_s(faults.blamed, policy, draw), fault.retry_after_s or 0.0)


def backoff_s(failures: int, policy: RetryPolicy, draw: float) -> float:
    """Full jitter: anything from 0 to base * 2 ** (failures - 1), or to the longest wait."""
    # 2.0 ** 1024 overflows; long before that the longest wait decides.
    ceiling_s = policy.backoff_base_s * 2.0 ** min(failures - 1, 64)
    return draw * min(policy.backoff_max_s, ceiling_s)
