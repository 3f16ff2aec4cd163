"""An automaton as a regular expression of the form that engines fill masks for quickly.

What leads back to a state is one loop of plain words, and everything else stands behind it:
`(x|yx)* (y|z...)`. A choice in front of something costs xgrammar a thousand times what one at the end does,
as does a loop in a loop. So states are not taken out one by one, which would give the shortest expression.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from funcdex.grammar.regex.char_sets import size
from funcdex.grammar.regex.tree import NOTHING, CannotWrite, One, Regex, one_of, then, times

MAX_ROUTES = 400
MAX_WORDS = 40
MAX_PREFIXES = 8
FEW = 4
"""Characters of a step that a person hardly takes over and over: `-_-_-_`, `aaaa`."""
END = -1


@dataclass(slots=True)
class Graph:
    """States by number, beginning at 0, with the texts that lead from one to another or to the end.

    Between states these are single characters."""

    steps: dict[int, dict[int, Regex]] = field(default_factory=lambda: {0: {}, END: {}})

    def step(self, here: int, text: Regex, there: int) -> None:
        """The text leads from a state to another."""
        onward = self.steps.setdefault(here, {})
        self.steps.setdefault(there, {})
        onward[there] = one_of(onward[there], text) if there in onward else text

    def has_texts(self) -> bool:
        """Whether the end can be reached."""
        return END in self.reached_from(0)

    def reached_from(self, start: int, without: int | None = None) -> set[int]:
        """The states that one or more steps lead to, through none that is left out."""
        found: set[int] = set()
        ahead = [start]
        while ahead:
            fresh = self.steps[ahead.pop()].keys() - found - {without}
            found |= fresh
            ahead += fresh
        return found


class Writer:
    """Writes a graph as a tree. Left out are texts in which a few characters come again and again, where that
    would be a loop in a loop."""

    def __init__(self, graph: Graph) -> None:
        self._reached = {state: graph.reached_from(state) for state in graph.steps}
        live = {END, *(state for state, reached in self._reached.items() if END in reached)}
        self._graph = Graph(
            {
                here: {there: text for there, text in onward.items() if there in live}
                for here, onward in graph.steps.items()
            }
        )
        self._routes = 0

    def tree(self) -> Regex | None:
        """The texts that lead from the first state to the end; None if there are none. Raises CannotWrite."""
        return self._texts(0) if self._graph.has_texts() else None

    def _texts(self, state: int) -> Regex | None:
        """The texts from a state to the end."""
        if state not in self._reached[state]:
            joint, words = self._joint(state)
            following = None if joint is None else self._texts(joint)
            return self._beyond(state, set()) if following is None else then(one_of(*words), following)
        circle = {other for other in self._reached[state] if state in self._reached[other]}
        hub = max(circle, key=lambda each: (self._width(each, each), -each))
        self._look_for_circles(circle, hub)
        if state != hub:
            return self._beyond(state, circle - {hub})
        beyond = self._beyond(hub, circle - {hub}, without=hub)
        if beyond is None:
            return None
        return then(times(one_of(*self._rounds(hub, circle)), 0, None), beyond)

    def _beyond(
        self, here: int, circle: set[int], *, passed: tuple[int, ...] = (), without: int | None = None
    ) -> Regex | None:
        """The texts from a state to the end, on through the rest of a circle and out of it; not over the
        state that is left out."""
        self._routes += 1
        if self._routes > MAX_ROUTES:
            raise CannotWrite("lookaround")
        found: list[Regex] = []
        for there, text in self._graph.steps[here].items():
            if there == without or _is_too_often(there, passed):
                continue
            following = (
                NOTHING
                if there == END
                else self._beyond(there, circle, passed=(*passed, there), without=without)
                if there in circle
                else self._texts(there)
            )
            if following is not None:
                found.append(then(text, following))
        return one_of(*found) if found else None

    def _joint(self, state: int) -> tuple[int | None, list[Regex]]:
        """The state where all ways from one meet behind few plain words, and these: `https?:`."""
        ahead: dict[int, list[Regex]] = {state: [NOTHING]}
        while sum(map(len, ahead.values())) <= MAX_PREFIXES:
            here = next(one for one in ahead if not any(one in self._reached[other] for other in ahead))
            words = ahead.pop(here)
            for there, text in self._graph.steps[here].items():
                if there == END or there in self._reached[there] or self._width(here, there) > FEW:
                    return None, []
                ahead.setdefault(there, []).extend(then(word, text) for word in words)
            if len(ahead) == 1:
                return ahead.popitem()
        return None, []

    def _rounds(self, hub: int, circle: set[int]) -> Iterator[Regex]:
        """The words that lead from the hub of a circle back to it."""
        count = 0
        ahead: list[tuple[int, tuple[Regex, ...], tuple[int, ...]]] = [(hub, (), ())]
        while ahead:
            here, word, passed = ahead.pop()
            for there, text in self._graph.steps[here].items():
                if there == hub:
                    count += 1
                    yield then(*word, text)
                elif there in circle and not _is_too_often(there, passed):
                    ahead.append((there, (*word, text), (*passed, there)))
            if count > MAX_WORDS or len(ahead) > MAX_ROUTES:
                raise CannotWrite("lookaround")

    def _look_for_circles(self, circle: set[int], hub: int) -> None:
        """Raises CannotWrite if ordinary texts go round in the circle without coming to its hub."""
        few = min(FEW, self._width(hub, hub) // FEW)
        for here in circle - {hub}:
            for there in (circle - {hub}) & self._graph.steps[here].keys():
                comes_again = here in self._graph.reached_from(there, hub) | {there}
                if comes_again and self._width(here, there) > few:
                    raise CannotWrite("lookaround")

    def _width(self, here: int, there: int) -> int:
        """How many characters lead from a state to another."""
        text = self._graph.steps[here].get(there)
        return size(text.chars.sure) if isinstance(text, One) else 0


def _is_too_often(state: int, passed: tuple[int, ...]) -> bool:
    """On the way round, one state may come again, once: `aab` and `aba`, not `aaab`."""
    return state in passed and len(set(passed)) < len(passed)
