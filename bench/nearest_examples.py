"""Do words or vectors find earlier scenarios about the same tool? `python bench/nearest_examples.py`.

A writer is shown earlier scenarios to differ from, those nearest to what the new one is to be about: the tool
it is built around, by name and description. Here the scenarios are the requests of the planted set's good
conversations, and one counts as near to a tool if that conversation calls it. Printed is the mean share of
such ones among the first K, where there are more than K to choose from, against what chance would give.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from planted_faults import Good, good

from funcdex.dedup.embedding import SentenceModel
from funcdex.dedup.examples import words_of
from funcdex.dedup.index import FloatArray
from funcdex.types.tools import Tool

TALKS, K = 400, 3
Nearest = Callable[[str, Sequence[str]], Sequence[float]]
"""How near each of some scenarios is to what a tool is told to be."""


def by_words(about: str, scenarios: Sequence[str]) -> Sequence[float]:
    """As the guard does it."""
    wanted = words_of(about)
    return [len(wanted & words_of(one)) for one in scenarios]


class ByVectors:
    """As a sentence model would do it."""

    def __init__(self) -> None:
        self._model = SentenceModel("minilm", "cpu")
        self._known: dict[str, FloatArray] = {}

    def __call__(self, about: str, scenarios: Sequence[str]) -> Sequence[float]:
        unknown = [text for text in dict.fromkeys((about, *scenarios)) if text not in self._known]
        if unknown:
            self._known.update(zip(unknown, self._model.encode(unknown), strict=True))
        return [float(self._known[about] @ self._known[one]) for one in scenarios]


def measure(talks: Sequence[Good], nearest: Nearest) -> tuple[float, float, int]:
    """Share among the first K, share by chance, and of how many tools."""
    groups: dict[str, list[Good]] = defaultdict(list)
    for talk in talks:
        groups[talk.name].append(talk)
    shares, chances = [], []
    for some in groups.values():
        scenarios = [talk.conversation.turns[0].user for talk in some]
        for tool in some[0].tools:
            right = [any(call.name == tool.name for call in talk.conversation.calls) for talk in some]
            if K < sum(right) < len(right):
                shares.append(_share(tool, scenarios, right, nearest))
                chances.append(sum(right) / len(right))
    return sum(shares) / len(shares), sum(chances) / len(chances), len(shares)


def _share(tool: Tool, scenarios: Sequence[str], right: Sequence[bool], nearest: Nearest) -> float:
    near = nearest(f"{tool.name} {tool.description}", scenarios)
    order = sorted(range(len(near)), key=lambda place: (-near[place], -place))[:K]
    return sum(right[place] for place in order) / K


def main() -> None:
    """Both."""
    talks = list(good(TALKS, seed=1, most_episodes=1))
    ways: dict[str, Callable[[], Nearest]] = {"words": lambda: by_words, "vectors": ByVectors}
    for name, make in ways.items():
        nearest = make()
        started = time.process_time()
        share, chance, count = measure(talks, nearest)
        took = time.process_time() - started
        print(f"{name:8} {share:.3f} of the first {K} ({chance:.3f} by chance, {count} tools)")
        print(f"{'':8} {took:.2f} s of CPU")


if __name__ == "__main__":
    main()
