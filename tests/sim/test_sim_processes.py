"""Simulated endpoints as processes: they start, die, come back, and never outlive their parent."""

from __future__ import annotations

import subprocess
import sys

import aiohttp
import anyio
import pytest

from funcdex.errors import ConfigError
from funcdex.sim.config import SimConfig
from funcdex.sim.process import SimProcess, simulated_endpoints


async def _healthy(url: str) -> bool:
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"{url}/health") as response:
                return response.status == 200
        except aiohttp.ClientConnectionError:
            return False


async def test_two_endpoints_run_as_long_as_the_block() -> None:
    async with simulated_endpoints(2, SimConfig()) as urls:
        assert len(set(urls)) == 2
        assert [await _healthy(url) for url in urls] == [True, True]
    assert [await _healthy(url) for url in urls] == [False, False]


async def test_all_endpoints_give_the_same_answer() -> None:
    body = {"messages": [{"role": "user", "content": "Hello there."}], "seed": 7}
    texts = set()
    async with simulated_endpoints(2, SimConfig()) as urls, aiohttp.ClientSession() as session:
        for url in urls:
            async with session.post(f"{url}/v1/chat/completions", json=body) as response:
                texts.add((await response.json())["choices"][0]["message"]["content"])
    assert len(texts) == 1


async def test_cancelling_the_block_ends_them() -> None:
    urls: list[str] = []
    with anyio.CancelScope() as scope:
        async with simulated_endpoints(1, SimConfig()) as running:
            urls += running
            scope.cancel()
            await anyio.lowlevel.checkpoint()
    assert not await _healthy(urls[0])


async def test_an_endpoint_can_be_killed_and_started_again_at_its_port() -> None:
    process = SimProcess(SimConfig())
    try:
        url = await process.start()
        await process.kill()
        assert not await _healthy(url)
        assert await process.start() == url
        assert await _healthy(url)
    finally:
        await process.stop()
    assert not await _healthy(url)


async def test_it_ends_when_its_standard_input_does() -> None:
    command = [sys.executable, "-m", "funcdex.sim", "--port", "0", "--exit-with-stdin"]
    with anyio.fail_after(60):
        async with await anyio.open_process(command, stderr=None) as process:
            assert process.stdin and process.stdout
            assert b'"url": "http://127.0.0.1:' in await process.stdout.receive()
            await process.stdin.aclose()
            assert await process.wait() == 0


async def test_an_endpoint_that_cannot_start_is_an_error() -> None:
    async with simulated_endpoints(1, SimConfig()) as (url,):
        taken = SimConfig(port=int(url.rsplit(":", 1)[1]))
        with pytest.raises(ConfigError, match="did not start"):
            async with simulated_endpoints(2, taken):
                pass


def test_flags_that_cannot_be_used_end_the_process_with_2() -> None:
    command = [sys.executable, "-m", "funcdex.sim", "--fault", "explode"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no fault is called 'explode'" in done.stderr and "Traceback" not in done.stderr
