"""A hundred queries, written before any tool was looked at, find the right tools of the shipped toolkits and
of 130 tools of other applications. `bench/catalog_search.py` asks them of a catalogue of the world's APIs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from searched.queries import Query, read_queries

from funcdex.catalogue.reader import Catalogue, catalogue_of
from funcdex.toolkits.read import read_toolkits
from funcdex.types.tools import Tool, Toolkit

APPLICATIONS = Path(__file__).parent / "applications.txt"
QUERIES = tuple(read_queries())
_LINE = re.compile(r"(\w+)/(\w+)\(([\w, ]*)\): (.+)")


def other_toolkits() -> Iterator[Toolkit]:
    """What `applications.txt` lists, without the applications that are shipped."""
    by_toolkit: dict[str, list[Tool]] = {}
    for line in APPLICATIONS.read_text("utf-8").splitlines():
        found = _LINE.fullmatch(line)
        assert found, line
        toolkit, name, parameters, description = found.groups()
        properties = {one.strip(): {"type": "string"} for one in parameters.split(",")}
        schema = {"type": "object", "properties": properties}
        by_toolkit.setdefault(toolkit, []).append(Tool(toolkit, name, description, schema))
    return (Toolkit(name, "", tuple(tools)) for name, tools in by_toolkit.items())


@pytest.fixture(scope="module")
def toolkits() -> dict[str, Toolkit]:
    shipped = {kit.name: kit for kit in read_toolkits([]).toolkits}
    return {kit.name: kit for kit in other_toolkits()} | shipped


@pytest.fixture(scope="module")
def opened(toolkits: dict[str, Toolkit]) -> Iterator[Catalogue]:
    with catalogue_of(toolkits.values()) as catalogue:
        yield catalogue


def test_there_are_a_hundred_different_queries() -> None:
    assert len({query.text for query in QUERIES}) == 100


def test_nine_in_ten_find_the_right_tool_among_the_first_five(
    opened: Catalogue, toolkits: dict[str, Toolkit]
) -> None:
    ids = [f"{kit.name}/{tool.name}" for kit in toolkits.values() for tool in kit.tools]
    asked = [query for query in QUERIES if any(map(query.is_right, ids))]
    missed = [query.text for query in asked if query.rank(opened.search(query.text, 5)) is None]
    assert len(asked) >= 90
    assert len(missed) <= len(asked) // 10, missed


def test_a_query_knows_what_is_right() -> None:
    query = Query("q", (re.compile("a/.*"),))
    assert query.is_right("a/B") and not query.is_right("b/A")
