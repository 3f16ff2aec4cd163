"""When a request has stopped: judged by what other requests of its stage took at the same endpoint.

| the answer | is held against | counted from |
| --- | --- | --- |
| comes at once | seconds a token, times the most tokens it may have | when it was sent |
| is streamed | the longest silence of an answer, before its first token or later | when it was last heard |

Seconds a token are whole latencies by tokens, so they hold the wait in the server's queue and the reading of
the prompt as well, and an answer that is longer than most has less of both for each of its tokens: times
the most tokens, they bound what a healthy request takes, however much lengths spread.

Latencies grow with load, but hardly faster: a server that is given twice as much takes at most twice as long
for each, as long as it gets no less done (Little's law). So figures measured at another load are scaled.
"""

from __future__ import annotations

from collections import deque
from math import inf
from statistics import median_low

WINDOW = 64
FEWEST = 8
"""Below so many samples nothing is known. The first to end are the shortest, which take the longest for a
token: what is known too early is too patient, not too hasty."""
PATIENCE = 3.0
"""How many times what is usual. A request broken off in error costs its whole answer, and one that is broken
off late only its place among the many in flight; so it is generous."""


class Usual:
    """The median of the latest figures, and of the loads at which they were measured. Up to half of them may
    be as odd as they like."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=WINDOW)
        self._known: tuple[float, int] | None = None

    def add(self, figure: float, load: int) -> None:
        """One more; `load` is how many requests were in flight, at least 1."""
        self._samples.append((figure, load))
        self._known = None

    def at(self, load: int) -> float:
        """What a request may show at this load; infinite while too little is known."""
        if len(self._samples) < FEWEST:
            return inf
        if self._known is None:
            figures, loads = zip(*self._samples, strict=True)
            self._known = median_low(figures), median_low(loads)
        figure, measured_at = self._known
        return figure * max(1.0, load / measured_at)


class Progress:
    """What requests of one stage show at one endpoint. No limit is below `floor_s`; that a request ends by
    its own `timeout_s` whatever is said here, the transport sees to."""

    def __init__(self, floor_s: float) -> None:
        self.floor_s = floor_s
        self._token_s = Usual()
        self._longest_silence_s = Usual()

    def answered(self, *, latency_s: float, tokens: int, longest_silence_s: float | None, load: int) -> None:
        """A good answer; without a silence, one that came at once. No tokens: the server does not count."""
        if longest_silence_s is not None:
            self._longest_silence_s.add(longest_silence_s, load)
        if tokens:
            self._token_s.add(latency_s / tokens, load)

    def deadline_s(self, most_tokens: int, load: int) -> float:
        """Seconds from sent to received beyond which an answer that comes at once will not come."""
        return max(self.floor_s, PATIENCE * most_tokens * self._token_s.at(load))

    def silence_s(self, load: int) -> float:
        """Seconds of silence beyond which a streamed answer will not go on."""
        return max(self.floor_s, PATIENCE * self._longest_silence_s.at(load))
