"""What an import leaves in a catalogue, whatever was there before and whatever stops it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from funcdex.catalogue.database import open_to_read, open_to_write
from funcdex.catalogue.importing import Done, import_into
from funcdex.catalogue.reader import open_catalogue
from funcdex.errors import CatalogueError, ToolDefinitionError
from funcdex.toolkits.notes import Note
from funcdex.toolkits.read import read_toolkits

SHIPPED = Path(__file__).parents[2] / "tool_definitions"


def tool(name: str, description: str = "Does it.", **properties: Any) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "parameters": {"type": "object", "properties": properties},
        "response": {"type": "object", "properties": {"id": {"type": "string"}}},
    }


def write(path: Path, toolkit: str, *tools: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {"toolkit": toolkit, "description": f"All of {toolkit}.", "tools": tools}
    path.write_text(json.dumps(data), "utf-8")
    return path


def import_(catalog: Path, *roots: Path, notes: list[Note] | None = None) -> Done:
    with closing(open_to_write(catalog)) as connection:
        return import_into(connection, list(map(str, roots)), (notes if notes is not None else []).append)


def ids(catalog: Path) -> list[str]:
    with open_catalogue(catalog) as opened:
        return [
            f"{one.name}/{tool.name}" for one in opened.listed() for tool in opened.toolkit(one.name).tools
        ]


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    return tmp_path / "tools.db"


def test_toolkits_come_out_as_they_went_in(catalog: Path) -> None:
    import_(catalog, SHIPPED)
    with open_catalogue(catalog) as opened:
        for kit in read_toolkits([]).toolkits:
            assert opened.toolkit(kit.name) == kit


def test_a_source_that_is_unchanged_is_not_read_again(tmp_path: Path, catalog: Path) -> None:
    path = write(tmp_path / "mail.json", "mail", tool("SEND"))
    assert (import_(catalog, path).read, import_(catalog, path).unchanged) == (1, 1)


def test_a_source_that_changed_replaces_what_it_said_before(tmp_path: Path, catalog: Path) -> None:
    path = write(tmp_path / "mail.json", "mail", tool("SEND"), tool("DROP"))
    import_(catalog, path)
    write(path, "mail", tool("SEND", "Sends it now."), tool("ADD"))
    assert import_(catalog, path).read == 1
    assert ids(catalog) == ["mail/SEND", "mail/ADD"]
    with open_catalogue(catalog) as opened:
        assert not [hit for hit in opened.search("drop") if hit.tool == "DROP"]
        assert opened.search("sends now")[0].tool == "SEND"


def test_a_file_that_is_gone_from_a_folder_goes_from_the_catalogue(tmp_path: Path, catalog: Path) -> None:
    folder, beside = tmp_path / "apis", write(tmp_path / "other.json", "other", tool("STAY"))
    write(folder / "deep" / "a.json", "a", tool("GO"))
    write(folder / "b.json", "b", tool("KEEP"))
    import_(catalog, folder, beside)
    (folder / "deep" / "a.json").unlink()
    assert import_(catalog, folder).removed == 1
    assert ids(catalog) == ["b/KEEP", "other/STAY"]


def test_toolkits_of_one_name_are_told_apart_and_keep_their_names(tmp_path: Path, catalog: Path) -> None:
    first = write(tmp_path / "1.json", "mail", tool("SEND"))
    second = write(tmp_path / "2.json", "mail", tool("POST"))
    done = import_(catalog, first, second)
    assert len(done.renamed) == 1 and ids(catalog) == ["mail/SEND", "mail_2/POST"]
    write(second, "mail", tool("POST"), tool("PULL"))
    first.unlink()
    import_(catalog, second)
    assert ids(catalog) == ["mail/SEND", "mail_2/POST", "mail_2/PULL"]


def test_a_file_of_a_folder_that_cannot_be_read_is_told_and_leaves_the_others(
    tmp_path: Path, catalog: Path
) -> None:
    write(tmp_path / "apis" / "good.json", "good", tool("SEND"))
    (tmp_path / "apis" / "bad.json").write_text("{", "utf-8")
    notes: list[Note] = []
    done = import_(catalog, tmp_path / "apis", notes=notes)
    assert (done.read, done.left_out) == (1, 1) and "bad.json" in notes[0].where
    with pytest.raises(ToolDefinitionError):
        import_(catalog, tmp_path / "apis" / "bad.json")


def test_a_file_that_breaks_keeps_what_the_catalogue_had_of_it(tmp_path: Path, catalog: Path) -> None:
    path = write(tmp_path / "apis" / "mail.json", "mail", tool("SEND"))
    import_(catalog, tmp_path / "apis")
    path.write_text("{", "utf-8")
    import_(catalog, tmp_path / "apis")
    assert ids(catalog) == ["mail/SEND"]


KILLED = """
import os, sys
from pathlib import Path
from funcdex.catalogue import writer
from funcdex.catalogue.database import open_to_write
from funcdex.catalogue.importing import import_into

seen = 0
add_tool = writer.Writer._add_tool
def dying(*arguments):
    global seen
    seen += 1
    if seen == 3:
        os._exit(9)
    return add_tool(*arguments)
