"""How long each format takes to export a large data set, how long its figures take, and how much memory.

    python bench/export_speed.py [--conversations N] [--messages N] [--format trl ...] [--tokenizer F]

The records are made here: tools of the shipped definitions, at most 20 shown, texts of usual length, a call
in every fourth message. Each export runs in a process of its own, without options and with a split (records
are then read twice), masked names, fewer tools, no thoughts and a loss mask. `stats` runs without options,
with charts, and, where one is named, with tokens counted by a tokenizer. Time is that of the process,
start-up included; on a machine that others use too, processor time says more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from record import record, record_option, verdict

from funcdex.cli.export import FormatName
from funcdex.data import data_dir
from funcdex.export.formats.registry import FORMATS
from funcdex.toolkits.read import read_toolkits
from funcdex.types.tools import Toolkit

MOST_S, MOST_MB = 20.0, 500.0
WORDS = "the report for our meeting on Monday must reach a partner in Kyoto before any draft is sent".split()
OPTIONS = {
    "plain": [],
    "all": ["--split", "test=0.1", "--mask-names", "--max-tools", "12", "--loss-mask", "--thoughts", "strip"],
}


def main() -> None:
    """Exports in every format asked and prints whether the targets are reached."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--conversations", type=int, default=10_000)
    options.add_argument("--messages", type=int, default=30)
    options.add_argument("--format", action="append", choices=sorted(FORMATS), dest="formats")
    options.add_argument("--tokenizer", help="also measure stats with this tokenizer.json")
    record_option(options)
    chosen = options.parse_args()
    figures: dict[str, Any] = {
        "conversations": chosen.conversations,
        "messages": chosen.messages,
        "formats": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "records.jsonl"
        write_records(source, chosen.conversations, chosen.messages)
        figures["input_mb"] = round(source.stat().st_size / 1e6, 1)
        print(
            f"{chosen.conversations:,} conversations of {chosen.messages} messages, {figures['input_mb']} MB"
        )
        for name in chosen.formats or _available():
            for how, extra in OPTIONS.items():
                seen = exported(source, Path(folder) / "out", name, extra)
                figures["formats"][f"{name}, {how}"] = seen
                tell(f"{name}, options {how}", seen)
        figures["stats"] = {}
        for name, extra in _stats_options(Path(folder), chosen.tokenizer).items():
            seen = figures["stats"][name] = measured(["stats", str(source), "--json", os.devnull, *extra])
            tell(f"stats, {name}", seen)
    if chosen.record:
        record("export_speed", figures, versions=("orjson", "pyarrow"))


def tell(what: str, seen: dict[str, float]) -> None:
    """Prints whether the targets are reached."""
    print(verdict(f"{what}: s", seen["s"], MOST_S))
    print(verdict(f"{what}: s of processor", seen["cpu_s"], MOST_S))
    print(verdict(f"{what}: MB", seen["rss_mb"], MOST_MB))


def exported(source: Path, out: Path, name: FormatName | str, extra: list[str]) -> dict[str, float]:
    """What one export takes."""
    seen = measured(["export", str(source), "--format", name, "--out", str(out), *extra, "--force"])
    shutil.rmtree(out)
    return seen


def measured(words: list[str]) -> dict[str, float]:
    """Wall and processor time of one command, and its largest resident set."""
    began = time.perf_counter()
    # Not subprocess: its wait does not tell the memory of this one child.
    pid = os.posix_spawn(sys.executable, [sys.executable, "-m", "funcdex", *words], dict(os.environ))
    _, status, usage = os.wait4(pid, 0)
    wall_s = time.perf_counter() - began
    if status:
        raise SystemExit(f"funcdex {' '.join(words)} failed")
    cpu_s = usage.ru_utime + usage.ru_stime
    return {"s": round(wall_s, 2), "cpu_s": round(cpu_s, 2), "rss_mb": round(usage.ru_maxrss / 1024, 1)}


def _stats_options(folder: Path, tokenizer: str | None) -> dict[str, list[str]]:
    charts = ["--html", str(folder / "stats.html"), "--png", str(folder / "stats.png")]
    named = {} if tokenizer is None else {"tokenizer": ["--tokenizer", tokenizer]}
    return {"plain": [], "charts": charts, **named}


def write_records(path: Path, conversations: int, messages: int) -> None:
    """Records as a run writes them."""
    toolkits = [kit for kit in read_toolkits([data_dir("tool_definitions")]).toolkits if len(kit.tools) >= 5]
    with path.open("w", encoding="utf-8") as file:
        for number in range(conversations):
            dice = random.Random(number)
            file.write(json.dumps(_record(number, dice, dice.choice(toolkits), messages)) + "\n")


def _record(number: int, dice: random.Random, toolkit: Toolkit, messages: int) -> dict[str, Any]:
    tools = [tool.as_openai for tool in dice.sample(toolkit.tools, min(20, len(toolkit.tools)))]
    return {
        "id": f"conv_{number:06d}",
        "toolkits": [toolkit.name],
        "kind": dice.choice(["happy_path", "error_recovery", "missing_information"]),
        "seed": number,
        "model": "made-here",
        "prompts": {"conversation": "0" * 12},
        "scores": {"tool_use_quality": 4},
        "messages": list(_messages(dice, [tool["function"]["name"] for tool in tools], messages)),
        "system_prompt": _text(dice, 60),
        "tools": tools,
        "toolkit": toolkit.name,
        "original_toolkit_count": 1,
    }


def _messages(dice: random.Random, names: list[str], messages: int) -> Iterator[dict[str, Any]]:
    for number in range(messages):
        match number % 4:
            case 0:
                yield {"role": "user", "content": _text(dice, 40)}
            case 1:
                name = dice.choice(names)
                arguments = {
                    "query": _text(dice, 6),
                    "limit": dice.randrange(100),
                    "labels": [_text(dice, 1)],
                }
                function = {"name": name, "arguments": json.dumps(arguments)}
                call = {"id": f"call_{number}", "type": "function", "function": function}
                yield {"role": "assistant", "content": _text(dice, 10), "tool_calls": [call]}
            case 2:
                answer = json.dumps(
                    {"items": [{"id": _text(dice, 1), "title": _text(dice, 8)} for _ in range(5)]}
                )
                yield {"role": "tool", "tool_call_id": f"call_{number - 1}", "name": name, "content": answer}
            case _:
                thought = f"<analysis>{_text(dice, 20)}</analysis>\n<final>{_text(dice, 40)}</final>"
                yield {"role": "assistant", "content": thought}


def _text(dice: random.Random, words: int) -> str:
    return " ".join(dice.choices(WORDS, k=words))


def _available() -> list[str]:
    from importlib.util import find_spec

    return [name for name in FORMATS if name != "parquet" or find_spec("pyarrow")]


if __name__ == "__main__":
    main()
