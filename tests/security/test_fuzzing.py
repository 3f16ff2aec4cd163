"""Every fuzzed reader for a second or so, with the same inputs each time; `make fuzz` goes on for longer."""

from __future__ import annotations

import pytest
from fuzz.engine import Target, fuzz
from fuzz.targets import TARGETS, corpus_of

INPUTS = {"settings": 150, "tools": 400, "schema": 400}


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_keeps_its_promise_for_damaged_inputs(name: str) -> None:
    report = fuzz(TARGETS[name], corpus_of(name), seed=0, inputs=INPUTS.get(name, 800))
    assert report.finds == []
    assert report.answers > 5, "the inputs reach nothing but one error"


def crashes(data: bytes) -> str:
    if b"\xff" in data:
        raise KeyError("not documented")
    return "fine"


def never_ends(data: bytes) -> str:
    while b"\xff" in data:
        pass
    return "fine"


@pytest.mark.parametrize(("run", "kind"), [(crashes, "crash"), (never_ends, "hang")])
def test_a_reader_that_breaks_its_promise_is_found(
    run: object, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fuzz.engine.LIMIT_S", 0.05)
    assert callable(run)
    report = fuzz(Target("t", run), [b"a"], seed=0, inputs=60)
    assert {find.kind for find in report.finds} == {kind} and b"\xff" in report.finds[0].data


def test_memory_that_grows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bytes] = []
    monkeypatch.setattr("fuzz.engine.GROWTH_BYTES", 2**24)
    monkeypatch.setattr("fuzz.engine._WARM_INPUTS", 20)
    monkeypatch.setattr("fuzz.engine._LOOKED_AT_EVERY", 10)

    def leaks(data: bytes) -> str:
        kept.append(b"x" * 2**20)
        return "fine"

    report = fuzz(Target("t", leaks), [b"a"], seed=0, inputs=100)
    assert {find.kind for find in report.finds} == {"memory"}
