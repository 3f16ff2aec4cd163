"""What is said of a result: taxes, shares, limits, projections, and the difference from another result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.results import URLS, a_round, closed_loop, result
from funcdex.bench.compare import compare
from funcdex.bench.knee import WORTH_KEEPING
from funcdex.bench.metrics import evenness
from funcdex.bench.projection import project
from funcdex.bench.result import Assumptions, FirstUse, Load, Result, Round, read_result
from funcdex.bench.summary import summarise
from funcdex.bench.sweep import Asked
from funcdex.bench.words import tax_row
from funcdex.errors import ConfigError

A, B = URLS
EVEN = {A: 1.0, B: 1.0}
TWICE = {A: 2.0, B: 2.0}


def test_a_grammar_that_halves_the_rate_is_a_tax_of_two() -> None:
    summary = summarise(result([a_round("none", 4, EVEN), a_round("schema", 4, TWICE)]))
    (tax,) = summary.taxes
    assert tax.throughput == pytest.approx(2, rel=0.02)
    assert tax.mask == pytest.approx(2, rel=0.02)


def test_a_tax_between_answers_of_different_lengths_is_in_doubt() -> None:
    short = a_round("none", 4, EVEN)
    short = replace(short, samples=[replace(one, completion_tokens=3) for one in short.samples])
    alike, doubtful = (
        summarise(result([free, a_round("schema", 4, EVEN)])).taxes[0]
        for free in (a_round("none", 4, EVEN), short)
    )
    assert not alike.lengths_differ and "?" not in tax_row(alike)["tax: tokens/s without by with"]
    assert doubtful.lengths_differ and tax_row(doubtful)["tax: tokens/s without by with"].endswith("x?")


def test_without_an_unconstrained_round_there_is_no_tax_to_tell() -> None:
    summary = summarise(result([a_round("schema", 4, EVEN)], constraints=("schema",)))
    assert [(tax.throughput, tax.mask) for tax in summary.taxes] == [(None, None)]


def test_the_compile_is_what_first_use_takes_longer() -> None:
    uses = [FirstUse(A, "schema", fresh, 0.1, 5000) for fresh in (0.3, 0.4, 9.0)]
    rounds = [a_round("none", 4, EVEN), a_round("schema", 4, EVEN)]
    (found,) = summarise(result(rounds, first_uses=uses)).compiles
    assert found.compile_s == pytest.approx(0.3) and found.share == pytest.approx(0.3, rel=0.02)
    assert (found.grammars, found.grammar_bytes) == (3, 5000)


def test_an_endpoint_that_is_twice_as_fast_has_two_thirds() -> None:
    summary = summarise(result([a_round("schema", 4, {A: 1.0, B: 2.0})], constraints=("schema",)))
    (point,) = summary.points
    fast, slow = (point.by_endpoint[url].output_tokens_per_s for url in URLS)
    assert fast / (fast + slow) == pytest.approx(2 / 3, rel=0.02)
    assert fast + slow == pytest.approx(point.figures.output_tokens_per_s)
    assert point.evenness == pytest.approx(0.9, rel=0.02)


def test_each_endpoint_gets_the_limit_that_fits_it() -> None:
    rounds = [a_round("schema", 4, EVEN), a_round("schema", 8, {A: 1.0, B: 2.0})]
    summary = summarise(result(rounds, constraints=("schema",)))
    assert {one.endpoint: one.max_in_flight for one in summary.advice} == {A: 8, B: 4}


@given(rates=st.dictionaries(st.integers(1, 6), st.floats(0.5, 4.0), min_size=1))
def test_a_recommended_limit_has_nearly_all_of_the_best_throughput(rates: dict[int, float]) -> None:
    rounds = [Round("schema", place, 0, closed_loop(A, place, 6, each_s)) for place, each_s in rates.items()]
    summary = summarise(result(rounds, constraints=("schema",), urls=[A]))
    for one in summary.advice:
        assert one.tokens_per_s >= WORTH_KEEPING * one.best_tokens_per_s > 0


def test_a_burst_of_equal_requests_has_the_rate_of_its_closed_loop() -> None:
    # All places in step: counting what ended in the window would be half too much.
    samples = [sample for place in range(4) for sample in closed_loop(A, 1, 4, 2.0)]
    jittered = [replace(one, ended_s=one.ended_s + place * 1e-4) for place, one in enumerate(samples)]
    summary = summarise(
        result([Round("none", 4, 0, jittered)], constraints=("none",), urls=[A])
    )  # fmt: skip
    assert summary.points[0].figures.requests_per_s == pytest.approx(2, rel=0.01)


def test_what_servers_say_of_themselves_is_summed_up() -> None:
    loads = [Load(A, at, 4, waiting, 10 + waiting, None) for at, waiting in ((0.0, 0), (1.0, 3), (2.0, 1))]
    one = replace(a_round("schema", 4, EVEN), loads=loads)
    (point,) = summarise(result([one], constraints=("schema",))).points
    assert (point.waiting, point.preemptions) == (3, 3)


def test_notes_tell_what_makes_figures_doubtful() -> None:
    busy = replace(a_round("none", 4, EVEN), client_cpu=0.95)
    silent = [
        replace(one, endpoint="http://c:1", first_token_s=None, last_token_s=None) for one in busy.samples
    ]
    short = [replace(one, completion_tokens=3, estimated=True) for one in a_round("schema", 4, EVEN).samples]
    rounds = [replace(busy, samples=silent), replace(a_round("schema", 4, EVEN), samples=short)]
    text = " ".join(summarise(result(rounds, notes=["left out: http://c"])).notes)
    for part in (
        "left out",
        "95% of a core",
        "http://c:1 did not stream",
        "no count of tokens",
        "differ in length",
    ):
        assert part in text


def test_the_projection_counts_rejected_ones_corrections_and_other_stages() -> None:
    given = Assumptions(1000, gpus_per_endpoint=2, accepted_share=0.5, samples=1.5, other_tokens=500)
    found = project(given, tokens_per_s=1000, mean_tokens=1000, endpoints=4)
    assert found is not None
    assert found.conversations_per_gpu_hour == pytest.approx(3600 * 0.25 / 8)
    assert found.hours == pytest.approx(1000 / 0.25 / 3600)
    assert found.tokens_per_conversation == 4000
    assert project(given, tokens_per_s=0, mean_tokens=1000, endpoints=4) is None


@given(amounts=st.lists(st.floats(0.01, 1e6), min_size=1, max_size=9))
def test_evenness_is_between_a_share_and_all(amounts: list[float]) -> None:
    found = evenness(amounts)
    assert found is not None and 1 / len(amounts) - 1e-9 <= found <= 1 + 1e-9


def test_a_measurement_is_long_enough_for_a_steady_state() -> None:
    assert Asked(("none",), 64, (512,), repeats=2).measured(512, 3) == 1536
    assert Asked(("none",), 64, (1,), repeats=2).measured(1, 1) == 32
    assert Asked(("none",), 64, None, repeats=2).measured(1, 1) == 4
    assert Asked(("none",), 64, None, repeats=2).measured(32, 1) == 32


def two(seconds: float) -> Result:
    rounds = [
        a_round("schema", 4, {A: seconds + noise, B: seconds}, at) for at, noise in enumerate((0.0, 0.1))
    ]
    return result(rounds, constraints=("schema",))


def test_a_change_counts_only_beyond_what_repeats_show_anyhow() -> None:
    verdicts = [compare(two(1.0), two(now)).changes[0].verdict for now in (1.0, 1.02, 2.0, 0.5)]
    assert verdicts == ["the same", "the same", "slower", "faster"]


def test_a_comparison_names_what_was_measured_differently() -> None:
    found = compare(two(1.0), result([a_round("schema", 8, EVEN)], constraints=("schema",), model="other"))
    assert found.changes == () and found.differences == ("models: m, now other",)


def test_a_result_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    written = result([a_round("none", 2, EVEN)], first_uses=[FirstUse(A, "schema", 0.2, 0.1, 9)])
    path.write_bytes(orjson.dumps(written))
    assert summarise(read_result(path)) == summarise(written)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"rounds": 7}', "\x00"])
def test_what_is_no_result_is_named_with_its_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"r\.json"):
        read_result(path)
    with pytest.raises(ConfigError, match="missing"):
        read_result(tmp_path / "missing")
