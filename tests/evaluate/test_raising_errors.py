"""The loop: how much more what a model got wrong comes up, within bounds, and that a run keeps to it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import SMALL, run_command
from scripted_model import ScriptedModel, context

from funcdex.errors import ConfigError
from funcdex.evaluate.raising import LEAST, MOST, SMOOTHING, Errors, errors_of, factor, factors, raised
from funcdex.settings.generation import GenerationSettings
from funcdex.settings.tree import Settings
from funcdex.settings.variety import DEFAULT_KINDS
from funcdex.stages.focus import focus_of, repeated
from funcdex.stages.plan import plans
from funcdex.types.tools import Bundle

SHARES = st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda pair: (min(pair), max(pair)))


def test_factors_worked_out_by_hand() -> None:
    # Ten seen, all wrong, the mean is a half: (10 + 10 * 0.5) / 20 = 0.75, one and a half times the mean.
    assert factor(10, 10, 0.5) == 1.5
    # Thirty seen, none wrong: (0 + 5) / 40 = 0.125, a quarter of the mean; no less than LEAST.
    assert factor(0, 30, 0.5) == LEAST
    # A hundred seen, ninety wrong where one in ten is: (90 + 1) / 110 / 0.1; no more than MOST.
    assert factor(90, 100, 0.1) == MOST
    assert factor(5, 10, 0.5) == factor(0, 0, 0.5) == 1.0, "as often wrong as all, or never seen"
    assert factor(0, 10, 0.0) == 1.0, "nothing was wrong anywhere"
    assert SMOOTHING == 10


@given(SHARES, st.floats(0, 1))
def test_a_factor_keeps_its_bounds(share: tuple[int, int], mean: float) -> None:
    assert LEAST <= factor(*share, mean) <= MOST


@given(st.integers(0, 49), st.integers(50, 60), st.floats(0.01, 1))
def test_more_errors_never_come_up_less(wrong: int, seen: int, mean: float) -> None:
    assert factor(wrong, seen, mean) <= factor(wrong + 1, seen, mean)


ERRORS = Errors(
    wrong=30,
    contexts=100,
    kinds={"tool_error": (20, 20), "happy_path": (0, 60), "parallel_calls": (0, 0)},
    tools={"SEND": (25, 25), "TRACK": (0, 60)},
    parameters={"SEND.express": (9, 9), "SEND.to": (3, 10)},
    source="model-a on abc",
)


def test_shares_of_kinds_are_multiplied_and_the_others_stay() -> None:
    generation = raised(GenerationSettings(), ERRORS)
    # (20 + 3) / 30 / 0.3 and, below the bound, (0 + 3) / 70 / 0.3.
    assert generation.kinds["tool_error"] == pytest.approx(DEFAULT_KINDS["tool_error"] * 2.556, abs=1e-4)
    assert generation.kinds["happy_path"] == DEFAULT_KINDS["happy_path"] * LEAST
    assert generation.kinds["multi_step"] == DEFAULT_KINDS["multi_step"]
    assert generation.raised.tools == {"SEND": 2.667, "TRACK": LEAST}
    assert generation.raised.parameters == {"SEND.express": 2.105}, "what is 1 is not named"
    assert generation.raised.source == "model-a on abc"
    Settings.model_validate({"generation": generation.model_dump()})


def test_a_kind_that_is_not_wanted_stays_out() -> None:
    generation = raised(GenerationSettings(kinds={"happy_path": 1.0, "tool_error": 0.0}), ERRORS)
    assert generation.kinds == {"happy_path": LEAST, "tool_error": 0.0}


def test_nothing_wrong_changes_nothing() -> None:
    generation = raised(GenerationSettings(), Errors(0, 9, {"tool_error": (0, 9)}, {"SEND": (0, 9)}, {}))
    assert generation == GenerationSettings()
    assert factors({}, 0.5) == {}


def test_cards_are_repeated_by_halves_and_none_is_lost() -> None:
    assert repeated("abc", "abc", {}) == ["a", "b", "c"]
    assert repeated("abc", "abc", {"z": 4.0}) == ["a", "b", "c"]
    assert repeated("abc", "abc", {"a": 2.0, "c": 0.5}) == ["a"] * 4 + ["b"] * 2 + ["c"]
    assert repeated("ab", "ab", {"a": 0.1}) == ["a", "b", "b"]


def centres(count: int, **generation: Any) -> tuple[Counter[str], Counter[str]]:
    """Which tools conversations are built around, and which parameters are suggested."""
    kinds = {"happy_path": 1.0}
    means = context(ScriptedModel({}), count=count, generation={"kinds": kinds, **generation})
    bundles: tuple[Bundle, ...] = tuple(means.bundles)
    tools, parameters = Counter[str](), Counter[str]()
    for plan in plans(means.settings, bundles):
        focus = focus_of(plan, means)
        assert focus.central is not None
        assert len({tool.name for tool in focus.calls}) <= 3
        tools[focus.central.name] += 1
        parameters.update(focus.use)
    return tools, parameters


def test_tools_that_are_raised_are_at_the_centre_more_often() -> None:
    even, _ = centres(24)
    assert set(even.values()) == {8}, "three tools in turn"
    tools, _ = centres(28, raised={"tools": {"SEND": 2.0, "TRACK": 0.5}})
    assert tools == {"SEND": 16, "BUY_STAMPS": 8, "TRACK": 4}, "four, two and one card of seven"


def evaluation(folder: Path, **changes: Any) -> Path:
    folder.mkdir()
    errors = {
        "wrong": 5, "contexts": 10, "kinds": {"tool_error": [5, 5]}, "tools": {"FETCH_EMAILS": [5, 5]},
        "parameters": {"FETCH_EMAILS.query": [5, 5]},
    }  # fmt: skip
    report = {"errors": errors | changes, "asked": {"digest": "0123456789abcdef"}, "tokens": {"m": {}}}
    (folder / "scores.json").write_text(json.dumps(report), "utf-8")
    return folder


def test_errors_are_read_from_an_evaluation(tmp_path: Path) -> None:
    errors = errors_of(evaluation(tmp_path / "eval"))
    assert errors.mean == 0.5 and errors.kinds == {"tool_error": (5, 5)}
    assert errors.source == "m on 0123456789ab"


@pytest.mark.parametrize(
    "changes", [{"kinds": {"a": [3, 2]}}, {"tools": {"a": 3}}, {"wrong": None}, {"parameters": []}]
)
def test_what_is_no_evaluation_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="no scores"):
        errors_of(evaluation(tmp_path / "eval", **changes))


def test_a_run_records_what_was_raised_and_keeps_it_when_it_is_resumed(tmp_path: Path) -> None:
    folder, run, config = evaluation(tmp_path / "eval"), tmp_path / "run", tmp_path / "small.yaml"
    config.write_text(SMALL, "utf-8")
    words = ("generate", config, "--endpoints", "sim", "--toolkits", "gmail", "--run", run)
    begun = run_command(*words, "--count", 2, "--from-errors", folder)
    assert begun.returncode in (0, 5), begun.stderr
    generation = json.loads((run / "manifest.json").read_text("utf-8"))["settings"]["generation"]
    assert generation["raised"] == {
        "tools": {"FETCH_EMAILS": 1.333}, "parameters": {"FETCH_EMAILS.query": 1.333},
        "source": "m on 0123456789ab",
    }  # fmt: skip
    assert generation["kinds"]["tool_error"] == pytest.approx(DEFAULT_KINDS["tool_error"] * 1.333)
    resumed = run_command("resume", run, "--count", 3)
    assert resumed.returncode in (0, 5), resumed.stderr
    after = json.loads((run / "manifest.json").read_text("utf-8"))["settings"]["generation"]
    assert after == generation
    without = run_command(*words, "--count", 3)
    assert without.returncode == 2 and "raised" in without.stderr
    again = run_command(*words, "--count", 3, "--from-errors", folder)
    assert again.returncode in (0, 5), again.stderr
