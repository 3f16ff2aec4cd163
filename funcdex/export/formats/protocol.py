"""What a training format is: how a sample becomes rows, and which files stand beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from funcdex.export.options import Options, Thoughts
from funcdex.export.sample import Sample

Row = Mapping[str, Any]
Placed = tuple[str, Row]
"""A folder and the row in it: "" for the rows themselves, `possible_answer` for what goes with them."""

ALL_THOUGHTS: tuple[Thoughts, ...] = ("keep", "strip", "reasoning_content")


@dataclass(frozen=True, slots=True)
class Format:
    """One training format.

    `rows` gives the rows of a sample, to which the options have been applied, and raises ValueError for one
    it cannot hold. `thoughts` are the ways it has of writing thoughts, `lost` is what of a record it has no
    place for, as a sentence. `side_files` makes the text files that go with the splits, by name. `features`
    are the columns as the `datasets` library has to be told of them, in the manner of a dataset card.
    """

    name: str
    says: str
    rows: Callable[[Sample, Options], Iterable[Placed]]
    container: Literal["jsonl", "parquet"] = "jsonl"
    thoughts: Sequence[Thoughts] = ALL_THOUGHTS
    lost: str = ""
    side_files: Callable[[Sequence[str], Options], Mapping[str, str]] = lambda _splits, _options: {}
    features: Callable[[Options], Sequence[Mapping[str, Any]]] = lambda _options: ()
