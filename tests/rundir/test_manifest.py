from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from funcdex.errors import CheckpointError
from funcdex.rundir.layout import RunDir
from funcdex.rundir.manifest import (
    FORMAT,
    Manifest,
    differences,
    new_manifest,
    read_manifest,
    refuse_changes,
    settings_of,
    write_manifest,
)
from funcdex.settings.tree import Settings


def manifest(**changes: Any) -> Manifest:
    given = {"count": 10, "seed": 7, "endpoints": ["http://localhost:1;model=m", "sim:2"], **changes}
    settings = Settings.model_validate(given)
    now = datetime(2025, 1, 1, 12, tzinfo=UTC)
    return new_manifest(settings, tools_digest="d1", prompts={"scenario": "p1"}, now=now)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    asked = manifest()
    write_manifest(run, asked)
    assert read_manifest(run) == asked
    assert (asked.count, asked.seed, asked.created_at) == (10, 7, "2025-01-01T12:00:00+00:00")
    on_disk = json.loads(run.manifest.read_bytes())
    assert (on_disk["count"], on_disk["seed"], on_disk["format"]) == (10, 7, FORMAT)


def test_a_run_can_be_resumed_from_its_manifest_alone(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    settings = Settings.model_validate(
        {"tools": ["a.json"], "endpoints": ["http://h:1;stages=judge", "http://h:2"]}
    )
    write_manifest(run, new_manifest(settings, tools_digest="", prompts={}, now=datetime.now(UTC)))
    assert settings_of(read_manifest(run), run) == settings


def test_a_run_begun_before_there_were_kinds_goes_on_with_happy_paths(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    old = manifest()
    generation = {key: value for key, value in old.settings["generation"].items() if key != "kinds"}
    settings = settings_of(replace(old, settings={**old.settings, "generation": generation}), run)
    assert settings.generation.kinds == {"happy_path": 1.0}
    assert settings_of(old, run).generation.kinds == Settings().generation.kinds


def test_no_secret_reaches_the_manifest(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    endpoint = {"url": "http://localhost:1", "api_key": "sk-secret", "api_key_env": "MY_KEY"}
    write_manifest(run, manifest(endpoints=[endpoint]))
    text = run.manifest.read_text()
    assert "sk-secret" not in text and "MY_KEY" in text


def test_a_manifest_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunDir(tmp_path)
    write_manifest(run, manifest())

    def failing(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(CheckpointError, match="Input/output error"):
        write_manifest(run, manifest(count=20))
    assert read_manifest(run).count == 10
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def without(key: str) -> Callable[[dict[str, Any]], Any]:
    return lambda record: {name: value for name, value in record.items() if name != key}


@pytest.mark.parametrize(
    "damage",
    [
        without("settings"),
        without("format"),
        lambda record: record | {"settings": "none"},
        lambda record: record | {"settings": {"count": "many", "seed": 1}},
        lambda record: record | {"settings": {"seed": 1}},
        lambda record: record | {"settings": {"count": 0, "seed": 1}},
        lambda record: [record],
        lambda record: None,
    ],
)
def test_a_damaged_manifest_is_named(tmp_path: Path, damage: Callable[[dict[str, Any]], Any]) -> None:
    run = RunDir(tmp_path)
    write_manifest(run, manifest())
    run.manifest.write_text(json.dumps(damage(json.loads(run.manifest.read_bytes()))))
    with pytest.raises(CheckpointError, match=r"the manifest is damaged.*manifest\.json"):
        read_manifest(run)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"\0" * 100])
def test_a_manifest_that_is_not_json_is_named(tmp_path: Path, data: bytes) -> None:
    run = RunDir(tmp_path)
    run.manifest.write_bytes(data)
    with pytest.raises(CheckpointError, match="the manifest is damaged"):
        read_manifest(run)


def test_a_newer_format_asks_for_a_newer_version(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    write_manifest(run, manifest())
    record = json.loads(run.manifest.read_bytes()) | {"format": FORMAT + 1, "funcdex": "9.9.9"}
    run.manifest.write_text(json.dumps(record))
    with pytest.raises(CheckpointError, match=r"9\.9\.9"):
        read_manifest(run)


def test_a_folder_without_a_manifest_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no run is here"):
        read_manifest(RunDir(tmp_path))


def test_a_setting_of_another_version_is_named(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    asked = manifest()
    settings = {**asked.settings, "pool": {"turbo": True}}
    write_manifest(run, Manifest(FORMAT, "0.0.1", "3", "now", "", {}, settings))
    with pytest.raises(CheckpointError, match=r"pool\.turbo.*0\.0\.1"):
        settings_of(read_manifest(run), run)


def test_equal_settings_have_no_differences() -> None:
    assert differences(manifest(), manifest()) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoints": ["sim"]},
        {"pool": {"max_attempts": 2}},
        {"tools": ["elsewhere/tools.json"]},
        {"dedup": {"device": "cuda", "exact_up_to": 10}},
        {"count": 11},
    ],
)
def test_where_and_how_fast_may_change_and_the_count_may_grow(changes: dict[str, Any]) -> None:
    assert differences(manifest(), manifest(**changes)) == ()


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"count": 9}, "count"),
        ({"seed": 8}, "seed"),
        ({"model": "other"}, "model"),
        ({"toolkits": ["gmail"]}, "toolkits"),
        ({"generation": {"level": "names"}}, "generation.level"),
        ({"dedup": {"enabled": False}}, "dedup.enabled"),
    ],
)
def test_what_would_make_other_conversations_is_a_difference(changes: dict[str, Any], key: str) -> None:
    assert [found.key for found in differences(manifest(), manifest(**changes))] == [key]


def test_other_tools_and_prompts_are_differences_and_so_is_what_is_gone() -> None:
    settings = Settings.model_validate({"count": 10, "seed": 7})
    now = datetime.now(UTC)
    old = new_manifest(settings, tools_digest="d1", prompts={"scenario": "p1", "judge": "j"}, now=now)
    new = new_manifest(settings, tools_digest="d2", prompts={"scenario": "p2"}, now=now)
    assert [str(found) for found in differences(old, new)] == [
        "tools_digest: d1, now d2",
        "prompts.scenario: p1, now p2",
        "prompts.judge: j, now (not set)",
    ]


def test_a_refusal_shows_every_difference(tmp_path: Path) -> None:
    old, new = manifest(), manifest(seed=8, generation={"thoughts": True})
    with pytest.raises(CheckpointError) as caught:
        refuse_changes(old, new, RunDir(tmp_path))
    assert "seed: 7, now 8; generation.thoughts: false, now true" in caught.value.what
    refuse_changes(old, manifest(), RunDir(tmp_path))
