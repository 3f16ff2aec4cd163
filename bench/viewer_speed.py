"""How long `funcdex inspect` takes to show a page and to search, with 100,000 conversations.

    python bench/viewer_speed.py [--conversations 100000] [--rounds 5] [--record]

The records are made here: 300 made-up conversations that make sense (bench/planted), written again and again
under other ids, a word of its own in each. Pages are asked in the process that serves them, through the whole
application; none is kept from an earlier request. "First page" is a fresh viewer's, its index there; "while
indexing" is the list while the index is still being made. On a machine that others use too, processor time
says more than the wall's.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
from planted.run import begin, fill
from record import record, record_option, spread_of, verdict
from starlette.testclient import TestClient

from funcdex.rundir.layout import RunDir
from funcdex.viewer.app import application
from funcdex.viewer.following import Follower
from funcdex.viewer.index import Index
from funcdex.viewer.query import known
from funcdex.viewer.source import look_at
from funcdex.viewer.views import View

FIRST_PAGE_S, SEARCH_S = 0.3, 0.5
_DIFFERENT = 300
PAGES = {
    "first page": "/",
    "a page far down": "/?after=500",
    "lowest score": "/?order=worst",
    "rejected": "/?state=rejected",
    "one toolkit": "/?toolkit=gmail",
    "a rare tool": "/?tool=DELETE_TASK",
    "search, a common word": "/?q=please",
    "search, two words": "/?q=invoice+customer",
    "search, one conversation": "/?q=w77777x",
    "search, a beginning": "/?q=custom",
    "search and filters": "/?q=meeting&toolkit=gmail&order=best",
    "a conversation": "/conversation?key=conv_0000301",
    "dashboard": "/dashboard",
}


def main() -> None:
    """Makes the run, indexes it, asks for pages, and prints whether the targets are reached."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--conversations", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--keep", type=Path, help="a folder to make the run in, and to leave it")
    record_option(options)
    chosen = options.parse_args()
    with contextlib.ExitStack() as closing:
        folder = chosen.keep or Path(closing.enter_context(tempfile.TemporaryDirectory()))
        run = folder / "run"
        if not run.exists():
            write_run(run, chosen.conversations)
        shutil.rmtree(run / "viewer-cache", ignore_errors=True)
        figures = measured(run, chosen.rounds, chosen.conversations)
    figures |= {"conversations": chosen.conversations}
    if chosen.record:
        record("viewer_speed", figures, versions=("starlette", "jinja2"))


def measured(run: Path, rounds: int, conversations: int) -> dict[str, Any]:
    """Every figure, printed as it is known."""
    figures: dict[str, Any] = {
        "input_mb": round(sum(one.stat().st_size for one in run.glob("*.jsonl")) / 1e6)
    }
    with viewed(run) as (index, client):
        began, cpu = time.perf_counter(), time.process_time()
        figures["while_indexing_s"] = _while_indexing(index, client, conversations)
        figures["index_s"] = round(time.perf_counter() - began, 1)
        figures["index_cpu_s"] = round(time.process_time() - cpu, 1)
    print(f"index: {figures['index_cpu_s']} s of processor, {figures['index_s']} s")
    figures["index_mb"] = round((run / "viewer-cache" / "index.sqlite").stat().st_size / 1e6)
    print(f"       {figures['index_mb']} MB for {figures['input_mb']} MB of records")
    print(verdict("the list while indexing, slowest: s", figures["while_indexing_s"]["highest"], 1.0))
    with viewed(run) as (_, client):
        first = _timed(lambda: _ok(client, "/"))
        print(verdict("first page of a fresh viewer: s", first[0], FIRST_PAGE_S))
        figures["fresh_s"], figures["pages"] = round(first[0], 4), {}
        for name, path in PAGES.items():
            times = [_timed(lambda path=path: _ok(client, path)) for _ in range(rounds)]  # type: ignore[misc]
            wall, processor = spread_of([one[0] for one in times]), spread_of([one[1] for one in times])
            figures["pages"][name] = {"s": wall, "cpu_s": processor}
            print(
                verdict(f"{name}: s, median", wall["median"], SEARCH_S if "search" in name else FIRST_PAGE_S)
            )
    figures["rss_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(f"memory: {figures['rss_mb']} MB")
    return figures


@contextlib.contextmanager
def viewed(run: Path) -> Iterator[tuple[Index, TestClient]]:
    """The viewer's application over a run, with the thread that follows it."""
    looked = look_at(run)
    folder = run / "viewer-cache"
    folder.mkdir(exist_ok=True)
    index = Index(looked, folder / "index.sqlite")
    app = application(View(looked, index), Follower(index), hosts={"testserver"})
    with TestClient(app) as client:
        yield index, client
    index.close()


def _while_indexing(index: Index, client: TestClient, conversations: int) -> dict[str, float]:
    """Asks for the list again and again while the index is being made."""
    times = []
    while known(index) < conversations:
        times.append(_timed(lambda: _ok(client, "/"))[0])
        time.sleep(0.3)
    return spread_of(times or [0.0])


def _ok(client: TestClient, path: str) -> None:
    response = client.get(path)
    if response.status_code != 200:
        raise SystemExit(f"{path}: {response.status_code}")


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def write_run(path: Path, conversations: int) -> None:
    """A run of so many conversations, of which only some hundreds differ by more than id and a word."""
    begin(path, conversations)
    with tempfile.TemporaryDirectory() as folder:
        few = RunDir(Path(folder) / "few")
        begin(few.path)
        fill(few, _DIFFERENT)
        records = {
            name: [orjson.loads(line) for line in few.output(name).read_bytes().splitlines()]
            for name in ("parsed_conversations", "rejected")
        }
    dice = random.Random(1)
    with (
        (path / "parsed_conversations.jsonl").open("wb") as kept,
        (path / "rejected.jsonl").open("wb") as lost,
    ):
        for number in range(conversations):
            is_lost = dice.random() < 0.1
            one = dice.choice(records["rejected" if is_lost else "parsed_conversations"])
            one["id"] = f"conv_{number:07}"
            if "messages" in one:
                first = one["messages"][0]
                first["content"] = f"{first['content'].partition(' Matter w')[0]} Matter w{number}x."
            (lost if is_lost else kept).write(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    main()
