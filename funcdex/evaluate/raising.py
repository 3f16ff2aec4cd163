"""The loop: what a model got wrong comes up more often in what is generated next.

Of each kind, tool and parameter the share of errors is estimated, drawn towards that of all contexts as if
SMOOTHING of them had been seen already, because three errors of three may be chance:

    errors = (wrong + SMOOTHING * mean) / (seen + SMOOTHING)        mean = wrong contexts / contexts

and what it is multiplied by is how far that is above or below the mean, within bounds:

    factor = min(MOST, max(LEAST, errors / mean))

So what was never seen has the factor 1, a kind that is twice as often wrong as the mean gets up to twice its
share, and nothing disappears. A model that got nothing wrong changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funcdex.errors import ConfigError
from funcdex.evaluate.folder import EvalDir
from funcdex.ordinary_file import read_ordinary
from funcdex.settings.generation import GenerationSettings
from funcdex.settings.raised import RaisedSettings

SMOOTHING = 10.0
LEAST, MOST = 0.5, 4.0
DIGITS = 3
"""Factors are rounded to so many, and those that come out as 1 are left out."""

MOST_BYTES = 256 << 20
_FIX = "Name the folder of an evaluation: `funcdex eval ... --out DIR` makes one."


@dataclass(frozen=True, slots=True)
class Errors:
    """What `faults.ErrorCounts` counted: wrong and seen, by name. `source` says of which evaluation."""

    wrong: int
    contexts: int
    kinds: Mapping[str, tuple[int, int]]
    tools: Mapping[str, tuple[int, int]]
    parameters: Mapping[str, tuple[int, int]]
    source: str = ""

    @property
    def mean(self) -> float:
        """The share of contexts that are wrong."""
        return self.wrong / self.contexts if self.contexts else 0.0


def factor(wrong: int, seen: int, mean: float) -> float:
    """What something is multiplied by, from LEAST to MOST; `mean` is a share."""
    if mean <= 0:
        return 1.0
    errors = (wrong + SMOOTHING * mean) / (seen + SMOOTHING)
    return round(min(MOST, max(LEAST, errors / mean)), DIGITS)


def factors(tallies: Mapping[str, tuple[int, int]], mean: float) -> dict[str, float]:
    """The factor of each name, those of 1 left out."""
    found = {name: factor(wrong, seen, mean) for name, (wrong, seen) in sorted(tallies.items())}
    return {name: one for name, one in found.items() if one != 1.0}


def raised(generation: GenerationSettings, errors: Errors) -> GenerationSettings:
    """The settings with shares of kinds multiplied, tools and parameters raised, and where that is from."""
    by_kind = factors(errors.kinds, errors.mean)
    kinds = {kind: round(share * by_kind.get(kind, 1.0), 6) for kind, share in generation.kinds.items()}
    told = RaisedSettings(
        tools=factors(errors.tools, errors.mean),
        parameters=factors(errors.parameters, errors.mean),
        source=errors.source,
    )
    return generation.model_copy(update={"kinds": kinds, "raised": told})


def errors_of(path: Path) -> Errors:
    """Of an evaluation's folder. Raises ConfigError."""
    scores = EvalDir(path).scores
    try:
        report = json.loads(read_ordinary(scores, MOST_BYTES))
        told, asked = report["errors"], report["asked"]
        models = ", ".join(sorted(report["tokens"]))
        return Errors(
            wrong=int(told["wrong"]),
            contexts=int(told["contexts"]),
            kinds=_tallies(told["kinds"]),
            tools=_tallies(told["tools"]),
            parameters=_tallies(told["parameters"]),
            source=f"{models} on {asked['digest'][:12]}",
        )
    except OSError as error:
        raise ConfigError(f"cannot read the scores: {error.strerror}", where=str(scores), fix=_FIX) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigError(f"these are no scores: {error!r}", where=str(scores), fix=_FIX) from error


def _tallies(told: Any) -> dict[str, tuple[int, int]]:
    """Raises TypeError or ValueError for what is none."""
    found = {str(name): (int(wrong), int(seen)) for name, (wrong, seen) in told.items()}
    if not all(0 <= wrong <= seen for wrong, seen in found.values()):
        raise ValueError("more errors than there are places for them")
    return found
