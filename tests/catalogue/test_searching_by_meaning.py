"""An index of what tools mean: made with FAISS, used beside the words, and never in their way."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import Scattered, unit

from funcdex.catalogue.database import open_to_write
from funcdex.catalogue.importing import import_into
from funcdex.catalogue.reader import open_catalogue
from funcdex.catalogue.search import Filter
from funcdex.cli.catalog_meaning import found
from funcdex.dedup.index import FloatArray
from funcdex.errors import CatalogueError
from funcdex.tool_meaning import build
from funcdex.tool_meaning.build import embed_catalogue
from funcdex.tool_meaning.index import (
    About,
    MeaningIndex,
    cells_for,
    folder_of,
    new_index,
    read_about,
    save,
)
from funcdex.tool_meaning.search import MeaningSearch, opened_with_meaning
from funcdex.tool_meaning.texts import text_of
from funcdex.toolkits.native import dump_native
from funcdex.types.tools import Tool, Toolkit

pytest.importorskip("faiss", reason="the extra funcdex[dedup] is not installed")

TOOLS = {
    "pets": [("feed_dog", "Feed a dog."), ("wash_dog", "Wash a dog."), ("list_cats", "List cats.")],
    "money": [("refund", "Refund a payment."), ("charge", "Charge a card.")],
}


class Themes:
    """An embedder that knows two themes: animals, and all else; and the texts that it was asked for."""

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> FloatArray:
        self.encoded += texts
        noise = Scattered(8).encode(texts)
        themes = np.array(
            [[3.0, 0.0] if any(word in text for word in ANIMALS) else [0.0, 3.0] for text in texts]
        )
        return unit(np.concatenate([themes.astype(np.float32), noise], axis=1))


ANIMALS = ("dog", "cat", "hound")


def write(catalog: Path, tools: dict[str, list[tuple[str, str]]]) -> Path:
    """Imports toolkits, each from a file of its own."""
    for name, listed in tools.items():
        kit = Toolkit(name, "", tuple(Tool(name, tool, text) for tool, text in listed))
        source = catalog.with_name(f"{name}.json")
        source.write_text(dump_native([kit]))
        with closing(open_to_write(catalog)) as connection:
            import_into(connection, [str(source)], lambda note: None)
    return catalog


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    return write(tmp_path / "tools.db", TOOLS)


@pytest.fixture
def model() -> Themes:
    return Themes()


@pytest.fixture
def embedded(catalog: Path, model: Themes) -> Path:
    assert embed_catalogue(catalog, model, "themes").tools == 5
    return catalog


def opened_search(catalog: Path, model: Themes) -> MeaningSearch:
    search = opened_with_meaning(open_catalogue(catalog), catalog, lambda name: model)
    assert search
    return search


def test_a_tool_is_found_that_shares_no_word_with_the_query(embedded: Path, model: Themes) -> None:
    with open_catalogue(embedded) as by_words:
        assert by_words.search("hound") == ()
    first = opened_search(embedded, model).search("hound")[:3]
    assert {hit.toolkit for hit in first} == {"pets"}


def test_words_still_count(embedded: Path, model: Themes) -> None:
    hits = opened_search(embedded, model).search("wash a dog")
    assert hits[0].id == "pets/wash_dog" and len({hit.id for hit in hits}) == 5


def test_what_is_near_is_held_to_the_options_too(embedded: Path, model: Themes) -> None:
    hits = opened_search(embedded, model).search("hound", only=Filter(toolkit="money"))
    assert {hit.toolkit for hit in hits} == {"money"}


def test_options_alone_ask_no_model(embedded: Path, model: Themes) -> None:
    search, before = opened_search(embedded, model), len(model.encoded)
    assert len(search.search("", only=Filter(toolkit="pets"))) == 3
    assert len(model.encoded) == before


@given(st.text(st.characters(codec=None), max_size=60))
def test_any_tool_has_a_text(text: str) -> None:
    assert text_of(text, text, text).endswith(f". {text}")


def test_half_a_surrogate_pair_is_a_query(embedded: Path, model: Themes) -> None:
    assert len(opened_search(embedded, model).search("dog \ud800")) == 5


def test_an_index_that_is_up_to_date_is_left_alone(embedded: Path, model: Themes) -> None:
    before = len(model.encoded)
    assert embed_catalogue(embedded, model, "themes").unchanged
    assert len(model.encoded) == before


def test_only_what_changed_is_embedded_again(embedded: Path, model: Themes) -> None:
    write(embedded, {"pets": [*TOOLS["pets"][:2], ("list_birds", "List birds.")]})
    model.encoded.clear()
    assert not embed_catalogue(embedded, model, "themes").unchanged
    assert [text for text in model.encoded if "pets" in text or "money" in text] == [
        "pets: list birds. List birds."
    ]
    hits = opened_search(embedded, model).search("birds", 10)
    assert "pets/list_birds" in [hit.id for hit in hits] and "pets/list_cats" not in [hit.id for hit in hits]


def test_versions_of_an_application_share_their_vectors() -> None:
    assert text_of("mail_2", "sendMessage", "Send.") == text_of("mail", "sendMessage", "Send.")
    assert text_of("mail", "sendMessage", "Send.") == "mail: send message. Send."


def test_an_index_older_than_the_catalogue_is_noticed(
    embedded: Path, model: Themes, capsys: pytest.CaptureFixture[str]
) -> None:
    write(embedded, {"birds": [("feed_duck", "Feed a duck.")]})
    with open_catalogue(embedded) as opened:
        with pytest.raises(CatalogueError, match="older than the catalogue.*funcdex tools embed"):
            opened_with_meaning(opened, embedded, lambda name: model)
        assert found(opened, embedded, "feed", 5, Filter())[0].tool in ("feed_duck", "feed_dog")
    assert "searched by words alone" in capsys.readouterr().err


def test_another_model_makes_another_index(embedded: Path, model: Themes) -> None:
    model.encoded.clear()
    assert not embed_catalogue(embedded, model, "other").unchanged
    assert len(model.encoded) > 5
    about = read_about(folder_of(embedded))
    assert about and about.model == "other"
    assert len(list(folder_of(embedded).glob("index-*"))) == 1


@pytest.mark.parametrize("damage", [b"", b"not an index", b"IxMp" + bytes(64)])
def test_a_damaged_index_is_told_and_words_are_searched(
    embedded: Path, damage: bytes, model: Themes, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = folder_of(embedded).glob("index-*")
    path.write_bytes(damage)
    about = read_about(folder_of(embedded))
    assert about
    with pytest.raises(CatalogueError, match="is damaged"):
        MeaningIndex(folder_of(embedded), about)
    with open_catalogue(embedded) as opened:
        assert found(opened, embedded, "dog", 5, Filter())
    assert "searched by words alone" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "[" * 40_000, '{"format": 2}', '{"model": 1, "dimension": "x", "tools": 0, "state": 0}'],
)
def test_what_is_no_description_of_an_index_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "about.json").write_text(text)
    assert read_about(tmp_path) is None


def test_an_index_lies_in_its_folder(embedded: Path) -> None:
    folder = folder_of(embedded)
    about = json.loads((folder / "about.json").read_text())
    (folder / "about.json").write_text(json.dumps({**about, "index": "../tools.db"}))
    assert read_about(folder) is None


def test_many_vectors_lie_in_cells_and_are_found_there(tmp_path: Path) -> None:
    count, dimension = 6_000, 16
    vectors = unit(np.random.default_rng(1).standard_normal((count, dimension), dtype=np.float32))
    index = new_index(dimension, 64, vectors)
    index.add_with_ids(vectors, np.arange(count) + 7)
    about = About("themes", dimension, 50_000, "state", "index-1.faiss")
    save(tmp_path, index, about)
    opened = MeaningIndex(tmp_path, about)
    right = sum(next(iter(opened.near(vectors[row], 3))) == row + 7 for row in range(0, count, 100))
    assert right >= 57


def test_a_catalogue_of_many_is_put_into_cells(
    catalog: Path, model: Themes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "cells_for", lambda tools: 2)
    monkeypatch.setattr(build, "CHUNK", 2)
    embed_catalogue(catalog, model, "themes")
    hits = opened_search(catalog, model).search("hound")
    assert {hit.toolkit for hit in hits[:3]} == {"pets"}


def test_cells_grow_with_the_tools() -> None:
    assert cells_for(20_000) == 0
    assert 64 <= cells_for(20_001) <= cells_for(175_223) <= 1024


def test_a_catalogue_without_tools_gets_no_index(tmp_path: Path, model: Themes) -> None:
    path = tmp_path / "empty.db"
    open_to_write(path).close()
    with pytest.raises(CatalogueError, match="has no tools"):
        embed_catalogue(path, model, "themes")


def test_a_catalogue_without_an_index_is_searched_without_heavy_imports(catalog: Path) -> None:
    code = (
        "import sys; from funcdex.cli.app import app\n"
        f"try: app(['tools', 'search', 'dog', '--catalog', {str(catalog)!r}])\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'numpy', 'faiss', 'torch', 'sentence_transformers'} & sys.modules.keys()\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "pets/feed_dog" in done.stdout
