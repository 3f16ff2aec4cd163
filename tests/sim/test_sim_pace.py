"""When tokens come, and who runs: arithmetic, without a server."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from funcdex.sim.metrics import Metrics
from funcdex.sim.scheduler import Pace, Scheduler


def test_reading_the_prompt_comes_before_the_first_token() -> None:
    pace = Pace(started_s=100.0, prefill_s=2.0, step_s=0.5)
    assert (pace.token_at_s(1), pace.token_at_s(10)) == (102.5, 107.0)
    assert [pace.tokens_by(now_s, 3) for now_s in (99, 102.4, 102.5, 103.1, 200)] == [0, 0, 1, 2, 3]


@given(st.floats(0, 1e5), st.floats(0, 100), st.floats(0.0001, 1) | st.just(0.0), st.integers(1, 5000))
def test_at_the_time_of_a_token_it_is_there(
    started_s: float, prefill_s: float, step_s: float, count: int
) -> None:
    pace = Pace(started_s, prefill_s, step_s)
    assert pace.tokens_by(pace.token_at_s(count), count) == count


async def test_requests_beyond_the_slots_run_in_order_of_arrival() -> None:
    scheduler = Scheduler(slots=1, prefill_tokens_per_s=1000, step_ms=0)
    served: list[int] = []
    leave = anyio.Event()

    async def request(number: int) -> None:
        async with scheduler.slot(prompt_tokens=10):
            served.append(number)
            await leave.wait()

    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(request, number)
            await anyio.wait_all_tasks_blocked()
        state = scheduler.snapshot()
        assert (state.running, state.waiting, state.tokens_held) == (1, 4, 10)
        leave.set()
    assert served == [0, 1, 2, 3, 4]
    assert scheduler.snapshot().tokens_held == 0


async def test_a_cancelled_request_frees_its_slot() -> None:
    scheduler = Scheduler(slots=1, prefill_tokens_per_s=1000, step_ms=0)
    with anyio.CancelScope() as scope:
        async with scheduler.slot(prompt_tokens=10):
            scope.cancel()
            await checkpoint()
    assert (scheduler.snapshot().running, scheduler.snapshot().tokens_held) == (0, 0)


def test_a_histogram_counts_up_to_its_bounds() -> None:
    metrics = Metrics()
    metrics.finished("stop", prompt_tokens=7, tokens=5, ttft_s=0.05, total_s=0.25)
    metrics.finished("length", prompt_tokens=1, tokens=1, ttft_s=100.0, total_s=100.0)
    scheduler = Scheduler(slots=4, prefill_tokens_per_s=1, step_ms=0)
    text = metrics.render(scheduler.snapshot(), capacity_tokens=100)
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    labels = 'engine="0",model_name="funcdex-sim"'
    assert values[f"vllm:prompt_tokens_total{{{labels}}}"] == "8"
    assert values[f'vllm:request_success_total{{{labels},finished_reason="stop"}}'] == "1"
    assert values[f'vllm:time_to_first_token_seconds_bucket{{{labels},le="0.04"}}'] == "0"
    assert values[f'vllm:time_to_first_token_seconds_bucket{{{labels},le="0.06"}}'] == "1"
    assert values[f'vllm:time_to_first_token_seconds_bucket{{{labels},le="+Inf"}}'] == "2"
    assert values[f"vllm:inter_token_latency_seconds_count{{{labels}}}"] == "4"
    assert float(values[f"vllm:inter_token_latency_seconds_sum{{{labels}}}"]) == pytest.approx(0.2)
