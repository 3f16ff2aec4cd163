"""The sentence model in a process of its own: what it answers, and what is said when it cannot."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from funcdex.dedup.model_process import ModelProcess
from funcdex.errors import DedupError

TEXTS = [
    "A dentist reschedules all appointments of a sick colleague and informs the patients.",
    "All appointments of an ill colleague are moved by a dentist, who informs the patients.",
    "A brewery orders bottles \N{BEER MUG}\u2028and pays the supplier's overdue invoice.",
]


@pytest.fixture(scope="module")
def model() -> Iterator[ModelProcess]:
    with closing(ModelProcess("minilm", "cpu")) as process:
        yield process


def test_the_packaged_model_tells_paraphrase_from_difference(model: ModelProcess) -> None:
    vectors = model.encode(TEXTS)
    assert vectors.shape == (3, 384) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.75 > 0.4 > vectors[0] @ vectors[2]


def test_a_text_has_the_same_vector_in_any_company(model: ModelProcess) -> None:
    assert np.allclose(model.encode(TEXTS[:1] * 200), model.encode(TEXTS)[0], atol=1e-5)


def test_a_model_that_cannot_be_loaded_is_told_to_who_asks() -> None:
    with closing(ModelProcess("/nowhere/model", "cpu")) as process:
        for _ in range(2):
            with pytest.raises(
                DedupError, match=r"cannot load the sentence model.*dedup.model /nowhere/model"
            ):
                process.encode(TEXTS)


def test_who_waits_for_a_model_that_is_stopped_waits_no_longer() -> None:
    """It is stopped while it loads, which takes seconds."""
    faults: list[DedupError] = []

    def ask() -> None:
        try:
            process.encode(TEXTS)
        except DedupError as fault:
            faults.append(fault)

    with closing(ModelProcess("minilm", "cpu")) as process:
        thread = threading.Thread(target=ask)
        thread.start()
        process.stop()
        thread.join(60)
        assert "has ended (exit status -9)" in str(faults[0])
        with pytest.raises(DedupError, match="Resume the run"):
            process.encode(TEXTS)
