"""The arithmetic servers behind real sockets, in a process of their own.

    python -m saturated.served 256:1.0 64:4.0

takes slots and seconds for an answer of TOKENS tokens, prints the ports. A prompt says how long its answer
is. `GET /looks` at the first one tells the slot-seconds that all have spent, each 0.25 s since the first
request.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from saturated.answers import Answers
from saturated.model_server import ModelServer, constant_step

TOKENS = 100
LOOK_EVERY_S = 0.25
Look = tuple[float, float]


@contextmanager
def served(loads: Sequence[tuple[int, float]]) -> Iterator[list[str]]:
    """The URLs of servers with so many slots that take so many seconds for TOKENS tokens."""
    folder = Path(__file__).resolve().parents[1]
    asked = [f"{slots}:{service_s}" for slots, service_s in loads]
    environment = os.environ | {"PYTHONPATH": f"{folder}:{folder.parent}"}
    command = [sys.executable, "-m", "saturated.served", *asked]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment)
    assert server.stdout is not None
    try:
        yield [f"http://127.0.0.1:{port}" for port in json.loads(server.stdout.readline())]
    finally:
        server.terminate()
        server.wait()


def looks_of(url: str) -> list[Look]:
    """Seconds since the first request, and slot-seconds spent by all until then."""
    with urllib.request.urlopen(f"{url}/looks", timeout=10) as answer:
        return [(at_s, spent) for at_s, spent in json.load(answer)]


async def serve(loads: Sequence[tuple[int, float]]) -> None:
    """Serves until it is killed."""
    from aiohttp import web

    now_s = asyncio.get_running_loop().time()
    servers = [
        ModelServer(slots, constant_step(service_s / TOKENS), now_s=now_s) for slots, service_s in loads
    ]
    answers = [Answers(server) for server in servers]
    looks: list[Look] = []
    began = asyncio.Event()

    async def watch() -> None:
        await began.wait()
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while True:
            for each in answers:
                each.look()
            spent = sum(server.busy_s for server in servers)
            looks.append((loop.time() - began_s, spent))
            await asyncio.sleep(LOOK_EVERY_S)

    def app_of(own: Answers) -> web.Application:
        async def chat(request: web.Request) -> web.Response:
            began.set()
            tokens = int(json.loads(await request.read())["messages"][0]["content"])
            await own.wait_for(tokens)
            message = {"role": "assistant", "content": "text"}
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            usage = {"prompt_tokens": 0, "completion_tokens": tokens}
            return web.json_response({"choices": [choice], "usage": usage})

        async def told(request: web.Request) -> web.Response:
            return web.json_response(looks)

        app = web.Application()
        app.router.add_post("/v1/chat/completions", chat)
        app.router.add_get("/looks", told)
        return app

    ports = []
    for own in answers:
        runner = web.AppRunner(app_of(own), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
        ports.append(runner.addresses[0][1])
    sys.stdout.write(f"{json.dumps(ports)}\n")
    sys.stdout.flush()
    await watch()


def main() -> None:
    """Serves what the arguments say."""
    parts = [argument.partition(":") for argument in sys.argv[1:]]
    asyncio.run(serve([(int(slots), float(service_s)) for slots, _, service_s in parts]))


if __name__ == "__main__":
    main()
