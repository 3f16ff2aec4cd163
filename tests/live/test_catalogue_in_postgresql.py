"""A catalogue in a real PostgreSQL server: it holds and finds what one in a file does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from run_index.index_checks import check_index
from running import run_command
from searched.queries import read_queries

from funcdex.catalogue.dialect import faults, open_to_write
from funcdex.catalogue.importing import import_into
from funcdex.catalogue.postgres import as_tsquery
from funcdex.catalogue.reader import Catalogue, open_catalogue
from funcdex.catalogue.search import Filter
from funcdex.errors import CatalogueError
from funcdex.settings.catalog_place import DatabaseUrl, Place, place_of
from funcdex.toolkits.native import dump_native
from funcdex.toolkits.read import read_toolkits
from live import postgresql
from live.postgresql import PostgresServer

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(postgresql.why_not() is not None, reason=postgresql.why_not() or ""),
]

SHIPPED = Path(__file__).parents[2] / "tool_definitions"
QUERIES = [
    "send an email with an attachment",
    "list the branches of a repo",
    "create a calendar event",
    "delete a file",
    "post a message to a channel",
    "search issues",
]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgresql.running() as one:
        yield one


def fill(place: Place, *sources: Path) -> None:
    with closing(open_to_write(place)) as connection:
        import_into(connection, [str(one) for one in sources], lambda note: None)


@pytest.fixture(scope="module")
def both(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Place]:
    """The shipped tools in a file and in a database."""
    file, database = tmp_path_factory.mktemp("file") / "tools.db", place_of(server.new_database())
    for place in (file, database):
        fill(place, SHIPPED)
    return file, database


def test_both_hold_the_same_toolkits(both: tuple[Place, Place]) -> None:
    with open_catalogue(both[0]) as file, open_catalogue(both[1]) as database:
        assert database.names() == file.names()
        assert [(one.name, one.tools, one.source) for one in database.listed()] == [
            (one.name, one.tools, one.source) for one in file.listed()
        ]
        for name in sorted(file.names())[:5]:
            assert database.toolkit(name) == file.toolkit(name)


def first(opened: Catalogue, query: str) -> list[str]:
    return [hit.id for hit in opened.search(query, 5)]


def test_both_find_much_the_same(both: tuple[Place, Place]) -> None:
    with open_catalogue(both[0]) as file, open_catalogue(both[1]) as database:
        alike = [first(file, query)[:1] == first(database, query)[:1] for query in QUERIES]
        assert sum(alike) >= len(QUERIES) - 1
        shared = [len({*first(file, query)} & {*first(database, query)}) for query in QUERIES]
        assert sum(shared) >= 0.8 * 5 * len(QUERIES)


def test_queries_with_a_right_answer_find_it_as_often(both: tuple[Place, Place]) -> None:
    hits = []
    for place in both:
        with open_catalogue(place) as opened:
            hits.append(
                sum(any(query.is_right(id) for id in first(opened, query.text)) for query in read_queries())
            )
    in_file, in_database = hits
    assert in_file > 0
    assert in_database >= 0.95 * in_file


@pytest.mark.parametrize("only", [Filter(verb="send"), Filter(parameter="subject"), Filter(toolkit="gmail")])
def test_filters_let_through_the_same(both: tuple[Place, Place], only: Filter) -> None:
    with open_catalogue(both[0]) as file, open_catalogue(both[1]) as database:
        found = [sorted(hit.id for hit in opened.search("", 1000, only)) for opened in (file, database)]
    assert found[0] == found[1] and found[0]


@pytest.mark.parametrize(
    "query",
    ["", "'", "\\", "a' | 'b", '"quoted"', "50% off?", "x" * 999, "é" * 999, "\0", "\ud800", "& | ! <->"],
)
def test_any_text_is_a_query(both: tuple[Place, Place], query: str) -> None:
    with open_catalogue(both[1]) as opened:
        opened.search(query)


def test_a_source_that_comes_again_replaces_what_it_had(server: PostgresServer, tmp_path: Path) -> None:
    place = place_of(server.new_database())
    kits = read_toolkits([SHIPPED]).toolkits[:2]
    source = tmp_path / "tools.json"
    source.write_text(dump_native(kits))
    fill(place, source)
    fill(place, source)
    source.write_text(dump_native(kits[:1]))
    fill(place, source)
    with open_catalogue(place) as opened:
        assert opened.names() == {kits[0].name}
        assert opened.toolkit(kits[0].name) == kits[0]


def test_a_catalogue_that_is_read_is_not_written(both: tuple[Place, Place]) -> None:
    from funcdex.catalogue.dialect import open_to_read

    with closing(open_to_read(both[1])) as connection, pytest.raises(CatalogueError, match="read-only"):
        with faults(both[1]):
            connection.execute("DELETE FROM tool")


def test_a_database_without_a_catalogue_is_refused(server: PostgresServer) -> None:
    with pytest.raises(CatalogueError, match="holds no catalogue"):
        open_catalogue(place_of(server.new_database()))


def test_a_server_that_is_not_there_is_told_in_one_message(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="cannot be used") as raised:
        open_catalogue(DatabaseUrl(f"postgresql:///x?host={tmp_path}"))
    assert str(tmp_path) in str(raised.value)


def test_a_team_imports_searches_and_begins_runs_from_a_database(
    server: PostgresServer, tmp_path: Path
) -> None:
    url = server.new_database()
    done = run_command("tools", "import", SHIPPED, "--catalog", url)
    assert done.returncode == 0, done.stderr
    found = run_command("tools", "search", "send an email", "--catalog", url)
    assert "gmail/" in found.stdout, found.stderr
    dry = ("generate", "--toolkits", "gmail", "--catalog", url, "--dry-run", "--endpoints", "sim")
    assert run_command(*dry, "--run", tmp_path / "run").returncode == 0


def test_expressions_of_fts5_are_written_as_postgresql_writes_them() -> None:
    assert as_tsquery("""("a" OR "it's") AND ("OR")""") == "('a' | 'it''s') & ('OR')"


def test_a_database_holds_the_runs_of_a_team_beside_its_catalogue(
    server: PostgresServer, tmp_path: Path
) -> None:
    place = place_of(server.new_database())
    fill(place, SHIPPED / "gmail.json")
    check_index(place, tmp_path)
    with open_catalogue(place) as opened:
        assert opened.names()
