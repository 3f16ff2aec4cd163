"""Evaluations beside each other: as tables, Markdown and HTML, with nothing in them that acts on anything."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from funcdex.errors import ConfigError
from funcdex.evaluate.compare import as_html, as_markdown, read_report, sections
from funcdex.evaluate.tables import differences

HOSTILE = "<script>alert(1)</script>|**x**\x1b[31m\u202e`[a](javascript:b)"


def report(model: str, ast: float, **changes: Any) -> dict[str, Any]:
    scores: dict[str, Any] = {"ast_match": {"value": ast, "low": ast - 0.1, "high": ast + 0.1, "of": 10}}
    scores["hallucinated_tools"] = {"value": 0.0, "low": None, "high": None, "of": 12}
    return {
        "asked": {"digest": "d", "model": None},
        "whole": True,
        "simulated": False,
        "contexts": {"all": 12},
        "unanswered": {},
        "scores": scores,
        "by": {"toolkit": {"post": scores}, "kind": {}, "turn": {"1": scores}},
        "tokens": {model: {"prompt": 1000, "completion": 20, "reasoning": 0, "cost": 1.5}},
        "cost": 1.5,
        "flaws": {},
    } | changes


def test_the_best_comes_first_and_every_evaluation_has_its_column() -> None:
    tables = dict(sections([report("small", 0.25), report("large", 0.75), report("small", 0.5)]))
    rows = tables["All contexts"]
    assert [row["ast match"] for row in rows] == [
        "0.7500 [0.65, 0.85]", "0.5000 [0.40, 0.60]", "0.2500 [0.15, 0.35]",
    ]  # fmt: skip
    assert rows[0]["cost"] == "1.5000" and rows[0]["hallucinated tools (less is better)"] == "0.0000"
    (by_toolkit,) = tables["AST match by toolkit"]
    assert list(by_toolkit) == ["toolkit", "small", "large", "small (3)"]
    assert "AST match by kind" not in tables


def test_what_makes_them_hard_to_compare_is_told() -> None:
    one = report("a", 0.5)
    assert differences([one, report("b", 0.5)]) == []
    other = report("b", 0.5, asked={"digest": "e", "model": None}, whole=False, unanswered={"refused": 1})
    told = differences([one, other])
    assert "they are of different data sets" in told and "b is not finished" in told
    assert "contexts that nobody answered are in no measure" in told


class Tags(HTMLParser):
    """Which elements and attributes a page has."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_hostile_names_stay_text() -> None:
    hostile = report(HOSTILE, 0.5)
    hostile["by"]["toolkit"] = {HOSTILE: hostile["scores"]}
    page = Tags()
    page.feed(html := as_html([hostile, report("b", 0.1)]))
    assert not page.tags & {"script", "a", "img"} and "onerror" not in page.attributes
    assert "&lt;script&gt;" in html and "Content-Security-Policy" in html
    markdown = as_markdown([hostile, report("b", 0.1)])
    for text in (html, markdown):
        assert "\x1b" not in text and "\u202e" not in text
    (row,) = [
        line for line in markdown.splitlines() if "script" in line and "0.5000 " in line and "1,000" in line
    ]
    assert row.replace("\\|", "").count("|") == markdown.splitlines()[5].count("|"), row
    assert "<script>" not in markdown and "\\<script\\>" in markdown


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 5000, '{"asked": 1}'])
def test_what_is_no_evaluation_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "scores.json").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match="no scores"):
        read_report(tmp_path)
    with pytest.raises(ConfigError, match="cannot read"):
        read_report(tmp_path / "nowhere")


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "scores.json").write_text(json.dumps(report("a", 0.5)), "utf-8")
    assert read_report(tmp_path) == report("a", 0.5)
