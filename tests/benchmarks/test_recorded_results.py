"""What the benchmarks keep, and what the README shows of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import record
from overhead.script import Script
from overhead.table import table, verdicts
from tables import README, section, tables

BENCH = README.parent / "bench"


def test_the_readme_shows_what_was_recorded() -> None:
    assert section(README.read_text("utf-8")) == tables(), "run `python bench/tables.py --write`"


def test_every_benchmark_is_listed() -> None:
    scripts = {path.name for path in BENCH.glob("*.py")} - {"record.py", "tables.py"}
    listed = (BENCH / "README.md").read_text("utf-8")
    assert {name for name in scripts if f"| `{name}` |" not in listed} == set()


def test_a_result_says_what_it_was_measured_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "RESULTS", tmp_path / "bench" / "results")
    (tmp_path / "bench").mkdir()
    record.record("one", {"cpu_ms": record.spread_of([3.0, 1.0, 2.0])}, versions=("anyio", "no-such-thing"))
    kept = record.recorded("one")
    assert kept["figures"] == {"cpu_ms": {"median": 2.0, "lowest": 1.0, "highest": 3.0}}
    assert {"cpu", "cores", "memory_gb", "load_before", "load_after"} <= kept["machine"].keys()
    assert kept["versions"]["no-such-thing"] == "not installed" and kept["versions"]["anyio"][0].isdigit()
    assert record.recorded("other") is None


def clients(served: int) -> dict[str, object]:
    row = {
        "cpu_ms": record.spread_of([0.5]),
        "children_cpu_ms": 0.0,
        "parts_ms": {},
        "served": served,
        "start_up": {"asked": 1, "served": 2},
        "most_in_flight": 9,
        "span_s": 1.0,
        "start_up_cpu_s": 1.0,
        "rss_mb": 50,
        "rounds": 1,
        "peer": None,
    }
    return {"requests": 100, "in_flight": 10, "clients": {"funcdex pool": row}, "failed": {"peer": "no pip"}}


def test_a_client_that_sends_another_number_of_requests_is_told_of() -> None:
    assert not any("counted" in line for line in verdicts(clients(101)))
    assert any("counted 90 requests, not 100" in line for line in verdicts(clients(90)))


def test_a_client_that_failed_stands_in_the_table_with_its_reason() -> None:
    assert "| peer | left out: no pip | | | | | | | |" in table(clients(101))


def test_the_mock_knows_no_answer_to_a_correction() -> None:
    with pytest.raises(KeyError):
        Script().answer(b'{"messages":[{"role":"system","content":"You correct conversations"}]}')