writer.Writer._add_tool = dying
import_into(open_to_write(Path(sys.argv[1])), [sys.argv[2]], print)
"""


def test_an_import_that_is_killed_leaves_every_source_as_it_was(tmp_path: Path, catalog: Path) -> None:
    path = write(tmp_path / "mail.json", "mail", *(tool(f"OLD_{index}") for index in range(4)))
    import_(catalog, path)
    write(path, "mail", *(tool(f"NEW_{index}") for index in range(4)))
    command = [sys.executable, "-c", KILLED, str(catalog), str(path)]
    assert subprocess.run(command, timeout=120, check=False).returncode == 9
    assert ids(catalog) == [f"mail/OLD_{index}" for index in range(4)]
    import_(catalog, path)
    assert ids(catalog) == [f"mail/NEW_{index}" for index in range(4)]


def test_a_reader_keeps_what_it_sees_while_another_writes(tmp_path: Path, catalog: Path) -> None:
    path = write(tmp_path / "mail.json", "mail", tool("OLD"))
    import_(catalog, path)
    write(path, "mail", tool("NEW"))
    query = "SELECT name FROM tool"
    with closing(open_to_read(catalog)) as reader, closing(open_to_write(catalog)) as writer:
        reader.execute("BEGIN")
        assert reader.execute(query).fetchall() == [("OLD",)]
        import_into(writer, [str(path)], print)
        assert reader.execute(query).fetchall() == [("OLD",)]
        reader.execute("COMMIT")
        assert reader.execute(query).fetchall() == [("NEW",)]


def test_numbers_of_any_size_and_any_letters_survive(tmp_path: Path, catalog: Path) -> None:
    path = write(
        tmp_path / "n.json", "n", tool("BIG", "Größer 数字 🙂", n={"type": "integer", "maximum": 10**40})
    )
    import_(catalog, path)
    with open_catalogue(catalog) as opened:
        assert opened.toolkit("n") == read_toolkits([path]).toolkits[0]
        assert opened.search("großer")[0].tool == "BIG" and opened.search("数字")[0].tool == "BIG"


def test_when_a_source_was_imported_is_told(tmp_path: Path, catalog: Path) -> None:
    path = write(tmp_path / "mail.json", "mail", tool("SEND"))
    with closing(open_to_write(catalog)) as connection:
        import_into(connection, [str(path)], print, now=lambda: datetime(2031, 2, 3, 4, 5, tzinfo=UTC))
    with open_catalogue(catalog) as opened:
        (listed,) = opened.listed()
    assert (listed.source, listed.imported_at) == (str(path.resolve()), "2031-02-03T04:05:00+00:00")


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\0" * 2000])
def test_a_file_that_is_no_catalogue_is_refused(catalog: Path, content: bytes) -> None:
    catalog.write_bytes(content)
    with pytest.raises(CatalogueError):
        open_catalogue(catalog)


def test_a_database_of_something_else_is_not_written_to(catalog: Path) -> None:
    with closing(sqlite3.connect(catalog)) as other:
        other.execute("CREATE TABLE mine (x)")
    for opening in (open_catalogue, open_to_write):
        with pytest.raises(CatalogueError, match="no catalogue"):
            opening(catalog)


def test_a_catalogue_of_another_format_is_refused(tmp_path: Path, catalog: Path) -> None:
    import_(catalog, write(tmp_path / "mail.json", "mail", tool("SEND")))
    with closing(sqlite3.connect(catalog)) as changed:
        changed.execute("PRAGMA user_version = 99")
    for opening in (open_catalogue, open_to_write):
        with pytest.raises(CatalogueError, match="format 99"):
            opening(catalog)


def test_a_missing_catalogue_is_told_and_not_made(catalog: Path) -> None:
    with pytest.raises(CatalogueError, match="cannot be opened"):
        open_catalogue(catalog)
    assert not catalog.exists()


def test_a_definition_that_is_damaged_is_told(tmp_path: Path, catalog: Path) -> None:
    import_(catalog, write(tmp_path / "mail.json", "mail", tool("SEND")))
    with closing(sqlite3.connect(catalog)) as changed:
        changed.execute("UPDATE tool SET definition = substr(definition, 1, 20)")
        changed.commit()
    with open_catalogue(catalog) as opened, pytest.raises(CatalogueError, match="damaged"):
        opened.toolkit("mail")


def test_a_catalogue_that_is_cut_off_is_told(catalog: Path) -> None:
    import_(catalog, SHIPPED)
    with catalog.open("r+b") as file:
        file.truncate(catalog.stat().st_size // 2)
    with pytest.raises(CatalogueError), open_catalogue(catalog) as opened:
        opened.search("send an email")
        for one in opened.listed():
            opened.toolkit(one.name)


def test_a_catalogue_in_a_folder_that_may_not_be_written_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    import_(folder / "tools.db", SHIPPED)
    (folder / "tools.db").chmod(0o444)
    folder.chmod(0o555)
    try:
        assert "gmail/SEND_MESSAGE" in ids(folder / "tools.db")
    finally:
        folder.chmod(0o755)
