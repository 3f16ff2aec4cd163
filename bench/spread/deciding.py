"""Scenarios that are new, their vectors at hand, asked about by several actors at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from funcdex.cluster.decisions import Question
from funcdex.cluster.shard import Shard, ShardOrder

DIMENSION = 384
WORDS_OF_A_SCENARIO = 40
VOCABULARY = 20_000
GROUPS = ("gmail", "jira")
"""One for each that decides."""


class MeasuredShard(Shard):
    """One that tells what it has used."""

    def __init__(self, order: ShardOrder) -> None:
        super().__init__(order)
        self._before_s = time.process_time()

    def used_s(self) -> float:
        """CPU of this process since it was made."""
        return time.process_time() - self._before_s


class Empty:
    """Does nothing."""

    def nothing(self) -> None:
        """As quickly as it can."""

    def used_s(self) -> float:
        """CPU of this process."""
        return time.process_time()


class Asker:
    """Stands for a range whose embedding is done: asks, and waits for the answers."""

    def __init__(self, number: int, shards: Sequence[Any], questions: int, at_once: int) -> None:
        dice = np.random.default_rng(number)
        self._batches = [
            [
                _question(dice, number * questions + at + place, GROUPS[at // at_once % len(shards)])
                for place in range(at_once)
            ]
            for at in range(0, questions, at_once)
        ]
        self._shards = list(shards)

    def ask_all(self) -> tuple[int, float]:
        """How many questions were answered, and the CPU of this process."""
        import ray

        began_s = time.process_time()
        waiting: list[Any] = []
        answered = 0
        for number, batch in enumerate(self._batches):
            shard = self._shards[number % len(self._shards)]
            waiting.append(shard.decide_scenarios.remote(batch))
            if len(waiting) == len(self._shards):
                answered += len(ray.get(waiting.pop(0)))
        answered += sum(len(each) for each in ray.get(waiting))
        return answered, time.process_time() - began_s


def _question(dice: np.random.Generator, number: int, group: str) -> Question:
    words = dice.integers(0, VOCABULARY, WORDS_OF_A_SCENARIO)
    vector = dice.standard_normal(DIMENSION, dtype=np.float32)
    vector /= np.linalg.norm(vector)
    text = " ".join(f"w{word:05d}x".translate(_LETTERS) for word in words)
    return Question(f"conv_{number:05d}", group, text, vector.astype("<f2").tobytes())


_LETTERS = str.maketrans("0123456789", "abcdefghij")
