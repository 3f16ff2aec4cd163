"""What failed is freed at once: nobody collects garbage while a run is at work."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from endpoints.scripted_server import Play, ScriptedServer, fails, resets, says_bytes, serving, truncates

from funcdex.errors import EndpointError, without_frames
from funcdex.memory import THRESHOLD, rarely_collected
from funcdex.pool.pool import Pool
from funcdex.settings.pool import PoolSettings
from funcdex.types.request import Request
from pool.pool_tools import pool_over, request


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def try_it(pool: Pool) -> None:
    """As the pipeline does."""
    try:
        await pool.generate(request("kept"))
    except EndpointError as fault:
        without_frames(fault)


def requests_kept() -> int:
    found = (one for one in gc.get_objects() if type(one) is Request)
    return sum(one.conversation_id == "kept" for one in found)


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize(
    "play",
    [fails(500), resets, truncates, says_bytes(b"<html>"), fails(400), fails(413)],
    ids=["500", "reset", "truncated", "no JSON", "400", "413"],
)
async def test_a_request_that_failed_is_not_kept_by_its_fault(play: Play) -> None:
    server = ScriptedServer()
    server.script.append(play)
    settings = PoolSettings(backoff_base_s=1e-3)
    async with serving(server), pool_over(server, settings=settings) as running:
        await try_it(running.pool)
        assert server.received
        assert requests_kept() == 0


def test_an_error_to_be_kept_leaves_its_frames_and_those_of_its_causes() -> None:
    try:
        try:
            raise ConnectionResetError("gone")
        except ConnectionResetError as cause:
            raise RuntimeError("no answer") from cause
    except RuntimeError as error:
        kept = without_frames(error)
    assert kept.__traceback__ is None
    assert kept.__cause__ is not None and kept.__cause__.__traceback__ is None


def test_the_collector_is_as_before_after_a_run() -> None:
    before = gc.get_threshold()
    with rarely_collected():
        assert gc.get_threshold()[0] == THRESHOLD
    assert gc.get_threshold() == before
