"""Which fault strikes when."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.errors import ConfigError
from funcdex.sim.config import SimConfig, from_flags, to_flags
from funcdex.sim.faults import KINDS, Fault, FaultPlan, parse_fault

_SECONDS = st.floats(0, 1e6)
_FAULTS = st.builds(
    lambda kind, probability, count, times, retry, after: Fault(
        kind, probability, count, min(times), max(times), retry, after
    ),
    st.sampled_from(KINDS),
    st.floats(0, 1),
    st.integers(0, 1000).map(float) | st.just(inf),
    st.tuples(_SECONDS, _SECONDS | st.just(inf)),
    _SECONDS,
    st.integers(0, 1000).map(float),
)


@given(_FAULTS)
def test_a_fault_is_read_as_it_was_written(fault: Fault) -> None:
    assert parse_fault(str(fault)) == fault


@given(st.lists(_FAULTS, max_size=3), st.integers(1, 500), st.floats(0, 50), st.booleans())
def test_a_configuration_survives_the_command_line(
    faults: list[Fault], slots: int, step_ms: float, admin: bool
) -> None:
    config = SimConfig(slots=slots, step_ms=step_ms, faults=tuple(faults), admin=admin)
    assert from_flags(to_flags(config)) == config


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("explode", "no fault is called 'explode'"),
        ("stall,often=1", "'often=1' is no option"),
        ("stall,count", "'count' is no option"),
        ("stall,count=two", "'two' is no number"),
        ("stall,probability=1.5", "not between 0 and 1"),
        ("stall,from_s=5,until_s=4", "from_s comes before until_s"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        parse_fault(text)


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--port", "70000"], "port is 70000"),
        (["--slots", "0"], "slots is 0"),
        (["--max-model-len", "0"], "max_model_len is 0"),
        (["--prefill-tokens-per-s", "0"], "prefill_tokens_per_s is 0"),
        (["--step-ms", "-1"], "step_ms is -1"),
        (["--step-ms", "nan"], "step_ms is nan"),
    ],
)
def test_a_setting_out_of_bounds_is_refused(flags: list[str], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        from_flags(flags)


def test_a_fault_that_answers_with_a_status_may_be_named_by_it() -> None:
    statuses = ("429", "500", "503")
    kinds = [parse_fault(f"{status},count=1").kind for status in statuses]
    assert kinds == ["rate_limited", "server_error", "unavailable"]


def test_no_rules_no_faults() -> None:
    plan = FaultPlan((), seed=0)
    assert all(plan.draw(now_s) is None for now_s in range(100))


def test_a_count_is_used_up() -> None:
    plan = FaultPlan([Fault("refuse", count=2)], seed=0)
    assert [plan.draw(0.0) is not None for _ in range(4)] == [True, True, False, False]


def test_a_window_opens_and_closes() -> None:
    plan = FaultPlan([Fault("refuse", from_s=5, until_s=10)], seed=0)
    assert [plan.draw(now_s) is not None for now_s in (4.9, 5.0, 9.9, 10.0)] == [False, True, True, False]


def test_a_probability_is_a_share() -> None:
    plan = FaultPlan([Fault("refuse", probability=0.3)], seed=0)
    assert 230 < sum(plan.draw(0.0) is not None for _ in range(1000)) < 370


def test_the_first_rule_that_strikes_decides() -> None:
    first, second = Fault("refuse", count=1), Fault("server_error")
    plan = FaultPlan([first, second], seed=0)
    assert [plan.draw(0.0), plan.draw(0.0)] == [first, second]


def test_the_same_seed_strikes_the_same_requests() -> None:
    rules = [Fault("refuse", probability=0.5), Fault("stall", probability=0.5)]
    one, two, other = (FaultPlan(rules, seed) for seed in (1, 1, 2))
    drawn = [plan.draw(0.0) for plan in (one, two, other) for _ in range(64)]
    assert drawn[:64] == drawn[64:128] != drawn[128:]


def test_the_first_requests_are_spared() -> None:
    plan = FaultPlan([Fault("ignore_grammar", after=3)], seed=0)
    assert [plan.draw(0.0) is not None for _ in range(5)] == [False, False, False, True, True]
