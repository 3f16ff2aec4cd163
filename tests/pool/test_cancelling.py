"""A request that is cancelled closes its connection, whichever way it was sent and however far it was."""

from __future__ import annotations

import anyio
import pytest
from endpoints.scripted_server import Play, ScriptedServer, drips, serving, stalls, until
from endpoints.streaming import chunk, streams

from funcdex.settings.pool import PoolSettings
from pool.pool_tools import pool_over, request


@pytest.mark.parametrize("stream", ["never", "always"])
@pytest.mark.parametrize(
    "play",
    [
        stalls,
        streams(b'{"choices": [', ends=False),
        streams(chunk("Hel"), ends=False),
        drips(anyio.lowlevel.checkpoint),
    ],
    ids=["no headers yet", "half of a body", "some tokens", "a body that comes by bytes"],
)
async def test_the_server_sees_that_nobody_listens_any_more(stream: str, play: Play) -> None:
    server = ScriptedServer()
    server.script.append(play)
    settings = PoolSettings.model_validate({"stream": stream, "max_in_flight": 1})
    async with serving(server), pool_over(server, settings=settings) as running:
        async with anyio.create_task_group() as doomed:
            doomed.start_soon(running.run, request("cancelled"))
            await until(lambda: server.in_flight == 1)
            doomed.cancel_scope.cancel()
        assert running.endpoint(server).in_flight == 0
        assert running.endpoint(server).outstanding_tokens == 0
        await until(lambda: server.broken_off == 1)
        first_port = server.ports[-1]
        await running.run(request("next"))
        assert server.ports[-1] != first_port, "a connection with half of an answer in it is not used again"
        await running.run(request("one more"))
        assert server.ports[-1] == server.ports[-2], "one that was read to its end is"
    assert set(running.done) == {"next", "one more"}
    assert running.endpoint(server).failed == {}
