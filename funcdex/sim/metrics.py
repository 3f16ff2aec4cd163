"""What the server counts, in Prometheus' text form and under vLLM's names."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from funcdex.sim.config import MODEL
from funcdex.sim.scheduler import SchedulerSnapshot

_LABELS = f'engine="0",model_name="{MODEL}"'
_TTFT_BOUNDS_S = (
    0.001,
    0.005,
    0.01,
    0.02,
    0.04,
    0.06,
    0.08,
    0.1,
    0.25,
    0.5,
    0.75,
    1,
    2.5,
    5,
    7.5,
    10,
    20,
    40,
    80,
)
_ITL_BOUNDS_S = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.075,
    0.1,
    0.15,
    0.2,
    0.3,
    0.4,
    0.5,
    0.75,
    1,
    2.5,
    5,
)


class Histogram:
    """Counts of observations by upper bound."""

    def __init__(self, name: str, bounds_s: Sequence[float]) -> None:
        self._name = name
        self._bounds = bounds_s
        self._counts = [0] * (len(bounds_s) + 1)
        self._sum = 0.0

    def observe(self, seconds: float, times: int = 1) -> None:
        """Counts one duration, `times` times over."""
        self._counts[bisect_left(self._bounds, seconds)] += times
        self._sum += seconds * times

    def lines(self) -> Iterator[str]:
        """The lines of the text form."""
        yield f"# TYPE {self._name} histogram"
        total = 0
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            yield f'{self._name}_bucket{{{_LABELS},le="{bound}"}} {total}'
        yield f"{self._name}_count{{{_LABELS}}} {total}"
        yield f"{self._name}_sum{{{_LABELS}}} {self._sum}"


@dataclass(slots=True)
class Metrics:
    """All counters of one server."""

    prompt_tokens: int = 0
    generation_tokens: int = 0
    succeeded: Counter[str] = field(default_factory=Counter)
    ttft: Histogram = field(
        default_factory=lambda: Histogram("vllm:time_to_first_token_seconds", _TTFT_BOUNDS_S)
    )
    itl: Histogram = field(
        default_factory=lambda: Histogram("vllm:inter_token_latency_seconds", _ITL_BOUNDS_S)
    )

    def finished(
        self, reason: str, *, prompt_tokens: int, tokens: int, ttft_s: float, total_s: float
    ) -> None:
        """Counts one request that was answered in full; times run from its arrival."""
        self.prompt_tokens += prompt_tokens
        self.generation_tokens += tokens
        self.succeeded[reason] += 1
        self.ttft.observe(ttft_s)
        if tokens > 1:
            self.itl.observe((total_s - ttft_s) / (tokens - 1), tokens - 1)

    def render(self, state: SchedulerSnapshot, *, capacity_tokens: int) -> str:
        """The text form; `capacity_tokens` is the size of the key-value cache."""
        return "\n".join([*self._lines(state, capacity_tokens), ""])

    def _lines(self, state: SchedulerSnapshot, capacity_tokens: int) -> Iterator[str]:
        yield from _value("gauge", "vllm:num_requests_running", state.running)
        yield from _value("gauge", "vllm:num_requests_waiting", state.waiting)
        yield from _value("gauge", "vllm:kv_cache_usage_perc", min(1.0, state.tokens_held / capacity_tokens))
        yield from _value("counter", "vllm:num_preemptions_total", 0)
        yield from _value("counter", "vllm:prompt_tokens_total", self.prompt_tokens)
        yield from _value("counter", "vllm:generation_tokens_total", self.generation_tokens)
        yield "# TYPE vllm:request_success_total counter"
        for reason in ("stop", "length"):
            count = self.succeeded[reason]
            yield f'vllm:request_success_total{{{_LABELS},finished_reason="{reason}"}} {count}'
        yield from self.ttft.lines()
        yield from self.itl.lines()


def _value(kind: str, name: str, value: float) -> tuple[str, str]:
    return f"# TYPE {name} {kind}", f"{name}{{{_LABELS}}} {value}"
