"""A run takes the toolkits that it names from a catalogue, and keeps them."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from funcdex.catalogue.database import open_to_write
from funcdex.catalogue.importing import import_into
from funcdex.errors import CatalogueError, CheckpointError, ConfigError
from funcdex.order import Order, order_from, order_to_resume, prepare
from funcdex.rundir.manifest import read_manifest
from funcdex.settings.load import load
from funcdex.settings.tree import Settings
from funcdex.toolkits.native import digest


def imported(tmp_path: Path, name: str, toolkit: str, *tools: str) -> Path:
    """A catalogue, with a toolkit of these tools put into it or changed."""
    source, catalog = tmp_path / f"{name}.json", tmp_path / "tools.db"
    source.write_text(json.dumps({"toolkit": toolkit, "tools": [{"name": tool} for tool in tools]}), "utf-8")
    with closing(open_to_write(catalog)) as connection:
        import_into(connection, [str(source)], print)
    return catalog


def names(order: Order) -> list[str]:
    return [f"{tool.toolkit}/{tool.name}" for bundle in order.bundles for tool in bundle.tools]


def asked(catalog: Path, *toolkits: str, tools: tuple[Path, ...] = ()) -> Settings:
    return Settings(catalog=catalog, toolkits=toolkits, tools=tools)


def test_toolkits_are_taken_by_name(tmp_path: Path) -> None:
    imported(tmp_path, "1", "post", "SEND")
    catalog = imported(tmp_path, "2", "shop", "BUY")
    order = order_from(tmp_path / "run", asked(catalog, "post", "post+shop"))
    assert names(order) == ["post/SEND", "post/SEND", "shop/BUY"]


def test_without_tool_files_the_catalogue_comes_before_the_shipped_toolkits(tmp_path: Path) -> None:
    catalog = imported(tmp_path, "1", "gmail", "MINE")
    assert names(order_from(tmp_path / "run", asked(catalog, "gmail"))) == ["gmail/MINE"]
    both = names(order_from(tmp_path / "run", asked(catalog, "gmail+jira")))
    assert "gmail/MINE" in both and "jira/CREATE_ISSUE" in both and "gmail/SEND_MESSAGE" not in both


def test_tool_files_come_before_the_catalogue(tmp_path: Path) -> None:
    imported(tmp_path, "1", "post", "OLD")
    catalog = imported(tmp_path, "2", "shop", "BUY")
    mine = tmp_path / "mine.json"
    mine.write_text(json.dumps({"toolkit": "post", "tools": [{"name": "MINE"}]}), "utf-8")
    order = order_from(tmp_path / "run", asked(catalog, "post+shop", tools=(mine,)))
    assert names(order) == ["post/MINE", "shop/BUY"]


def test_a_catalogue_without_names_is_not_used_and_that_is_told(tmp_path: Path) -> None:
    order = order_from(tmp_path / "run", asked(imported(tmp_path, "1", "post", "SEND")))
    assert "post" not in [kit.name for kit in order.toolkits]
    assert any("the catalogue is not used" in note for note in order.notes)


def test_a_toolkit_that_is_nowhere_is_told_with_the_nearest(tmp_path: Path) -> None:
    catalog = imported(tmp_path, "1", "post_office", "SEND")
    with pytest.raises(CatalogueError, match="Did you mean 'post_office'"):
        order_from(tmp_path / "run", asked(catalog, "post_ofice"))
    with pytest.raises(ConfigError, match="names no toolkit"):
        order_from(tmp_path / "run", asked(catalog, "a++b"))


def test_the_manifest_holds_the_digest_of_what_was_taken(tmp_path: Path) -> None:
    order = order_from(tmp_path / "run", asked(imported(tmp_path, "1", "post", "SEND"), "post"))
    prepare(order)
    assert read_manifest(order.run).tools_digest == digest(order.toolkits)


def test_a_resume_finds_the_same_tools_whatever_became_of_the_catalogue(tmp_path: Path) -> None:
    run = tmp_path / "run"
    catalog = imported(tmp_path, "1", "post", "OLD")
    prepare(order_from(run, asked(catalog, "post")))
    imported(tmp_path, "1", "post", "NEW")
    assert names(order_to_resume(run)) == ["post/OLD"]
    prepare(order_to_resume(run))
    with pytest.raises(CheckpointError, match="another plan"):
        prepare(order_from(run, asked(catalog, "post")))
    catalog.unlink()
    assert names(order_to_resume(run)) == ["post/OLD"]


def test_a_catalogue_that_moved_is_no_other_plan(tmp_path: Path) -> None:
    catalog = imported(tmp_path, "1", "post", "SEND")
    prepare(order_from(tmp_path / "run", asked(catalog, "post")))
    moved = catalog.rename(tmp_path / "moved.db")
    prepare(order_from(tmp_path / "run", asked(moved, "post")))


def test_the_environment_names_a_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCDEX_CATALOG", "/somewhere/tools.db")
    assert load().settings.catalog == Path("/somewhere/tools.db")
