"""What descriptions tell of fields and parameters: in their plain forms, and to a sentence model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joined.labelled import Counts, counted, labels

from funcdex.order import Order
from funcdex.rundir.layout import RunDir
from funcdex.settings.tree import Settings
from funcdex.tool_links import find_links, kept_links, with_links
from funcdex.toolkits.described import MAX_TOOLS, described_edges
from funcdex.toolkits.graph import graph_of, tool_graph
from funcdex.toolkits.read import read_toolkits
from funcdex.toolkits.told import told_things
from funcdex.types.tools import Bundle, JsonSchema, Tool, Toolkit


class BagOfWords:
    """An embedder for which texts are near that share words."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.asked += len(texts)
        words = sorted({word for text in texts for word in text.lower().split()})
        rows = np.array([[word in text.lower().split() for word in words] for text in texts], np.float32)
        vectors: npt.NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return vectors


def tool(name: str, parameters: JsonSchema, response: JsonSchema, required: Sequence[str] = ()) -> Tool:
    takes = {"type": "object", "properties": dict(parameters), "required": list(required)}
    return Tool("chat", name, "", takes, {"type": "object", "properties": dict(response)})


def text(description: str) -> JsonSchema:
    return {"type": "string", "description": description}


STAMP = "stamp that names the message in its channel for all who read it there"
POST = tool("POST", {"words": text("what is said")}, {"ts": text(STAMP), "title": text(STAMP)})
PIN = tool("PIN", {"timestamp": text(STAMP), "title": text(STAMP)}, {}, ["timestamp"])
ERASE = tool("DELETE_POST", {}, {"ts": text(STAMP)})


@pytest.mark.parametrize(
    ("description", "mark", "things"),
    [
        ("Page id, for example 5983-27.", "id", {"page"}),
        ("Account id of the person, from FIND_USERS; -1 for nobody.", "id", {"account", "person"}),
        ("Number of the issue or pull request.", "number", {"issue", "pull request"}),
        ("Id of the page or of the block.", "id", {"page", "block"}),
        ("Key or id of the issue, for example WEB-214.", "id", {"issue"}),
        ("Address (uri) of the event type, as LIST_EVENT_TYPES gives it.", "url", {"event type"}),
        ("Ids of folders to put it in, separated by commas.", "id", {"folder"}),
        ("Id of its list.", "id", {"list"}),
        ("Needed unless an id is given.", "id", set()),
        ("What it is about.", "", set()),
    ],
)
def test_plain_descriptions_say_of_what_a_value_is(description: str, mark: str, things: set[str]) -> None:
    found, told = told_things(description)
    assert found == mark
    assert set(told) == {frozenset(thing.split()) for thing in things}


@given(st.text(max_size=300))
def test_any_description_is_read_without_a_fault(description: str) -> None:
    mark, things = told_things(description)
    assert mark in ("", "id", "number", "name", "url") and all(things)


def test_what_the_names_do_not_join_a_like_description_does() -> None:
    (edge,) = described_edges((PIN, POST), BagOfWords())
    assert (edge.source, edge.field, edge.target, edge.parameter) == ("POST", "ts", "PIN", "timestamp")
    assert 0.5 <= edge.weight <= 0.75 and not tool_graph((PIN, POST)).edges
    assert described_edges((POST, PIN), BagOfWords()) == (edge,)


def test_what_is_gone_told_before_of_another_type_or_a_title_is_joined_by_no_description() -> None:
    number: JsonSchema = {"type": "integer", "description": STAMP}
    told = tool("EDIT", {"timestamp": text(STAMP)}, {"ts": text(STAMP)}, ["timestamp"])
    for source in (ERASE, told, tool("COUNT", {}, {"ts": number}), tool("NAME", {}, {"title": text(STAMP)})):
        assert not described_edges((source, PIN), BagOfWords()), source.name


def test_where_names_have_joined_two_tools_descriptions_add_nothing() -> None:
    make = tool(
        "CREATE_CARD", {}, {"id": text("Card id that names the card"), "ref": text("Card id that names it")}
    )
    show = tool("SHOW", {"card_id": text("Card id that names the card")}, {})
    assert tool_graph((make, show)).edges and not described_edges((make, show), BagOfWords())


def test_too_many_tools_are_not_compared() -> None:
    many = [tool(f"POST_{number}", {}, {"ts": text(STAMP)}) for number in range(MAX_TOOLS)]
    embedder = BagOfWords()
    assert not described_edges((*many, PIN), embedder) and not embedder.asked
    assert len(described_edges((*many[:-1], PIN), embedder)) == MAX_TOOLS - 1


def test_links_are_found_once_and_kept_for_other_runs_too(tmp_path: Path) -> None:
    bundle, settings = Bundle((Toolkit("chat", "", (PIN, POST)),)), Settings()
    run, shared = tmp_path / "run", tmp_path / "shared"
    found = find_links((bundle,), settings, (run, shared), BagOfWords())
    assert len(found["chat"]) == 1
    assert kept_links((bundle,), settings, (run,)) == found
    assert kept_links((bundle,), settings, (tmp_path / "other", shared)) == found
    assert kept_links((bundle,), settings, (tmp_path / "other",)) == found
    other = Settings.model_validate({"dedup": {"model": "another"}})
    assert not kept_links((bundle,), other, (run, shared))
    assert not kept_links((Bundle((Toolkit("chat", "", (PIN,)),)),), settings, (run, shared))


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"[[1]]", b'[["GONE","a","PIN","b",0.5]]', b'[["POST","a","PIN","b",7]]']
)
def test_kept_links_that_are_not_what_was_written_are_found_anew(tmp_path: Path, damage: bytes) -> None:
    bundle = Bundle((Toolkit("chat", "", (PIN, POST)),))
    find_links((bundle,), Settings(), (tmp_path,), BagOfWords())
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage)
    assert kept_links((bundle,), Settings(), (tmp_path,)) == {}


async def test_without_the_sentence_model_tools_are_linked_by_names(tmp_path: Path) -> None:
    said: list[str] = []
    raw = {"generation": {"tool_links": "descriptions"}, "dedup": {"layers": ["masked", "words"]}}
    order = Order(RunDir(tmp_path), Settings.model_validate(raw), (Bundle((Toolkit("chat", "", (PIN,)),)),))
    assert await with_links(order, said.append) is order and "by names alone" in said[0]
    plain = Order(RunDir(tmp_path), Settings(), order.bundles)
    assert await with_links(plain, said.append) is plain and len(said) == 1


def test_a_bundle_with_links_has_a_graph_of_its_own() -> None:
    bundle = Bundle((Toolkit("chat", "", (PIN, POST)),))
    links = described_edges(bundle.tools, BagOfWords())
    assert graph_of(bundle, links).edges == links and graph_of(bundle, links) is graph_of(bundle, links)
    assert graph_of(bundle).edges == ()


def test_of_the_joins_that_a_person_has_labelled_names_find_most_and_hardly_a_wrong_one() -> None:
    kits = {kit.name: kit.tools for kit in read_toolkits([]).toolkits}
    total = Counts()
    for kit, some in labels(kits).items():
        edges = tool_graph(kits[kit]).edges
        for one in some:
            total += counted(one, kits[kit], edges)[0]
    assert total.wanted > 700 and total.precision >= 0.98 and total.recall >= 0.85, total
