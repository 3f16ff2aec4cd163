"""The file of vectors saves work, and nothing that happens to it changes a decision."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import Scattered, by_meaning

from funcdex.dedup.embedding import BATCH, encoded
from funcdex.dedup.kept import PROBE, KeptVectors

TEXTS = [f"text {number}" for number in range(5)]
RECORD_BYTES = 16 + 2 * 64 + 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with the vectors of TEXTS."""
    path = tmp_path / "vectors.bin"
    keep(path, TEXTS)
    return path


def keep(path: Path, texts: list[str], model: str = "minilm", seed: int = 0) -> list[str]:
    """Opens the file as a session does, asks for vectors, and says which texts were computed for that."""
    embedder = Scattered(seed=seed)
    kept = KeptVectors(path, model, embedder)
    vectors = kept.recall(texts)
    kept.close()
    assert np.array_equal(vectors, encoded(Scattered(seed=seed), texts))
    return [text for text in embedder.encoded if text != PROBE]


def test_what_is_kept_is_not_computed_again(path: Path) -> None:
    assert keep(path, TEXTS[::-1]) == []


def test_what_is_missing_is_computed_in_batches_and_kept(path: Path) -> None:
    more = [f"more {number}" for number in range(2 * BATCH)]
    assert keep(path, [TEXTS[0], *more, TEXTS[1]]) == more
    assert keep(path, more) == []


def test_a_file_that_was_deleted_is_made_again(path: Path) -> None:
    path.unlink()
    assert keep(path, TEXTS) == TEXTS
    assert keep(path, TEXTS) == []


def test_what_nobody_asks_for_stays_and_does_no_harm(path: Path) -> None:
    assert keep(path, TEXTS[2:3]) == []
    assert keep(path, TEXTS) == []


@pytest.mark.parametrize(("model", "seed"), [("another", 0), ("minilm", 1)])
def test_vectors_of_another_model_are_thrown_away_also_under_the_same_name(
    path: Path, model: str, seed: int
) -> None:
    assert keep(path, TEXTS, model, seed) == TEXTS
    assert keep(path, TEXTS, model, seed) == []
    assert keep(path, TEXTS) == TEXTS


def test_vectors_of_another_dimension_are_thrown_away(path: Path) -> None:
    kept = KeptVectors(path, "minilm", Scattered(dimension=32))
    assert kept.recall(TEXTS).shape == (5, 32)
    kept.close()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_file_cut_anywhere_gives_the_same_vectors(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / "vectors.bin"
    keep(path, TEXTS)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    computed = keep(path, TEXTS)
    assert computed == TEXTS[len(TEXTS) - len(computed) :] and computed
    assert keep(path, TEXTS) == []


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_file_damaged_anywhere_gives_the_same_vectors(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "vectors.bin"
    keep(path, TEXTS)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    keep(path, TEXTS)
    assert keep(path, TEXTS) == []


def test_only_the_damaged_record_is_computed_again(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-RECORD_BYTES - 10] ^= 1
    path.write_bytes(content)
    assert keep(path, TEXTS) == [TEXTS[3]]


def test_a_file_that_cannot_be_opened_costs_time_and_nothing_else(tmp_path: Path) -> None:
    assert keep(tmp_path, TEXTS) == TEXTS
    assert keep(tmp_path / "nowhere" / "vectors.bin", TEXTS) == TEXTS


def test_a_disk_that_is_full_costs_the_cache_and_not_the_run(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def part_of_it(descriptor: int, data: bytes, offset: int) -> int:
        return write(descriptor, data[: len(data) // 2], offset)

    write = os.pwrite
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", part_of_it)
        assert keep(path, [*TEXTS, "new 1", "new 2"]) == ["new 1", "new 2"]
    assert keep(path, [*TEXTS, "new 1", "new 2"])[-1] == "new 2"


def test_a_layer_keeps_what_it_admits_and_begins_with_it(tmp_path: Path) -> None:
    path, first = tmp_path / "vectors.bin", Scattered()
    kept = KeptVectors(path, "minilm", first)
    layer = by_meaning(first, 0.95, kept=kept)
    verdicts = layer.admit([("gmail", "one"), ("gmail", "two"), ("gmail", "one"), ("jira", "three")])
    assert [verdict is None for verdict in verdicts] == [True, True, False, True]
    kept.close()
    assert path.stat().st_size == path.read_bytes().index(b"\n") + 1 + 4 * RECORD_BYTES, "and the probe"

    second = Scattered()
    kept = KeptVectors(path, "minilm", second)
    layer = by_meaning(second, 0.95, kept=kept)
    layer.insert("gmail", ["one", "two"])
    layer.insert("jira", ["three"])
    assert second.encoded == [PROBE]
    assert layer.admit([("gmail", "two"), ("gmail", "three"), ("jira", "three")])[1] is None
    kept.close()
