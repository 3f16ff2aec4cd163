"""What `funcdex stats` draws, writes as a page and compares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from running import run_command

from funcdex.plots import Bars, as_png, as_svg, histogram
from funcdex.stats.charts import charts_of
from funcdex.stats.compare import compared
from funcdex.stats.read import stats_of
from funcdex.stats.report_html import html_report

EVIL = '<script>alert("&")</script>$\\frac{$\u202e\u4f60'


def tool(name: str, **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


SEND = tool(
    "send",
    to={"type": "string"},
    format={"enum": ["text", "html"]},
    labels={"type": "array", "items": {"enum": ["a", "b", 3]}},
)


def talk(*calls: dict[str, Any], kind: str = "happy_path", toolkit: str = "mail") -> dict[str, Any]:
    called = [
        {"id": f"c{at}", "function": {"name": "send", "arguments": json.dumps(arguments)}}
        for at, arguments in enumerate(calls)
    ]
    messages = [
        {"role": "user", "content": "Please send the mail to Ada now."},
        {"role": "assistant", "content": None, "tool_calls": called},
        {"role": "assistant", "content": "It is on its way."},
    ]
    return {"messages": messages, "tools": [SEND], "kind": kind, "toolkit": toolkit, "system_prompt": "Help."}


def told_of(path: Path, *records: dict[str, Any]) -> dict[str, Any]:
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), "utf-8")
    return stats_of(path).as_json()


@pytest.fixture
def figures(tmp_path: Path) -> dict[str, Any]:
    return told_of(
        tmp_path / "one.jsonl",
        talk({"to": "ada", "format": "html", "labels": ["a", 3, "none such"]}, {"to": "bob"}),
        talk(kind="tool_error", toolkit="post"),
    )


def test_sizes_are_told_in_all_and_by_kind_and_toolkit(figures: dict[str, Any]) -> None:
    size = figures["size"]
    assert (size["conversations"], size["messages"], size["calls"], size["arguments"]) == (2, 6, 2, 4)
    assert size["arguments_a_call"] == 2 and size["messages_each"] == 3
    assert figures["size_by"]["kind"]["tool_error"]["calls"] == 0
    assert figures["size_by"]["toolkit"]["mail"]["conversations"] == 1
    assert size["tokens"] == sum(one["tokens"] for one in figures["size_by"]["toolkit"].values()) > 0


def test_values_of_enums_are_covered_where_a_call_gave_them(figures: dict[str, Any]) -> None:
    coverage = figures["coverage"]
    assert (coverage["enum_values_shown"], coverage["enum_values_given"]) == (5, 3)
    assert coverage["tools"]["send"]["values_never_given"] == {"format": ["text"], "labels": ["b"]}


def test_two_data_sets_are_compared_figure_by_figure(tmp_path: Path, figures: dict[str, Any]) -> None:
    other = told_of(tmp_path / "other.jsonl", talk({"to": "ada"}, toolkit="other"))
    rows = {row.figure: row for row in compared(figures, other)}
    assert (rows["calls each"].this, rows["calls each"].other, rows["calls each"].change) == (1.0, 1.0, 0.0)
    assert rows["arguments a call"].change == 1.0 and rows["arguments a call"].as_row()["change"] == "+100.0%"
    assert rows["share of toolkit mail"].other is None and rows["share of toolkit mail"].change is None
    assert rows["share of toolkit other"].this is None
    assert "score: tool_use_quality" not in rows


def test_whatever_names_a_record_has_the_page_shows_them_as_text(tmp_path: Path) -> None:
    record = talk({"to": "x"}, kind=EVIL, toolkit=EVIL)
    record["tools"] = [tool(EVIL, **{EVIL: {"enum": [EVIL]}})]
    told = told_of(tmp_path / "evil.jsonl", record, {"reason": EVIL, "stage": EVIL, "kind": EVIL})
    html = html_report(told, told, compared(told, told), (EVIL, EVIL))
    assert "<script" not in html and "\u202e" not in html and "&lt;script&gt;" in html
    assert "default-src 'none'" in html and "http" not in html.replace("http-equiv", "")
    assert as_png(charts_of(told)).startswith(b"\x89PNG")


def test_of_two_runs_each_chart_has_both(figures: dict[str, Any]) -> None:
    both = charts_of(figures, figures, ("new", "old"))
    assert both and all([name for name, _ in chart.series] == ["new", "old"] for chart in both)


def test_what_has_no_conversation_draws_nothing(tmp_path: Path) -> None:
    assert charts_of(told_of(tmp_path / "none.jsonl")) == []


def test_a_histogram_takes_wide_steps_where_there_are_many_numbers() -> None:
    few = histogram("t", {"": {1: 2, 3: 1}}, "x")
    assert (few.names, few.series[0][1]) == (["1", "2", "3"], [2, 0, 1])
    many = histogram("t", {"": dict.fromkeys(range(200), 1.0) | {10_000: 1.0}}, "x")
    assert len(many.names) <= 25 and many.names[-1].endswith(" +")
    assert sum(many.series[0][1]) == 201


def test_the_same_bars_make_the_same_picture() -> None:
    bars = Bars("t", ["a", "b"], [("one", [1, 2]), ("other", [2, 0])], "number")
    assert as_svg(bars) == as_svg(bars) and as_png([bars]) == as_png([bars])
    assert Bars("t", ["a"], [("one", [0])], "number").empty


def test_the_command_writes_page_picture_and_comparison(tmp_path: Path) -> None:
    told_of(tmp_path / "a.jsonl", talk({"to": "ada"}))
    told_of(tmp_path / "b.jsonl", talk())
    html, png = tmp_path / "s.html", tmp_path / "s.png"
    done = run_command(
        "stats",
        tmp_path / "a.jsonl",
        "--against",
        tmp_path / "b.jsonl",
        "--html",
        html,
        "--png",
        png,
        "--json",
        "-",
    )
    told = json.loads(done.stdout)
    assert done.returncode == 0 and told["against"]["other"]["size"]["calls"] == 0
    assert {"figure", "this", "other", "change"} == told["against"]["rows"][0].keys()
    assert html.read_text("utf-8").startswith("<!doctype html>") and png.read_bytes().startswith(b"\x89PNG")
    plain = run_command("stats", tmp_path / "a.jsonl", "--against", tmp_path / "b.jsonl")
    assert "coverage of enum values" in plain.stdout
