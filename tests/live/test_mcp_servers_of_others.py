"""MCP servers that others wrote, over stdio and over HTTP: imported, and conversations written with their
tools. `make mcp` installs them in an environment of their own, whose SDK need not be ours."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from running import run_command

from live.build_env import BIN, LIVE, PARTS
from live.servers import free_port

SCRIPTS = PARTS["mcp"].product.parent
PROXY = LIVE / "mcp-proxy" / BIN / "mcp-proxy"
TIME = f"{SCRIPTS / 'mcp-server-time'} --local-timezone UTC"
ENDS_WITHIN_S = 60


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    if not PARTS["mcp"].is_built():
        pytest.skip("mcp: not built in .live; `make mcp` builds it, .live/mcp.log says why not")
    pytest.importorskip("mcp", reason="the extra funcdex[mcp] is not installed")


@contextmanager
def over_http(command: str) -> Iterator[str]:
    """The address of a server that speaks stdio, behind a proxy that speaks streamable HTTP."""
    port = free_port()
    argv = [str(PROXY), "--port", str(port), "--", *command.split()]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if "running on" in line:
                break
        else:
            pytest.fail("the proxy ended: " + "".join(said))
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.communicate(timeout=ENDS_WITHIN_S)


def imported(target: str, out: Path) -> dict[str, list[str]]:
    """The parameters of each tool that a server gives, by the tool's name."""
    done = run_command("tools", "import", "--mcp", target, "--out", out, timeout_s=240)
    assert done.returncode == 0, done.stderr
    listed = run_command("tools", "list", "--tools", out, "--json", "-", timeout_s=240)
    (kit,) = json.loads(listed.stdout)
    shown = run_command("tools", "show", kit["toolkit"], "--tools", out, "--json", "-", timeout_s=240)
    names = [row["tool"] for row in json.loads(shown.stdout)]
    return {name: parameters_of(kit["toolkit"], name, out) for name in names}


def parameters_of(kit: str, tool: str, out: Path) -> list[str]:
    shown = run_command("tools", "show", f"{kit}/{tool}", "--tools", out, timeout_s=240)
    return sorted(json.loads(shown.stdout)["parameters"]["properties"])


def called_in_a_run(tools: Path, run: Path) -> set[str]:
    """The tools that conversations of a run call, written by the simulated endpoint."""
    options = ("--endpoints", "sim:1", "--count", "4", "--seed", "3", "--run", run)
    done = run_command("generate", "--tools", tools, *options, timeout_s=600)
    assert done.returncode in (0, 5), done.stderr
    lines = (run / "parsed_conversations.jsonl").read_text("utf-8").splitlines()
    messages = [message for line in lines for message in json.loads(line)["messages"]]
    return {call["function"]["name"] for message in messages for call in message.get("tool_calls") or ()}


TOOLS_OF_TIME = {
    "get_current_time": ["timezone"],
    "convert_time": ["source_timezone", "target_timezone", "time"],
}


def test_a_server_over_stdio_imports_and_generates(tmp_path: Path) -> None:
    out = tmp_path / "time.json"
    assert imported(TIME, out) == TOOLS_OF_TIME
    called = called_in_a_run(out, tmp_path / "run")
    assert called and all(any(name in one for name in TOOLS_OF_TIME) for one in called)


def test_a_server_over_http_imports_and_generates(tmp_path: Path) -> None:
    out = tmp_path / "time.json"
    with over_http(TIME) as url:
        assert imported(url, out) == TOOLS_OF_TIME
    called = called_in_a_run(out, tmp_path / "run")
    assert called and all(any(name in one for name in TOOLS_OF_TIME) for one in called)


def test_a_server_with_bounds_in_its_schema_imports(tmp_path: Path) -> None:
    tools = imported(str(SCRIPTS / "mcp-server-fetch"), tmp_path / "fetch.json")
    assert tools == {"fetch": ["max_length", "raw", "start_index", "url"]}
