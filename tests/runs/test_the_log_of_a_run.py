"""The log is what its page says it is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import anyio
import anyio.to_thread
import jsonschema
from running import records, run_command

from funcdex.pool.events import EventKind
from funcdex.sim.config import SimConfig
from funcdex.sim.faults import parse_fault
from funcdex.sim.process import simulated_processes

RUN_DIRECTORY_PAGE = Path(__file__).parents[2] / "docs" / "run-directory.md"


def log_schema() -> dict[str, Any]:
    """The JSON Schema in the page about the run directory."""
    page = RUN_DIRECTORY_PAGE.read_text("utf-8")
    block = re.search(r"^```json\n(\{\n  \"\$schema\".*?)^```", page, flags=re.M | re.S)
    assert block
    schema: dict[str, Any] = json.loads(block[1])
    return schema


async def test_every_event_of_the_log_is_as_documented(tmp_path: Path, small_config: Path) -> None:
    failing = SimConfig(step_ms=0.0, faults=(parse_fault("server_error,probability=0.2"),))
    async with simulated_processes(1, failing) as (sim,):
        asked = ("--endpoints", f"{sim.url},http://127.0.0.1:9", "--toolkits", "gmail", "--count", 12)
        arguments = ("generate", small_config, *asked, "--run", tmp_path / "run")
        result = await anyio.to_thread.run_sync(run_command, *arguments)
    assert result.returncode in (0, 5), result.stderr
    events = records(tmp_path / "run" / "log.jsonl")
    schema = log_schema()
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    for event in events:
        validator.validate(event)
    kinds = {event["event"] for event in events}
    assert {"session", "endpoint", "joined", "down", "retry", "accepted", "ending"} <= kinds
    told = [event for event in events if event["event"] == "retry"]
    assert all(
        event["fault"] == "server_fault" and event["conversation_id"] and event["endpoint"] for event in told
    )
    ends = [event["conversation_id"] for event in events if event["event"] in ("accepted", "rejected")]
    assert len(ends) == len(set(ends)) == 12
    assert set(get_args(EventKind)) <= set(schema["properties"]["event"]["enum"])
