"""Figures of runs and data sets: of a real run, of files that are damaged, of files that are not ours."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import SMALL, records, run_command
from scripted_model import BUNDLE, SEND, conversation

from funcdex.dml.parser import parse
from funcdex.errors import FuncdexError
from funcdex.export.records import parsed_record
from funcdex.rundir.layout import RunDir
from funcdex.stats import read
from funcdex.stats.figures import Figures
from funcdex.stats.read import stats_of
from funcdex.stats.told import told_by
from funcdex.types.record import STAGES

RECORD = parsed_record(
    parse(conversation(turns=2)),
    system_prompt="Help.",
    tools=BUNDLE.tools,
    toolkits=["post"],
    extra={"id": "a"},
)
LINEAGE = {
    "clarity": "vague",
    "requests": [
        {"stage": "scenario", "prompt_tokens": 10, "completion_tokens": 5},
        {"stage": "scenario", "prompt_tokens": 10, "completion_tokens": 5},
        {"stage": "judge", "prompt_tokens": 90, "completion_tokens": 7},
    ],
    "corrections": [{"sample": 1, "turn": 2, "how": "turn", "reasons": ["invalid_arguments"]}],
    "adjudicated": [{"of": "Ada files.", "same": False}, {"of": "Ada sings.", "same": None}],
    "verdicts": {
        "agreement": 0.5,
        "turns": [{"turn": 1, "arguments": "wrong", "verdict": "wrong"}, {"turn": 2, "verdict": "good"}],
    },
}
ACCEPTED = RECORD | {
    "kind": "happy_path",
    "toolkits": ["post"],
    "scores": {"reasoning": "Fine.", "tool_use_quality": 4},
    "lineage": LINEAGE,
    "loss_mask": [False, False, False, False, False, True],
}
REJECTED = {
    "id": "b",
    "stage": "scenario",
    "reason": "duplicate_scenario",
    "kind": "happy_path",
    "toolkits": ["post"],
    "lineage": LINEAGE | {"corrections": [], "verdicts": None, "adjudicated": []},
}


def lines(path: Path, *values: object) -> Path:
    """A file with these lines: text as it is, anything else as JSON."""
    texts = (value if isinstance(value, str) else json.dumps(value) for value in values)
    path.write_text("".join(f"{text}\n" for text in texts), "utf-8")
    return path


def test_a_data_set_alone_tells_its_shape_and_how_it_came_about(tmp_path: Path) -> None:
    told = stats_of(lines(tmp_path / "data.jsonl", ACCEPTED, ACCEPTED | {"id": "c"}, REJECTED)).as_json()
    assert told["conversations"] == {"accepted": 2, "rejected": 1, "share": 0.6667, "simulated": 0}
    assert told["yield"]["clarity"] == {"vague": {"accepted": 2, "rejected": 1, "share": 0.6667}}
    assert (
        told["yield"]["toolkit"]["post"]["accepted"] == told["yield"]["kind"]["happy_path"]["accepted"] == 2
    )
    assert told["rejected"] == [{"stage": "scenario", "reason": "duplicate_scenario", "count": 1}]
    assert told["duplicates"] == {
        "conversations": 1,
        "further_scenarios": 3,
        "adjudicated_same": 0,
        "adjudicated_different": 2,
        "adjudicated_unanswered": 2,
    }
    assert (
        told["cost"]["scenario"]["requests"] == 6 and told["cost"]["scenario"]["requests_per_accepted"] == 3
    )
    assert told["cost"]["judge"]["prompt_tokens_per_accepted"] == 135
    assert told["corrections"] == {
        "conversations": 2,
        "by": [{"how": "turn", "reason": "invalid_arguments", "count": 2}],
    }
    judging = told["judging"]
    assert judging["scores_by_kind"]["happy_path"]["tool_use_quality"] == {"mean": 4, "counts": {"4": 2}}
    assert judging["agreement"] == 0.5
    assert judging["verdicts"] == {"arguments": {"wrong": 2}, "verdict": {"wrong": 2, "good": 2}}
    assert told["training"] == {"assistant_messages": 6, "trained_on": 2, "share": 0.3333}


def test_shapes_and_coverage_are_of_what_was_shown_and_called(tmp_path: Path) -> None:
    told = stats_of(lines(tmp_path / "data.jsonl", RECORD)).as_json()
    shape = {name: one["median"] for name, one in told["shape"].items()}
    assert shape == {
        "user_turns": 2, "messages": 6, "calls": 1, "arguments_of_a_call": 1,
        "tools_shown": 3, "tools_called": 1, "tokens": 0,
    }  # fmt: skip
    coverage = told["coverage"]
    assert (coverage["tools_shown"], coverage["tools_called"]) == (3, 1)
    assert (coverage["parameters_shown"], coverage["parameters_given"]) == (3, 1)
    assert coverage["tools"]["SEND"] == {
        "shown": 1, "called_in": 1, "calls": 1, "given": {"to": 1}, "never_given": ["express"],
        "values_never_given": {},
    }  # fmt: skip
    assert coverage["tools"]["TRACK"]["calls"] == 0
    assert told["conversations"]["share"] == 1.0 and told["cost"] == {}


def test_a_call_of_a_tool_that_was_not_shown_is_counted_apart(tmp_path: Path) -> None:
    told = stats_of(lines(tmp_path / "data.jsonl", RECORD | {"tools": [BUNDLE.tools[1].as_openai]})).as_json()
    assert told["coverage"]["calls_of_tools_not_shown"] == 1 and told["coverage"]["tools_called"] == 0


def test_markup_and_the_published_form_of_the_predecessor_are_read(tmp_path: Path) -> None:
    markup = {"id": "m", "conversation_dml": conversation(), "tools": [SEND.as_openai]}
    published = {"messages": json.dumps(RECORD["messages"]), "tools": json.dumps(RECORD["tools"])}
    stats = stats_of(lines(tmp_path / "data.jsonl", markup, published | {"toolkit": "post"}))
    assert stats.bad == [] and stats.figures.accepted == 2
    assert stats.figures.tools["SEND"].calls == 2


BAD_LINES = (
    "{",
    "[]",
    "null",
    '{"id": "x"}',
    '{"messages": 7}',
    '{"conversation_dml": "no markup"}',
    "[" * 100_000,
    "\x00",
    '{"messages": ' + "9" * 10_000 + "}",
)


def test_bad_lines_are_counted_and_named_and_the_rest_counts(tmp_path: Path) -> None:
    path = lines(tmp_path / "data.jsonl", RECORD, "", *BAD_LINES, RECORD)
    with path.open("ab") as file:
        file.write(b'\xff\xfe\n{"id": "torn", "mess')
    stats = stats_of(path)
    assert stats.figures.accepted == 2
    assert stats.bad_lines == len(BAD_LINES) + 2 and len(stats.bad) == stats.bad_lines
    assert stats.bad[0].startswith("data.jsonl:2: ")
    assert stats.lines == stats.bad_lines + 2
    assert max(map(len, stats.bad)) < 300


def test_very_many_bad_lines_are_counted_and_a_few_named(tmp_path: Path) -> None:
    stats = stats_of(lines(tmp_path / "data.jsonl", *["{"] * 500))
    assert stats.bad_lines == 500 and len(stats.bad) == read.NAMED_AT_MOST


def test_a_line_too_long_to_hold_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    longest = len(json.dumps(RECORD)) + 10
    monkeypatch.setattr(read, "MOST_LINE_BYTES", longest)
    stats = stats_of(lines(tmp_path / "data.jsonl", RECORD, " " * 3 * longest + "{}", RECORD))
    assert (stats.figures.accepted, stats.bad_lines) == (2, 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_stands_in_a_record_it_is_counted_or_no_record(data: st.DataObject) -> None:
    record: dict[str, Any] = json.loads(json.dumps(ACCEPTED))
    place: dict[str, Any] | list[Any] = record
    for _ in range(data.draw(st.integers(0, 4))):
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key]:  # type: ignore[call-overload,index]
            break
        place = place[key]  # type: ignore[call-overload,index]
    key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
    place[key] = data.draw(JSON)  # type: ignore[call-overload,index]
    figures = Figures()
    try:
        figures.take(told_by(record))
    except ValueError:
        return
    json.dumps(figures.as_json())


def test_memory_does_not_grow_with_a_data_set(tmp_path: Path) -> None:
    large = ACCEPTED | {"system_prompt": "x" * 20_000}
    path = lines(tmp_path / "data.jsonl", *[large | {"id": str(number)} for number in range(1000)])
    stats_of(lines(tmp_path / "warm.jsonl", large))
    tracemalloc.start()
    stats = stats_of(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert stats.figures.accepted == 1000 and path.stat().st_size > 20_000_000
    assert peak < 2_000_000


def test_what_is_no_run_and_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(FuncdexError, match="cannot read it"):
        stats_of(tmp_path / "missing.jsonl")
    with pytest.raises(FuncdexError, match="no run is here"):
        stats_of(tmp_path)
    result = run_command("stats", tmp_path / "missing.jsonl")
    assert result.returncode == 2 and "Traceback" not in result.stderr


def test_figures_of_a_real_run_are_those_of_its_journal(tmp_path: Path) -> None:
    config = tmp_path / "small.yaml"
    config.write_text(SMALL + "judge: {votes: 2, min_tool_use_quality: 5}\n", "utf-8")
    run = RunDir(tmp_path / "run")
    done = run_command(
        "generate", config, "--run", run.path, "--toolkits", "stripe", "--count", 16, "--endpoints", "sim:2"
    )
    assert done.returncode in (0, 5), done.stderr
    told = json.loads(run_command("stats", run.path, "--json", "-").stdout)
    state = json.loads(run_command("status", run.path, "--json", "-").stdout)
    ended = told["conversations"]
    assert told["planned"] == 16 == ended["accepted"] + ended["rejected"] == ended["simulated"]
    assert ended["accepted"] == state["accepted"]
    assert {one["reason"]: one["count"] for one in told["rejected"]} == state["rejected"]
    (paid,) = state["tokens"].values()
    for kind in ("prompt", "completion"):
        assert sum(cost[f"{kind}_tokens"] for cost in told["cost"].values()) == paid[kind]
    entries = [used for entry in records(run.journal) for used in entry.get("usage", ())]
    assert told["cost"]["judge"]["requests"] == sum(used["stage"] == "judge" for used in entries)
    assert told["judging"]["agreement"] is not None
    assert told["bad_lines"] == 0 and told["coverage"]["calls_of_tools_not_shown"] == 0
    assert told["training"]["assistant_messages"] >= told["training"]["trained_on"] > 0
    for record in records(run.output("parsed_conversations")):
        assert len(record["loss_mask"]) == len(record["messages"])
        lineage = record["lineage"]
        assert lineage["kind"] == record["kind"] and lineage["outline"] and lineage["funcdex"]
        assert {one["stage"] for one in lineage["requests"]} >= set(STAGES) - {"tools"}
        assert all({"seed", "max_tokens"} <= one["sampling"].keys() for one in lineage["requests"])
        assert len(lineage["verdicts"]["votes"]) == 2
    text = run_command("stats", run.path).stdout
    assert "Yield by kind" in text and "low_score" in text
