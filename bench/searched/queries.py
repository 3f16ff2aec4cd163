"""Queries as people ask them, each with the tools that are right for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path

from funcdex.catalogue.search import Hit

_FOLDER = Path(__file__).parents[2] / "tests" / "catalogue"
QUERIES = _FOLDER / "queries.jsonl"
HELD_OUT = _FOLDER / "held_out_queries.jsonl"
"""Written before words and weights were last chosen, which were not chosen by them."""

_NUMBER = re.compile(r"_\d{1,3}/")


@dataclass(frozen=True, slots=True)
class Query:
    """`tools`: TOOLKIT/TOOL of every tool that does what is asked, `*` for anything, in either case: an
    application that is described in several versions is right in each."""

    text: str
    tools: tuple[re.Pattern[str], ...]

    def is_right(self, id: str) -> bool:
        """Whether a tool does what is asked. The number that a catalogue gives the second toolkit of a name
        says nothing."""
        named = _NUMBER.sub("/", id, count=1)
        return any(pattern.match(one) for pattern in self.tools for one in (id, named))

    def rank(self, hits: Sequence[Hit]) -> int | None:
        """The place of the first right tool, from 1; None if there is none."""
        ranks = (
            rank for rank, hit in enumerate(hits, start=1) if any(map(self.is_right, (hit.id, *hit.also)))
        )
        return next(ranks, None)


def read_queries(file: Path = QUERIES) -> Iterator[Query]:
    """All of them, in the order of the file."""
    for line in file.read_text("utf-8").splitlines():
        entry = json.loads(line)
        patterns = tuple(re.compile(translate(tool), re.IGNORECASE) for tool in entry["tools"])
        yield Query(entry["query"], patterns)
