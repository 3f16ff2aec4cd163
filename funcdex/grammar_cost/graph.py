"""Walks over which rule names which, without recursion: a grammar from outside may chain very many rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

Edges = Mapping[str, tuple[str, ...]]


def reachable(edges: Edges, start: Iterable[str]) -> set[str]:
    """The start and all that can be reached from it."""
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(edges.get(name, ()))
    return seen


def post_order(edges: Edges, names: Iterable[str]) -> list[str]:
    """Each name behind those it leads to, except where they lead in a circle."""
    seen: set[str] = set()
    order: list[str] = []
    for name in names:
        if name not in seen:
            order.extend(_visit(edges, name, seen))
    return order


def in_circles(edges: Edges) -> set[str]:
    """The names from which a way leads back to themselves."""
    backwards: dict[str, list[str]] = {}
    for name, targets in edges.items():
        for target in targets:
            backwards.setdefault(target, []).append(name)
    back = {name: tuple(sources) for name, sources in backwards.items()}
    found = {name for name, targets in edges.items() if name in targets}
    seen: set[str] = set()
    # Kosaraju: a walk against the edges, begun at the name that is left last, stays within its circle.
    for name in reversed(post_order(edges, edges)):
        if name not in seen:
            circle = list(_visit(back, name, seen))
            found.update(circle if len(circle) > 1 else ())
    return found


def _visit(edges: Edges, start: str, seen: set[str]) -> Iterator[str]:
    seen.add(start)
    stack = [(start, iter(edges.get(start, ())))]
    while stack:
        name, rest = stack[-1]
        following = next((target for target in rest if target not in seen), None)
        if following is None:
            stack.pop()
            yield name
        else:
            seen.add(following)
            stack.append((following, iter(edges.get(following, ()))))
