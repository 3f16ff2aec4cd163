"""A run is watched from another process, until it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any, Self

import anyio
import anyio.to_thread
import httpx
from resume.histories import begun_run, rejected, stages_of
from rich.console import Console
from running import command, run_command

from funcdex.cli.watch import watched
from funcdex.rundir.journal import append_entries
from funcdex.rundir.layout import RunDir
from funcdex.rundir.lock import exclusive
from funcdex.rundir.manifest import new_manifest, write_manifest
from funcdex.settings.tree import Settings
from funcdex.sim.process import SimProcess
from funcdex.types.record import Accepted

SECRET = "sk-very-secret-0815"


def status_of(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run_command("status", run, "--json", "-").stdout)
    return found


@dataclass
class Watchers:
    """Two that watch a run, one of them for a program, and what they said: each with its first line."""

    run: RunDir
    said: list[tuple[int, str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        watch = command("status", self.run.path, "--watch")
        self._plain = subprocess.Popen(watch, **pipes)
        self._as_json = subprocess.Popen([*watch, "--json", "-"], **pipes)
        assert self._plain.stdout and self._as_json.stderr
        self._first = self._plain.stdout.readline(), self._as_json.stderr.readline()
        return self

    def __exit__(self, *_: object) -> None:
        plain, as_json = self._plain.communicate(timeout=60), self._as_json.communicate(timeout=60)
        self.said = [
            (self._plain.returncode, self._first[0] + plain[0], plain[1]),
            (self._as_json.returncode, as_json[0], self._first[1] + as_json[1]),
        ]


def watch_from_outside(arguments: list[str], watchers: Watchers) -> list[str]:
    """Carries the command out, its run watched, and returns every metrics page that could be had of it."""
    environment = dict(os.environ, MY_KEY=SECRET)
    process = subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert process.stderr is not None
        url = next(line.split()[-1] for line in process.stderr if line.startswith("note: metrics: "))
        while not watchers.run.exists:
            assert process.poll() is None
        process.send_signal(signal.SIGSTOP)  # It waits until it is watched.
        with watchers:
            process.send_signal(signal.SIGCONT)
            pages = []
            while process.poll() is None:
                with suppress(httpx.TransportError):
                    pages.append(httpx.get(url, timeout=5).text)
        return pages
    finally:
        process.kill()
        process.communicate()


async def test_a_run_is_watched_from_outside_until_it_ends(
    tmp_path: Path, small_config: Path, sims: list[SimProcess]
) -> None:
    run = RunDir(tmp_path / "run")
    arguments = command(
        "generate", small_config, "--endpoints", f"{sims[0].url};api_key_env=MY_KEY,{sims[1].url}",
        "--run", run.path, "--toolkits", "gmail", "--count", 40, "--metrics-port", 0,
    )  # fmt: skip
    watchers = Watchers(run)
    pages = await anyio.to_thread.run_sync(watch_from_outside, arguments, watchers)

    status = await anyio.to_thread.run_sync(status_of, run.path)
    assert pages and "funcdex_conversations_planned 40.0" in pages[-1]
    assert not any(SECRET in page for page in pages)
    assert SECRET.encode() not in run.log.read_bytes()

    (code, said, _), (code_with_json, one_object, beside) = watchers.said
    assert (code, code_with_json) == (0, 0)
    assert re.match(r"\d+/40 settled, \d+ accepted, \d+ rejected", said)
    assert re.search(r"state +finished", said)
    assert json.loads(one_object) == status
    assert status["running"] is False and "/40 settled" in beside


def test_a_watch_on_a_terminal_shows_the_end_of_a_run(tmp_path: Path) -> None:
    run = begun_run(tmp_path, stages_of("a", 3))
    settings = Settings(count=2)
    write_manifest(run, new_manifest(settings, tools_digest="", prompts={}, now=datetime.now(UTC)))
    drawn = threading.Event()

    class Screen(StringIO):
        def write(self, text: str) -> int:
            if "planned" in text:
                drawn.set()
            return super().write(text)

    console = Console(file=Screen(), force_terminal=True, width=100)
    with ThreadPoolExecutor(1) as pool:
        with exclusive(run):
            watching = pool.submit(watched, tmp_path, console)
            assert drawn.wait(20) and not watching.done()
            append_entries(run, [*stages_of("a")[3:], Accepted("a"), *rejected("b", 2)])
        found = watching.result(20)
    assert (found.running, found.accepted, found.settled) == (False, 1, 2)


def test_a_watch_of_what_is_no_run_is_a_wrong_use(tmp_path: Path) -> None:
    result = run_command("status", tmp_path, "--watch")
    assert result.returncode == 2 and "no run is here" in result.stderr
