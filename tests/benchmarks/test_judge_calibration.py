"""The planted faults are what they are said to be, and the figures tell good judges from bad ones."""

from __future__ import annotations

from collections.abc import Callable

from calibration.figures import Said, figures_of
from calibration.planted import FAULTS, GOOD, TOOLS, Case, cases

from funcdex.dml.parser import parse
from funcdex.dml.turns import turn_texts
from funcdex.verify.verify import verify

CASES = list(cases(seed=3, conversations=8))


def test_a_planted_fault_changes_one_turn_and_nothing_else() -> None:
    good = CASES[0]
    for case in CASES:
        if case.fault == GOOD:
            good = case
            continue
        assert case.turn is not None and case.turns == good.turns
        pairs = list(zip(turn_texts(good.dml), turn_texts(case.dml), strict=True))
        differing = [number for number, (one, other) in enumerate(pairs, 1) if one.strip() != other.strip()]
        assert differing == [case.turn], case.name


def test_good_conversations_are_without_fault_and_every_fault_is_planted_in_several_turns() -> None:
    for case in CASES:
        if case.fault == GOOD:
            assert verify(parse(case.dml), TOOLS) == ()
    for fault in FAULTS:
        assert len({case.turn for case in CASES if case.fault == fault}) > 1, fault


def said(judge: str, opinion: Callable[[Case], frozenset[int] | None], seeds: int = 2) -> list[Said]:
    return [
        Said(judge, seed, case, bad, None if bad is None else 2 if bad else 5)
        for seed in range(seeds)
        for case in CASES
        for bad in [opinion(case)]
    ]


def perfect(case: Case) -> frozenset[int]:
    return frozenset() if case.turn is None else frozenset({case.turn})


def test_a_perfect_judge_finds_all_and_faults_nothing_else() -> None:
    told = figures_of(said("perfect", perfect), least_quality=4)["judges"]["perfect"]
    assert told["detected"] == 1 and set(told["detected_by_fault"]) == set(FAULTS)
    assert told["false_alarms"] == told["alarms_beside_the_fault"] == 0
    assert (told["accepted_good"], told["accepted_planted"]) == (1, 0)
    assert (told["quality_good"], told["quality_planted"]) == (5, 2)
    assert told["says_the_same_again"] == 1 and told["without_verdict"] == 0


def test_a_judge_who_likes_everything_finds_nothing_and_one_who_likes_nothing_raises_alarms() -> None:
    mild = figures_of(said("mild", lambda case: frozenset()), least_quality=4)["judges"]["mild"]
    assert (mild["detected"], mild["false_alarms"], mild["accepted_planted"]) == (0, 0, 1)
    everything = figures_of(said("harsh", lambda case: frozenset(range(1, case.turns + 1))), least_quality=4)
    harsh = everything["judges"]["harsh"]
    assert (harsh["detected"], harsh["false_alarms"], harsh["alarms_beside_the_fault"]) == (1, 1, 1)


def test_judges_are_compared_turn_by_turn() -> None:
    two = [*said("a", perfect), *said("b", perfect), *said("c", lambda case: frozenset())]
    between = figures_of(two, least_quality=4)["between_judges"]
    assert between["a | b"] == {"same": 1.0, "kappa": 1.0}
    assert between["a | c"]["kappa"] == 0 and 0 < between["a | c"]["same"] < 1


def test_a_judge_who_fails_is_counted_apart() -> None:
    told = figures_of(said("mute", lambda case: None), least_quality=4)["judges"]["mute"]
    assert told["without_verdict"] == told["asked"] and told["detected"] is None


def test_a_judge_who_changes_its_mind_is_found_out() -> None:
    fickle = [
        Said("fickle", seed, case, frozenset({1}) if seed else frozenset(), 3)
        for seed in range(2)
        for case in CASES
    ]
    told = figures_of(fickle, least_quality=4)["judges"]["fickle"]
    assert told["says_the_same_again"] == 0
