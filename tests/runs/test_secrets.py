from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import anyio.to_thread
from running import command

from funcdex.sim.process import SimProcess

SECRET = "sk-very-secret-4711"


def generate(folder: Path, url: str) -> subprocess.CompletedProcess[str]:
    config = folder / "config.yaml"
    block = f"llm_api: {{api_key: {SECRET}, base_url: '{url}/v1', model: funcdex-sim}}\n"
    config.write_text(block + "generation: {total_conversations: 2, min_user_messages: 1}\n", "utf-8")
    endpoints = f"{url};api_key_env=MY_KEY,http://127.0.0.1:9;api_key_env=MY_KEY"
    environment = {
        "MY_KEY": SECRET,
        "FUNCDEX_DEDUP__ENABLED": "false",
        "PATH": str(Path(sys.executable).parent),
    }
    outputs = [
        subprocess.run(
            command("--debug", "generate", config, "--toolkits", "todoist", "--run", folder / name, *more),
            capture_output=True, text=True, timeout=120, check=False, env=environment,
        )
        for name, more in (("one", ()), ("two", ("--endpoints", endpoints, "--count", 2)))
    ]  # fmt: skip
    assert all(one.returncode in (0, 5) for one in outputs), outputs[0].stderr + outputs[1].stderr
    return subprocess.CompletedProcess(
        (), 0, outputs[0].stdout + outputs[1].stdout, outputs[0].stderr + outputs[1].stderr
    )


async def test_a_key_is_in_no_file_and_no_message(tmp_path: Path, sims: list[SimProcess]) -> None:
    said = await anyio.to_thread.run_sync(generate, tmp_path, sims[0].url)

    assert SECRET not in said.stdout + said.stderr
    files = [path for name in ("one", "two") for path in (tmp_path / name).rglob("*") if path.is_file()]
    assert len(files) > 10
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
    assert b"MY_KEY" in (tmp_path / "two" / "manifest.json").read_bytes(), "the name of the variable is kept"
