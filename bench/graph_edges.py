"""How right the graph of tools is, by labels that a person gave: `python bench/graph_edges.py`.

python bench/graph_edges.py                # precision and recall by toolkit
python bench/graph_edges.py --show         # and the edges that are wrong, and those that are missing
python bench/graph_edges.py --descriptions # the same once more, with what a sentence model adds
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from joined.labelled import Counts, counted, labels

from funcdex.dedup.embedding import SentenceModel
from funcdex.toolkits.described import described_edges
from funcdex.toolkits.graph import Graph, tool_graph
from funcdex.toolkits.read import read_toolkits
from funcdex.types.tools import Tool

TUNED_ON = ("github", "notion", "stripe", "hubspot", "calendly", "jira")
"""Toolkits at which rules and thresholds were looked at; the others only tell how far they hold."""


def report(
    kits: Mapping[str, Sequence[Tool]], graph: Callable[[Sequence[Tool]], Graph], *, show: bool
) -> None:
    """Prints a line for each toolkit, and one for each half."""
    halves = {True: Counts(), False: Counts()}
    for kit, some in labels(kits).items():
        edges, total = graph(kits[kit]).edges, Counts()
        for one in some:
            counts, wrong, missing = counted(one, kits[kit], edges)
            total += counts
            if show:
                for edge in wrong:
                    print(f"  wrong   {edge.source} {edge.field} -> {edge.target} {edge.parameter}")
                for source, target in sorted(missing):
                    print(f"  missing {source} -> {target} {one.parameter}")
        halves[kit in TUNED_ON] += total
        print(_line(kit, len(edges), total))
    print(_line("tuned on", None, halves[True]))
    print(_line("others", None, halves[False]))


def _line(name: str, edges: int | None, counts: Counts) -> str:
    count = "" if edges is None else edges
    return (
        f"{name:12} {count:>4} edges  precision {counts.precision:.3f} ({counts.right} right, "
        f"{counts.wrong} wrong)  recall {counts.recall:.3f} ({counts.found} of {counts.wanted})"
    )


def with_descriptions(tools: Sequence[Tool]) -> Graph:
    """The graph with what a sentence model adds."""
    return Graph((*tool_graph(tools).edges, *described_edges(tools, _model().encode)))


@cache
def _model() -> SentenceModel:
    return SentenceModel("minilm", "cpu")


def main() -> None:
    """Names alone, then with descriptions if asked."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--show", action="store_true")
    options.add_argument("--descriptions", action="store_true")
    chosen = options.parse_args()
    kits = {kit.name: kit.tools for kit in read_toolkits([]).toolkits}
    for graph in (tool_graph, with_descriptions)[: 1 + chosen.descriptions]:
        started = time.process_time()
        report(kits, graph, show=chosen.show)
        print(f"{time.process_time() - started:.2f} s of CPU")


if __name__ == "__main__":
    main()
