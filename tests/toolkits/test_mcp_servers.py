"""MCP servers that run: over stdio, over HTTP, of others, in pages; and conversations with their tools."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.mcp_live import toolkit_of_mcp
from funcdex.toolkits.notes import Notebook

SERVER = '''
import sys
from mcp.server.mcpserver import MCPServer

server = MCPServer("Weather MCP Server", instructions="Tells the weather.")

@server.tool()
def forecast(city: str, days: int = 3) -> list[str]:
    """The weather of a city."""
    return []

if sys.argv[1] == "stdio":
    server.run("stdio")
else:
    server.run("streamable-http", port=int(sys.argv[2]))
'''


@pytest.fixture
def server(tmp_path: Path) -> Path:
    pytest.importorskip("mcp.server.mcpserver", reason="the extra funcdex[mcp] is not installed")
    path = tmp_path / "server.py"
    path.write_text(SERVER, encoding="utf-8")
    return path


def test_a_server_over_stdio_gives_its_tools(server: Path) -> None:
    toolkit = toolkit_of_mcp(f"{sys.executable} {server} stdio", Notebook())
    assert (toolkit.name, toolkit.description) == ("weather", "Tells the weather.")
    (tool,) = toolkit.tools
    assert tool.parameters["required"] == ["city"]
    assert tool.response["properties"]["result"]["items"] == {"type": "string"}


@contextmanager
def serving(server: Path, port: int) -> Iterator[str]:
    """The address of the server, while it runs."""
    command = [sys.executable, str(server), "http", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "running on" in line:
                break
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.communicate()


def test_a_server_over_http_gives_its_tools(server: Path, unused_tcp_port: int) -> None:
    with serving(server, unused_tcp_port) as url:
        toolkit = toolkit_of_mcp(url, Notebook())
    assert [tool.name for tool in toolkit.tools] == ["forecast"]


def funcdex(*arguments: str | Path) -> str:
    """What a command prints that must succeed."""
    command = [sys.executable, "-m", "funcdex", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in (0, 5), done.stderr
    return done.stdout


@pytest.mark.parametrize("over_http", [False, True])
def test_conversations_are_written_with_the_tools_of_a_server(
    server: Path, unused_tcp_port: int, tmp_path: Path, over_http: bool
) -> None:
    out, run = tmp_path / "weather.json", tmp_path / "run"
    if over_http:
        with serving(server, unused_tcp_port) as url:
            funcdex("tools", "import", "--mcp", url, "--out", out)
    else:
        funcdex("tools", "import", "--mcp", f"{sys.executable} {server} stdio", "--out", out)
    funcdex("generate", "--tools", out, "--endpoints", "sim:1", "--count", "4", "--seed", "3", "--run", run)
    records = [
        json.loads(line) for line in (run / "parsed_conversations.jsonl").read_text("utf-8").splitlines()
    ]
    assert any("forecast" in json.dumps(record["messages"]) for record in records)


def test_a_server_goes_into_a_catalogue(server: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "tools.db"
    told = funcdex("tools", "import", "--mcp", f"{sys.executable} {server} stdio", "--catalog", catalog)
    assert told.startswith("1 tools in 1 toolkits")
    assert "weather/forecast" in funcdex("tools", "search", "weather of a city", "--catalog", catalog)


# Written against the protocol, without the SDK, which gives all tools on one page.
IN_PAGES = """
import json, sys

PAGES = {None: (["a", "b"], "2"), "2": (["c"], "3"), "3": (["d"], None)}
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    method, params = asked["method"], asked.get("params") or {}
    if method == "initialize":
        result = {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "Paged", "version": "1"},
        }
    elif method == "tools/list":
        names, cursor = PAGES[params.get("cursor")]
        result = {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in names]}
        if cursor:
            result["nextCursor"] = cursor
    else:
        result = {}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""


def test_a_server_that_lists_its_tools_in_pages_gives_all_of_them(tmp_path: Path) -> None:
    pytest.importorskip("mcp", reason="the extra funcdex[mcp] is not installed")
    path = tmp_path / "paged.py"
    path.write_text(IN_PAGES, encoding="utf-8")
    toolkit = toolkit_of_mcp(f"{sys.executable} {path}", Notebook())
    assert (toolkit.name, [tool.name for tool in toolkit.tools]) == ("paged", ["a", "b", "c", "d"])


def test_a_server_of_others_gives_its_tools() -> None:
    pytest.importorskip("mcp_server_time", reason="mcp-server-time is not installed")
    toolkit = toolkit_of_mcp(f"{sys.executable} -m mcp_server_time", Notebook())
    assert {tool.name for tool in toolkit.tools} == {"get_current_time", "convert_time"}


def test_a_command_that_is_no_server_is_an_error_of_ours() -> None:
    pytest.importorskip("mcp", reason="the extra funcdex[mcp] is not installed")
    with pytest.raises(ToolDefinitionError, match="gives no tools"):
        toolkit_of_mcp(f"{sys.executable} -c pass", Notebook())


def test_without_the_sdk_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(ToolDefinitionError, match="pip install 'funcdex\\[mcp\\]'"):
        toolkit_of_mcp("server", Notebook())
