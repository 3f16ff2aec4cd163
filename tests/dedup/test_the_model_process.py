"""The sentence model in a process of its own: what it answers, and what is said when it cannot."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from funcdex.dedup.embedding import SentenceModel
from funcdex.dedup.model_process import ModelProcess
from funcdex.errors import DedupError

TEXTS = [
    "A dentist moves an appointment.",
    "A brewery pays the supplier's overdue invoice \u2028 \N{BEER MUG}.",
]


@pytest.fixture(scope="module")
def model() -> Iterator[ModelProcess]:
    with closing(ModelProcess("minilm", "cpu")) as process:
        yield process


def test_it_makes_the_vectors_that_the_model_makes(model: ModelProcess) -> None:
    assert np.allclose(model.encode(TEXTS), SentenceModel("minilm", "cpu").encode(TEXTS), atol=1e-5)
    assert model.encode(TEXTS[:1] * 200).shape == (200, 384)


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
