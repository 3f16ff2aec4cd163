"""`--push`, as a hub sees it: the real library against a server on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from running import command

from export.records import record, write_lines

TOKEN = "hf_not_a_real_token"
OID = "0" * 40


@dataclass
class Hub:
    """What was asked of it. `status` is how it answers a commit."""

    url: str = ""
    status: int = 200
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    @property
    def committed(self) -> set[str]:
        """The files of every commit."""
        bodies = (body for _, path, body in self.asked if "/commit/" in path)
        lines = (json.loads(line) for body in bodies for line in body.splitlines() if line.strip())
        return {line["value"]["path"] for line in lines if line["key"] == "file"}


@pytest.fixture
def hub() -> Iterator[Hub]:
    seen = Hub()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            seen.asked.append(("POST", self.path, body))
            seen.tokens.add(self.headers.get("authorization") or "")
            if self.path == "/api/repos/create":
                self._answer(200, {"url": f"{seen.url}/datasets/me/data"})
            elif "/preupload/" in self.path:
                files = json.loads(body)["files"]
                told = [
                    {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in files
                ]
                self._answer(200, {"files": told})
            elif "/commit/" in self.path:
                done = {
                    "success": True,
                    "commitUrl": f"{seen.url}/datasets/me/data/commit/{OID}",
                    "commitOid": OID,
                }
                self._answer(seen.status, done)
            else:
                self._answer(200, {})

        def do_GET(self) -> None:
            seen.asked.append(("GET", self.path, b""))
            self._answer(404, {"error": "no such thing"})

        do_HEAD = do_GET

        def _answer(self, status: int, value: object) -> None:
            text = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text if self.command != "HEAD" else b"")

        def log_message(self, format: str, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    seen.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield seen
    server.shutdown()
    thread.join()
    server.server_close()


def pushed(hub: Hub, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    source = write_lines(folder / "records.jsonl", record("c1"))
    asked = ["export", source, "--format", "trl", "--out", folder / "out", "--push", "me/data", *words]
    there = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(folder / "hf")}
    quiet = {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "127.0.0.1"}
    return subprocess.run(
        command(*asked),
        env=os.environ | there | quiet,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("words", [(), ("--public",)])
def test_the_whole_folder_arrives_private_unless_it_is_said(
    hub: Hub, tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = pushed(hub, tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert hub.committed == {"README.md", "export.json", "train.jsonl"}
    created = next(json.loads(body) for _, path, body in hub.asked if path == "/api/repos/create")
    assert created["type"] == "dataset"
    assert created.get("private", created.get("visibility") == "private") is not bool(words)
    assert hub.tokens == {f"Bearer {TOKEN}"} and TOKEN not in done.stdout + done.stderr
    assert "/datasets/me/data" in done.stdout


def test_a_hub_that_refuses_leaves_the_export_and_tells_no_token(hub: Hub, tmp_path: Path) -> None:
    hub.status = 403
    done = pushed(hub, tmp_path)
    assert done.returncode == 2 and "the Hub answered 403" in done.stderr
    assert TOKEN not in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "out" / "train.jsonl").is_file()
