"""A catalogue is a file or a database, and no password gets where others can read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from running import run_command

from funcdex.settings.catalog_place import DatabaseUrl, place_of
from funcdex.settings.load import load
from funcdex.settings.tree import Settings


@pytest.mark.parametrize("text", ["tools.db", "/a/b.db", "postgres.db", "postgresql/tools.db"])
def test_a_path_is_a_file(text: str) -> None:
    assert place_of(text) == Path(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("postgresql://db/tools", "postgresql://db/tools"),
        ("postgres://ann@db:5433/tools?sslmode=require", "postgresql://ann@db:5433/tools?sslmode=require"),
        ("postgresql:///tools?host=/run/postgresql", "postgresql:///tools?host=/run/postgresql"),
    ],
)
def test_a_url_is_a_database(text: str, url: str) -> None:
    assert place_of(text) == url and isinstance(place_of(text), DatabaseUrl)


@pytest.mark.parametrize(
    "text",
    ["postgresql://ann:hunter2@db/tools", "postgresql://db/tools?password=hunter2", "postgres://:hunter2@/x"],
)
def test_a_password_in_a_url_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="PGPASSWORD"):
        place_of(text)
    done = run_command("tools", "search", "mail", "--catalog", text)
    assert done.returncode == 2
    assert "PGPASSWORD" in done.stderr and "hunter2" not in done.stderr


def test_a_setting_keeps_its_place_in_a_manifest() -> None:
    for text in ("tools.db", "postgresql://ann@db:5433/tools?sslmode=require"):
        settings = load(None, {"catalog": text}).settings
        kept = settings.model_dump(mode="json")
        assert kept["catalog"] == text
        assert Settings.model_validate(kept).catalog == settings.catalog == place_of(text)
