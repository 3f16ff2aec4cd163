from __future__ import annotations

import threading

import anyio
import anyio.to_thread
import pytest

from funcdex.off_loop import SHORT_CHARS, off_loop, off_loop_if_long


async def test_work_runs_beside_the_loop_and_one_at_a_time() -> None:
    at_work, most = 0, 0
    entered, go_on = threading.Event(), threading.Event()
    names: list[str] = []

    def work(number: int) -> int:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        names.append(threading.current_thread().name)
        entered.set()
        assert go_on.wait(10)
        at_work -= 1
        return number * number

    results: list[int] = []

    async def ask(number: int) -> None:
        results.append(await off_loop(work, number))

    async with anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(ask, number)
        await anyio.to_thread.run_sync(entered.wait, 10)
        go_on.set()
    assert sorted(results) == [0, 1, 4, 9]
    assert most == 1 and threading.main_thread().name not in names


async def test_a_fault_of_the_work_is_the_askers() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await off_loop(int, "x")


async def test_work_on_a_short_text_is_done_at_once_and_on_a_long_one_beside_the_loop() -> None:
    thread = await off_loop_if_long(SHORT_CHARS, threading.current_thread)
    assert thread is threading.current_thread()
    assert await off_loop_if_long(SHORT_CHARS + 1, threading.current_thread) is not thread
