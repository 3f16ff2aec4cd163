"""What opinions on planted faults say of the judges that gave them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import mean
from typing import Any

from calibration.planted import GOOD, Case


@dataclass(frozen=True, slots=True)
class Said:
    """One judge on one conversation, drawn with one seed. `bad` are the turns, from 1, whose assistant was
    found at fault; None where the judge gave no verdict."""

    judge: str
    seed: int
    case: Case
    bad: frozenset[int] | None
    quality: int | None


def figures_of(said: Sequence[Said], least_quality: int) -> dict[str, Any]:
    """One table for each judge, and how far judges agree on which turns are bad."""
    judges = list(dict.fromkeys(one.judge for one in said))
    return {
        "judges": {
            judge: _judge([one for one in said if one.judge == judge], least_quality) for judge in judges
        },
        "between_judges": {
            f"{one} | {other}": _agreement(_by_turn(said, one), _by_turn(said, other))
            for one, other in combinations(judges, 2)
        },
    }


def _judge(said: Sequence[Said], least_quality: int) -> dict[str, Any]:
    heard = [one for one in said if one.bad is not None]
    planted = [one for one in heard if one.case.fault != GOOD]
    good = [one for one in heard if one.case.fault == GOOD]
    others = [
        turn in one.bad
        for one in planted
        if one.bad is not None
        for turn in _turns(one)
        if turn != one.case.turn
    ]
    return {
        "asked": len(said),
        "without_verdict": len(said) - len(heard),
        "detected": _share(_found(one) for one in planted),
        "detected_by_fault": _shares((one.case.fault, _found(one)) for one in planted),
        "detected_by_turn": _shares((str(one.case.turn), _found(one)) for one in planted),
        "false_alarms": _share(
            turn in one.bad for one in good if one.bad is not None for turn in _turns(one)
        ),
        "alarms_beside_the_fault": _share(others),
        "accepted_good": _share(_quality(one) >= least_quality for one in good),
        "accepted_planted": _share(_quality(one) >= least_quality for one in planted),
        "quality_good": _mean(_quality(one) for one in good),
        "quality_planted": _mean(_quality(one) for one in planted),
        "says_the_same_again": _consistency(heard),
    }


def _turns(one: Said) -> range:
    return range(1, one.case.turns + 1)


def _found(one: Said) -> bool:
    return one.bad is not None and one.case.turn in one.bad


def _quality(one: Said) -> int:
    return one.quality or 0


def _consistency(heard: Iterable[Said]) -> float | None:
    """The share of pairs of seeds that found the same turns bad, over all conversations."""
    by_case: defaultdict[str, list[frozenset[int]]] = defaultdict(list)
    for one in heard:
        if one.bad is not None:
            by_case[one.case.name].append(one.bad)
    return _share(one == other for bad in by_case.values() for one, other in combinations(bad, 2))


def _by_turn(said: Sequence[Said], judge: str) -> dict[tuple[str, int, int], bool]:
    """By conversation, seed and turn whether it was found bad."""
    return {
        (one.case.name, one.seed, turn): turn in one.bad
        for one in said
        if one.judge == judge and one.bad is not None
        for turn in _turns(one)
    }


def _agreement(one: Mapping[Any, bool], other: Mapping[Any, bool]) -> dict[str, float | None]:
    """The share of turns on which both say the same, and Cohen's kappa: 1 all, 0 what chance would give."""
    both = [(one[key], other[key]) for key in one.keys() & other.keys()]
    if not both:
        return {"same": None, "kappa": None}
    same = mean(a == b for a, b in both)
    shares = [mean(pair[place] for pair in both) for place in (0, 1)]
    chance = shares[0] * shares[1] + (1 - shares[0]) * (1 - shares[1])
    kappa = None if chance == 1 else round((same - chance) / (1 - chance), 4)
    return {"same": round(same, 4), "kappa": kappa}


def _shares(pairs: Iterable[tuple[str, bool]]) -> dict[str, float]:
    found, all_of = Counter[str](), Counter[str]()
    for name, hit in pairs:
        all_of[name] += 1
        found[name] += hit
    return {name: round(found[name] / count, 4) for name, count in sorted(all_of.items())}


def _share(hits: Iterable[bool]) -> float | None:
    counted = list(hits)
    return round(sum(counted) / len(counted), 4) if counted else None


def _mean(values: Iterable[int]) -> float | None:
    counted = list(values)
    return round(mean(counted), 2) if counted else None
