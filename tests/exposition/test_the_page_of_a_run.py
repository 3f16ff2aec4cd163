"""The metrics page of real runs, scraped while they go on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from running import SMALL, run_command

from funcdex.display.live import LastingConsole
from funcdex.exposition.figures import Figures
from funcdex.exposition.page import bound_socket, serve, url_of
from funcdex.order import order_from
from funcdex.session import Ending, carry_out
from funcdex.settings.load import load
from funcdex.snapshot import Observer, TakeSnapshot

NEVER_LESS = (
    "funcdex_conversations_accepted_total",
    "funcdex_tokens_total completion funcdex-sim",
    "funcdex_stages_done_total",
)
IN_FLIGHT = "funcdex_endpoint_in_flight "


@pytest.fixture
def priced_config(tmp_path: Path) -> Path:
    path = tmp_path / "priced.yaml"
    path.write_text(SMALL + "prices: {funcdex-sim: {prompt: 2, completion: 8}}\n", "utf-8")
    return path


def figures(text: str) -> dict[str, float]:
    """`name value-of-label ...` -> figure."""
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def agrees(found: dict[str, float], status: dict[str, Any]) -> None:
    """Asserts that the page and `status --json` say the same."""
    prefix = "funcdex_conversations_rejected_total "
    rejected = {key.removeprefix(prefix): found[key] for key in found if key.startswith(prefix)}
    tokens = status["tokens"]["funcdex-sim"]
    paid = {kind: found[f"funcdex_tokens_total {kind} funcdex-sim"] for kind in tokens}
    assert found["funcdex_conversations_planned"] == status["planned"]
    assert found["funcdex_conversations_accepted_total"] == status["accepted"]
    assert rejected == status["rejected"]
    assert paid == tokens and paid["completion"] > 0
    assert found["funcdex_cost_total"] == pytest.approx(status["cost"])


def status_of(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run_command("status", run, "--json", "-").stdout)
    return found


@dataclass
class Onlooker:
    """Reads the page of a run as often as it can, and keeps the way to the run's figures."""

    url: str
    pages: list[dict[str, float]] = field(default_factory=list)
    snapshot: TakeSnapshot | None = None

    async def look(self, snapshot: TakeSnapshot) -> None:
        self.snapshot = snapshot
        async with httpx.AsyncClient() as client:
            while True:
                try:
                    response = await client.get(self.url)
                except httpx.ConnectError:
                    continue  # It is not served yet.
                assert response.status_code == 200
                assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
                self.pages.append(figures(response.text))

    def at_the_end(self) -> dict[str, float]:
        assert self.snapshot is not None
        return figures(generate_latest(Figures(self.snapshot())).decode())


async def session(config: Path, run: Path, count: int, *observers: Observer) -> Ending:
    """One session in this process, on two simulated endpoints."""
    given = {"endpoints": ["sim:2"], "count": count, "toolkits": ["gmail"]}
    order = order_from(run, load(config, given).settings)
    return await carry_out(order, LastingConsole(file=StringIO()), observers)


async def test_the_metrics_page_and_the_status_agree(tmp_path: Path, priced_config: Path) -> None:
    run = tmp_path / "run"
    for count in (12, 20):  # The second session goes on where the first ended.
        listener = bound_socket("127.0.0.1", 0)
        onlooker = Onlooker(url_of(listener))

        with anyio.fail_after(120):
            ending = await session(priced_config, run, count, partial(serve, listener), onlooker.look)

        assert ending.settled == count
        last = onlooker.at_the_end()
        agrees(last, await anyio.to_thread.run_sync(status_of, run))
        pages = onlooker.pages
        assert len(pages) > 3
        for name in NEVER_LESS:
            seen = [page.get(name, 0.0) for page in pages]
            assert seen == sorted(seen) and seen[-1] <= last[name]
        assert max(page["funcdex_conversations_in_stage conversation"] for page in pages) > 0
        in_flight = [sum(page[name] for name in page if name.startswith(IN_FLIGHT)) for page in pages]
        assert 0 < max(in_flight) <= count
        with pytest.raises(httpx.ConnectError):
            async with httpx.AsyncClient() as client:
                await client.get(onlooker.url)


def test_a_metrics_port_in_use_is_told_before_the_run_begins(tmp_path: Path) -> None:
    with bound_socket("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        arguments = ("--endpoints", "sim", "--run", tmp_path / "run", "--metrics-port", port)
        result = run_command("generate", *arguments)
    assert result.returncode == 2 and "the metrics page has no place" in result.stderr
    assert not (tmp_path / "run").exists()
