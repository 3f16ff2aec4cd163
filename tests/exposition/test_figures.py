"""The metrics page in a moment that is known, read by Prometheus' own parsers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from snapshots import endpoint, moment

from funcdex.errors import ConfigError
from funcdex.exposition.figures import Figures
from funcdex.exposition.page import bound_socket, url_of
from funcdex.pool.events import PoolSnapshot
from funcdex.rundir.replay import Tokens
from funcdex.snapshot import RunSnapshot
from funcdex.stages.grammars import GrammarsSnapshot

PAGE = Path(__file__).parents[2] / "docs" / "running.md"

FULL = moment(
    endpoint(
        url="http://a:1", state="half_open", in_flight=2, waiting_there=1, failed={"timed_out": 4},
        completed=9, prompt_tokens=70, completion_tokens=30, tokens_per_s=1.5, paused_for_s=2.0,
    ),
    endpoint(url="http://b:1", model=None),
    accepted=3, rejected={"markup": 2, "low_score": 1}, live={"judge": 5}, stages_done=33,
    tokens={"m": Tokens(70, 30, 10)}, cost=0.5, settled_per_s=0.25,
    grammars=GrammarsSnapshot(reused=8, built=2), stopping=True,
)  # fmt: skip


def samples(run: RunSnapshot) -> dict[str, float]:
    """`name{label="value"}` -> figure, as Prometheus reads the page; fails where one stands twice."""
    families = list(text_string_to_metric_families(generate_latest(Figures(run)).decode()))
    found = [
        (sample.name + "".join(f" {value}" for value in sample.labels.values()), sample.value)
        for family in families
        for sample in family.samples
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


def test_hedges_are_counted_and_those_that_won() -> None:
    found = samples(moment(pool=PoolSnapshot(1.0, (), 0, 0, hedged=3, hedges_won=2)))
    assert found["funcdex_hedges_total sent"] == 3
    assert found["funcdex_hedges_total won"] == 2


def test_the_page_has_the_figures_of_the_snapshot() -> None:
    found = samples(FULL)
    assert found["funcdex_conversations_planned"] == 10
    assert found["funcdex_conversations_accepted_total"] == 3
    assert found["funcdex_conversations_rejected_total markup"] == 2
    assert found["funcdex_conversations_in_stage judge"] == 5
    assert found["funcdex_conversations_in_stage persona"] == 0
    assert found["funcdex_left_seconds"] == 16
    assert found["funcdex_stopping"] == 1
    assert found["funcdex_cost_total"] == 0.5
    assert found["funcdex_tokens_total completion m"] == 30
    assert found["funcdex_grammars_total reused"] == 8
    assert found["funcdex_endpoint_state http://a:1 half_open"] == 1
    assert found["funcdex_endpoint_state http://a:1 ready"] == 0
    assert found["funcdex_endpoint_waiting_there http://a:1"] == 1
    assert found["funcdex_endpoint_requests_failed_total http://a:1 timed_out"] == 4
    assert found["funcdex_endpoint_tokens_total http://a:1 prompt"] == 70


def test_what_is_not_known_is_left_out() -> None:
    found = samples(moment(endpoint(waiting_there=None)))
    for name in ("left_seconds", "settled_per_second", "cost_total", "endpoint_waiting_there http://a:1"):
        assert f"funcdex_{name}" not in found
    assert found["funcdex_endpoint_in_flight http://a:1"] == 0


def test_every_metric_is_documented_with_its_kind_and_labels_and_no_other() -> None:
    text = PAGE.read_text("utf-8")
    rows = re.findall(r"^\| `(funcdex_\w+)(?:\{([\w, ]+)\})?` \| (\w+) \|", text, flags=re.M)
    assert {(name, kind, frozenset(filter(None, labels.split(", ")))) for name, labels, kind in rows} == {
        (sample.name, family.type, frozenset(sample.labels))
        for family in text_string_to_metric_families(generate_latest(Figures(FULL)).decode())
        for sample in family.samples
    }


def test_the_page_can_be_read_as_openmetrics_too() -> None:
    encode, _ = choose_encoder("application/openmetrics-text; version=1.0.0")
    families = parse_openmetrics(encode(Figures(FULL)).decode())  # type: ignore[no-untyped-call]
    assert {family.name for family in families} >= {"funcdex_tokens", "funcdex_endpoint_state"}


def test_one_url_with_two_models_is_two_endpoints() -> None:
    found = samples(moment(endpoint(model="a", in_flight=1), endpoint(model="b", in_flight=2)))
    assert found["funcdex_endpoint_in_flight http://a:1"] == 1
    assert found["funcdex_endpoint_in_flight http://a:1 (2)"] == 2
    assert found["funcdex_endpoint_model http://a:1 (2) b"] == 1


ODD = st.text(st.one_of(st.sampled_from("\x1b\n\\\"'{}\ud800\u2028 "), st.characters()), max_size=12)


@settings(deadline=None)
@given(st.lists(ODD, max_size=4), ODD)
def test_no_name_breaks_the_page_or_steers_a_terminal(names: list[str], reason: str) -> None:
    run = moment(
        *(endpoint(url=f"http://{name}", model=name, failed={reason: 1}) for name in names),
        rejected={reason: 1, f" {reason}\n": 1},
        tokens={name: Tokens(1, 1, 1) for name in names},
    )
    text = generate_latest(Figures(run)).decode()
    assert all(char.isprintable() or char == "\n" for char in text)
    assert sum(_values(text, "funcdex_conversations_rejected_total")) == 2
    assert sum(_values(text, "funcdex_endpoint_in_flight")) == 0
    assert len(_values(text, "funcdex_endpoint_in_flight")) == len(names)


def _values(text: str, name: str) -> list[float]:
    return [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    ]


def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with bound_socket("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        assert url_of(taken) == f"http://127.0.0.1:{port}/metrics"
        with pytest.raises(ConfigError, match="the metrics page has no place.*Name another port"):
            bound_socket("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 300, "\ud800"])
def test_a_host_that_is_none_is_a_wrong_use(host: str) -> None:
    with pytest.raises(ConfigError):
        bound_socket(host, 0)


def test_an_address_of_the_newer_kind_is_written_in_brackets() -> None:
    try:
        listener = bound_socket("::1", 0)
    except ConfigError:
        pytest.skip("this machine has no IPv6")
    with listener:
        assert url_of(listener).startswith("http://[::1]:")


def test_nothing_is_served_before_a_run_goes_on() -> None:
    with bound_socket("127.0.0.1", 0) as listener:
        assert _refused(listener.getsockname())


def _refused(address: Iterable[object]) -> bool:
    import socket

    try:
        socket.create_connection(tuple(address), timeout=5).close()  # type: ignore[arg-type]
    except ConnectionRefusedError:
        return True
    return False
