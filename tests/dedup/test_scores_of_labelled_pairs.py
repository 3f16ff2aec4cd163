"""What `funcdex dedup` tells of labelled pairs, and what it says of files that hold none."""

# ruff: noqa: E501
from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from likeness.made import made_pairs
from running import run_command

from funcdex.dedup.index import FloatArray
from funcdex.dedup.pairs import Pair, read_pairs
from funcdex.dedup.rules import OFF, Thresholds
from funcdex.dedup.scoring import LayerName, calibrated, compared, score
from funcdex.errors import ConfigError

WITHOUT_VECTORS = Thresholds(embedding=OFF)
GOOD = {"id": "x", "a": "One.", "b": "Two.", "label": "distinct", "kind": "k", "toolkits": ["gmail"]}


GRADED: tuple[LayerName, ...] = ("words", "rouge_l")


class ByFirstWord:
    """Texts with the same first word have the same vector."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        dice = [np.random.default_rng(list(text.split()[0].encode())) for text in texts]
        vectors = np.stack([one.standard_normal(64) for one in dice]).astype(np.float32)
        unit: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


def written(path: Path, *lines: object) -> Path:
    path.write_text(
        "".join(one if isinstance(one, str) else json.dumps(one) + "\n" for one in lines), "utf-8"
    )
    return path


def test_pairs_are_read_with_what_may_be_missing(tmp_path: Path) -> None:
    bare = {"a": "One.", "b": "Two.", "label": "duplicate"}
    found = read_pairs(written(tmp_path / "pairs.jsonl", GOOD, "\n", bare))
    assert found == (Pair("One.", "Two.", False, "k", "x"), Pair("One.", "Two.", True, "duplicate", "3"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "no JSON"),
        ([1], "not a JSON object"),
        (GOOD | {"label": "same"}, "`label` is neither"),
        (GOOD | {"label": ["distinct"]}, "`label` is neither"),
        (GOOD | {"a": " "}, "`a` is no text"),
        (GOOD | {"b": 7}, "`b` is no text"),
        (GOOD | {"kind": None}, "`kind` is no text"),
    ],
)
def test_a_bad_line_is_told_with_its_number(tmp_path: Path, line: object, said: str) -> None:
    path = written(tmp_path / "pairs.jsonl", GOOD, line)
    with pytest.raises(ConfigError, match=rf"{said}.*pairs\.jsonl:2") as raised:
        read_pairs(path)
    assert "A line is" in str(raised.value)


def test_a_file_of_no_pairs_and_what_is_no_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="it holds 0 pairs"):
        read_pairs(written(tmp_path / "empty.jsonl", "\n"))
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ConfigError, match="cannot read it"):
            read_pairs(path)


def test_made_up_duplicates_are_told_from_all_else() -> None:
    found = score(compared(made_pairs(140), None), WITHOUT_VECTORS)
    assert found.together.recall is not None and found.together.recall >= 0.95
    assert found.together.precision is not None and found.together.precision >= 0.9
    assert found.together.false_rejection <= 0.02
    kinds = {kind.kind: kind for kind in found.kinds}
    assert (
        kinds["lexical_overlap"].refused == 0
        and kinds["lexical_overlap"].apart == kinds["lexical_overlap"].pairs
    )
    assert kinds["entity_swap"].by["masked"] == kinds["entity_swap"].pairs
    assert kinds["reorder"].candidates_at_5 is None and found.candidates_at_5 is None


def test_figures_are_those_of_the_definitions() -> None:
    base = "The {} of the museum {} {} of the north wing."
    pairs = (
        Pair(base.format("curator", "paints", "walls"), base.format("curator", "paints", "walls"), True, "equal", "1"),
        Pair("Quarterly figures go to both auditors by courier.", "Nine swans need a warmer pond before winter.", True, "far", "2"),
        Pair("The ferry sells tickets on deck at night.", "Ripe cheese is stored under the old stairs.", False, "far too", "3"),
    )  # fmt: skip
    found = score(compared(pairs, None), WITHOUT_VECTORS)
    assert (found.together.precision, found.together.recall) == (1.0, 0.5)
    assert found.together.f1 == pytest.approx(2 / 3)
    exact = found.layers[0]
    assert (exact.layer, exact.auc) == ("exact", 0.75), (
        "half of the duplicates are above, the other half is even"
    )
    assert [kind.refused for kind in found.kinds] == [1.0, 0.0, 0.0]


def test_a_fresh_scenario_is_compared_with_those_of_other_pairs_only() -> None:
    text = "The curator paints the walls of the north wing."
    pair = Pair(text, text, True, "equal", "1")
    other = replace(pair, a="Nine swans need a warmer pond before winter.", id="2")
    assert score(compared([pair], None), WITHOUT_VECTORS).together.false_rejection == 0
    assert score(compared([pair, other], None), WITHOUT_VECTORS).together.false_rejection == 0.5


def test_candidates_are_the_five_nearest_vectors() -> None:
    texts = [f"w{number} the curator paints walls of the north wing." for number in range(40)]
    pairs = [Pair(text, text + " Soon.", True, "near", str(n)) for n, text in enumerate(texts)]
    pairs += [Pair(texts[0], "elsewhere nobody paints.", True, "far", "far")]
    found = score(compared(pairs, ByFirstWord()), Thresholds())
    assert {kind.kind: kind.candidates_at_5 for kind in found.kinds} == {"near": 1.0, "far": 0.0}


@pytest.mark.parametrize("allowed", [0.0, 0.02, 0.2])
def test_a_calibrated_threshold_refuses_no_more_fresh_ones_than_allowed(allowed: float) -> None:
    measured = compared(made_pairs(210, seed=5), None)
    for layer in GRADED:
        found = calibrated(measured, layer, allowed)
        assert found.quality.false_rejection <= allowed
        assert np.mean(measured.nearest[found.layer] >= found.threshold) <= allowed
    assert (calibrated(measured, "words", allowed).quality.f1 or 0) > 0.7


def test_the_commands_tell_the_same_as_tables_and_as_json(tmp_path: Path) -> None:
    lines = [
        {"a": one.a, "b": one.b, "label": "duplicate" if one.is_duplicate else "distinct", "kind": one.kind}
        for one in made_pairs(42)
    ]
    path = written(tmp_path / "pairs.jsonl", *lines)
    result = run_command("dedup", "score", path, "--no-embedding", "--json", "-", timeout_s=120)
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["pairs"] == 42 and {kind["kind"] for kind in told["kinds"]} == {one["kind"] for one in lines}
    table = run_command("dedup", "score", path, "--no-embedding", timeout_s=120).stdout
    assert "entity_swap" in table and "false rej." in table
    settings = run_command("dedup", "calibrate", path, "--no-embedding", timeout_s=120).stdout
    assert "dedup:\n  words_threshold: 0." in settings
    bad = run_command("dedup", "calibrate", written(path, GOOD), "--no-embedding", timeout_s=120)
    assert bad.returncode == 2 and "all pairs have the same label" in bad.stderr
