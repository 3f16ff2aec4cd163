"""One snapshot of a run as Prometheus metrics. Names and labels are a promise: docs/running.md lists them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from funcdex import __version__
from funcdex.pool.events import EndpointSnapshot, MemberState
from funcdex.printable import one_line
from funcdex.snapshot import RunSnapshot
from funcdex.types.record import STAGES

Sample = tuple[Sequence[str], float | None]
"""Values of the labels, and the figure; None where it is not known, which leaves it out."""


@dataclass(frozen=True, slots=True)
class Figures(Collector):
    """What prometheus_client renders. Counters of `funcdex_endpoint_...` begin anew with each session."""

    run: RunSnapshot

    def collect(self) -> Iterator[Metric]:
        """Every family, those without a sample too."""
        yield InfoMetricFamily("funcdex", "The version at work.", {"version": __version__})
        yield from _conversations(self.run)
        yield from _costs(self.run)
        yield from _requests(self.run)
        yield from _endpoints(self.run.pool.endpoints)


def _conversations(run: RunSnapshot) -> Iterator[Metric]:
    yield _gauge("conversations_planned", "Conversations asked for.", run.planned)
    yield _counter("conversations_accepted", "Conversations that reached the data set.", run.accepted)
    rejected = [([reason], count) for reason, count in sorted(run.rejected.items())]
    yield _counters("conversations_rejected", "Conversations given up, by reason.", ["reason"], rejected)
    live = [([stage], run.live.get(stage, 0)) for stage in STAGES]
    yield _gauges("conversations_in_stage", "Conversations at work in a stage.", ["stage"], live)
    yield _counter("stages_done", "Stages finished in this session.", run.stages_done)
    yield _gauge("settled_per_second", "Conversations that end in a second, of late.", run.settled_per_s)
    yield _gauge("left_seconds", "Time the rest takes at this rate.", run.left_s)
    yield _gauge("session_seconds", "Time since this session began.", run.elapsed_s)
    yield _gauge("stopping", "1 when no stage begins any more.", run.stopping)


def _costs(run: RunSnapshot) -> Iterator[Metric]:
    paid = [
        ([model, kind], count)
        for model, used in run.tokens.items()
        for kind, count in (
            ("prompt", used.prompt),
            ("completion", used.completion),
            ("reasoning", used.reasoning),
        )
    ]
    yield _counters(
        "tokens",
        "Tokens paid for, in all sessions; reasoning is a part of completion.",
        ["model", "kind"],
        paid,
    )
    yield _counters("cost", "What they cost, where prices are set.", [], [([], run.cost)])
    grammars = [(["reused"], run.grammars.reused), (["built"], run.grammars.built)]
    yield _counters(
        "grammars", "Grammars that were there already, or had to be compiled.", ["outcome"], grammars
    )


def _requests(run: RunSnapshot) -> Iterator[Metric]:
    yield _gauge("requests_waiting", "Requests that wait for an endpoint.", run.pool.waiting)
    yield _gauge("requests_backing_off", "Requests that wait after a fault.", run.pool.backing_off)
    hedges = [(["sent"], run.pool.hedged), (["won"], run.pool.hedges_won)]
    yield _counters(
        "hedges", "Requests sent a second time, and those answered there first.", ["outcome"], hedges
    )


def _endpoints(endpoints: Sequence[EndpointSnapshot]) -> Iterator[Metric]:
    named = list(zip(_names(endpoints), endpoints, strict=True))

    def gauge(name: str, meaning: str, samples: Iterable[tuple[str, float | None]]) -> Metric:
        return _gauges(f"endpoint_{name}", meaning, ["endpoint"], [([url], value) for url, value in samples])

    models = [([url, one.model or ""], 1.0) for url, one in named]
    yield _gauges("endpoint_model", "1 for the model it serves.", ["endpoint", "model"], models)
    states = [
        ([url, state], float(one.state == state)) for url, one in named for state in get_args(MemberState)
    ]
    yield _gauges(
        "endpoint_state", "1 for the state it is in, 0 for the others.", ["endpoint", "state"], states
    )
    yield gauge("in_flight", "Requests sent and not finished.", ((url, one.in_flight) for url, one in named))
    yield gauge("limit", "Most requests in flight just now.", ((url, one.limit) for url, one in named))
    yield gauge(
        "waiting_there",
        "Requests in flight that the server has not begun with, where it says so.",
        ((url, one.waiting_there) for url, one in named),
    )
    yield gauge(
        "outstanding_tokens",
        "Tokens expected of the requests in flight.",
        ((url, one.outstanding_tokens) for url, one in named),
    )
    yield gauge("paused_seconds", "For how long it rests.", ((url, one.paused_for_s) for url, one in named))
    yield gauge(
        "completion_tokens_per_second",
        "Completion tokens in a second, of late.",
        ((url, one.tokens_per_s) for url, one in named),
    )
    done = [([url], one.completed) for url, one in named]
    yield _counters("endpoint_requests_completed", "Requests answered well.", ["endpoint"], done)
    failed = [([url, fault], count) for url, one in named for fault, count in one.failed.items()]
    yield _counters(
        "endpoint_requests_failed", "Requests that failed, by fault.", ["endpoint", "fault"], failed
    )
    paid = [
        ([url, kind], count)
        for url, one in named
        for kind, count in (("prompt", one.prompt_tokens), ("completion", one.completion_tokens))
    ]
    yield _counters("endpoint_tokens", "Tokens of these answers.", ["endpoint", "kind"], paid)


def _names(endpoints: Sequence[EndpointSnapshot]) -> Iterator[str]:
    """The URLs, those that stand twice with a number: no two samples may have the same labels."""
    seen = Counter[str]()
    for endpoint in endpoints:
        url = one_line(endpoint.url)
        seen[url] += 1
        yield url if seen[url] == 1 else f"{url} ({seen[url]})"


def _gauge(name: str, meaning: str, value: float | None) -> Metric:
    return _gauges(name, meaning, [], [([], value)])


def _gauges(name: str, meaning: str, labels: Sequence[str], samples: Iterable[Sample]) -> Metric:
    return _filled(GaugeMetricFamily(f"funcdex_{name}", meaning, labels=labels), samples)


def _counter(name: str, meaning: str, value: float | None) -> Metric:
    return _counters(name, meaning, [], [([], value)])


def _counters(name: str, meaning: str, labels: Sequence[str], samples: Iterable[Sample]) -> Metric:
    return _filled(CounterMetricFamily(f"funcdex_{name}", meaning, labels=labels), samples)


def _filled(
    family: GaugeMetricFamily | CounterMetricFamily, samples: Iterable[Sample]
) -> GaugeMetricFamily | CounterMetricFamily:
    # Names that differ only in what cannot be shown become one: the page is refused if labels stand twice.
    merged: dict[tuple[str, ...], float] = {}
    for labels, value in samples:
        if value is not None:
            shown = tuple(map(one_line, labels))
            merged[shown] = merged.get(shown, 0.0) + value
    for shown, value in merged.items():
        family.add_metric(shown, value)
    return family
