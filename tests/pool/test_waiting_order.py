"""The queue: priority, then order of arrival, among the endpoints that may serve a request."""

from __future__ import annotations

import weakref

from hypothesis import given
from hypothesis import strategies as st

from funcdex.pool.waiting import Job, Waiting
from funcdex.types.request import Message, Request, Sampling

A, B, C = 1, 2, 4
ALL = A | B | C


def _job(arrival: int, priority: int = 0, serving: int = ALL, avoid: int = 0) -> Job:
    request = Request(
        conversation_id=f"c{arrival}",
        stage="scenario",
        messages=(Message("user", "hi"),),
        sampling=Sampling(max_tokens=1),
        timeout_s=1,
        priority=priority,
    )
    return Job(request, arrival, serving, tokens=1.0, avoid=avoid)


def _queue(*jobs: Job) -> Waiting:
    queue = Waiting()
    for job in jobs:
        queue.push(job)
    return queue


def _order(queue: Waiting, room: int = ALL, up: int = ALL) -> list[int]:
    order = []
    while (taken := queue.take(room, up)) is not None:
        order.append(taken[0].arrival)
    return order


def test_higher_priority_goes_first_and_then_who_came_first() -> None:
    assert _order(_queue(_job(1), _job(2, priority=5), _job(3, priority=5), _job(4))) == [2, 3, 1, 4]


def test_a_job_that_comes_back_keeps_its_place() -> None:
    queue = _queue(_job(1), _job(2), _job(3))
    taken = queue.take(ALL, ALL)
    assert taken is not None
    queue.push(taken[0])
    assert _order(queue) == [1, 2, 3]


def test_only_endpoints_that_serve_the_stage_are_offered() -> None:
    queue = _queue(_job(1, serving=A), _job(2, serving=A | B))
    taken = queue.take(B | C, ALL)
    assert taken is not None and (taken[0].arrival, taken[1]) == (2, B)
    assert queue.take(B | C, ALL) is None
    assert len(queue) == 1


def test_an_endpoint_where_it_failed_is_avoided_while_another_could_take_it() -> None:
    queue = _queue(_job(1, avoid=A))
    assert queue.take(A, A | B) is None
    taken = queue.take(A, A)
    assert taken is not None and taken[1] == A


def test_a_withdrawn_job_is_not_started() -> None:
    first, second = _job(1), _job(2)
    queue = _queue(first, second)
    queue.withdraw(first)
    queue.withdraw(first)
    assert len(queue) == 1
    assert _order(queue) == [2]


def test_jobs_that_only_lost_endpoints_serve_are_stranded() -> None:
    queue = _queue(_job(1, serving=A), _job(2, serving=A | B), _job(3, serving=A, priority=1))
    assert [job.arrival for job in queue.take_stranded(A)] == [3, 1]
    assert len(queue) == 1
    assert [job.arrival for job in queue.take_stranded(ALL)] == [2]


def test_without_a_lost_endpoint_only_what_nobody_serves_is_stranded() -> None:
    queue = _queue(_job(1, serving=0), _job(2))
    assert [job.arrival for job in queue.take_stranded(0)] == [1]


JOBS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, ALL), st.integers(0, ALL), st.booleans()), max_size=40
)


@given(JOBS, st.integers(0, ALL), st.integers(0, ALL))
def test_it_takes_what_a_sort_over_all_jobs_would(
    described: list[tuple[int, int, int, bool]], room: int, up: int
) -> None:
    jobs = [_job(n, priority, serving, avoid) for n, (priority, serving, avoid, _) in enumerate(described)]
    queue = _queue(*jobs)
    for job, (_, _, _, withdrawn) in zip(jobs, described, strict=True):
        if withdrawn:
            queue.withdraw(job)
    able = [job for job in jobs if job.waits and (job.serving & up & ~job.avoid or job.serving & up) & room]
    expected = sorted(able, key=lambda job: (-job.request.priority, job.arrival))
    assert len(queue) == sum(job.waits for job in jobs)
    assert _order(queue, room, up) == [job.arrival for job in expected]


def test_a_job_that_comes_back_waits_only_where_it_is_wanted_now() -> None:
    job = _job(1)
    job.home = B
    queue = _queue(job, _job(2))
    assert queue.take(A, ALL) == (job, A)
    job.avoid = A
    queue.push(job)
    taken = queue.take(A, ALL)
    assert taken is not None and taken[0].arrival == 2, "its entry of before is void"
    assert queue.take(A, ALL) is None and queue.take(B, ALL) == (job, B)


class _Tracked(Job):
    """A job that can be referred to weakly."""


def test_what_was_taken_elsewhere_is_forgotten() -> None:
    queue, held = Waiting(), weakref.WeakSet[Job]()
    for number in range(1000):
        job = _Tracked(_job(number).request, number, ALL, tokens=1.0, home=B)
        held.add(job)
        queue.push(job)
    del job
    for _ in range(900):
        queue.take(A, ALL)
    assert len(queue) == 100
    assert len(held) <= 2 * 100 + 64, "the heap of B must not hold what left by A"
