"""Stands in for a server program: `--port` as vLLM and llama-server take it, /health, and no more.

It notes in the folder FAKE_SERVER_NOTES what it was started with, and its process ids: its own and that of a
child, as vLLM has one. `--sim` after all: it is a whole simulated endpoint. `--broken`: it ends at once.
"""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
from pathlib import Path


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        return


def main(arguments: list[str]) -> None:
    if "--broken" in arguments:
        sys.exit("no such model")
    port = int(arguments[arguments.index("--port") + 1])
    note(arguments, port)
    if "--sim" in arguments:
        os.execv(sys.executable, [sys.executable, "-m", "funcdex.sim", "--port", str(port), "--step-ms", "0"])
    http.server.HTTPServer(("127.0.0.1", port), Health).serve_forever()


def note(arguments: list[str], port: int) -> None:
    child = subprocess.Popen(["sleep", "100000"])
    names = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")
    written = {
        "pids": [os.getpid(), child.pid],
        "arguments": arguments,
        "environment": {name: os.environ.get(name) for name in names},
    }
    path = Path(os.environ["FAKE_SERVER_NOTES"]) / f"{port}.json"
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(written))
    temporary.replace(path)


if __name__ == "__main__":
    main(sys.argv[1:])
