"""What a load test leaves behind: every sample, and how they were made. All figures follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from funcdex.bench.metrics import Limits, Sample
from funcdex.errors import ConfigError
from funcdex.ordinary_file import read_ordinary
from funcdex.types.level import Level

Constraint = Literal["none"] | Level
CONSTRAINTS: tuple[Constraint, ...] = ("none", *get_args(Level))
"""From the freest to the strictest."""

FORMAT = 1
LARGEST_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What the probe found."""

    url: str
    kind: str
    version: str
    model: str
    context_tokens: int | None
    slots: int | None
    dialect: str | None
    simulated: bool


@dataclass(frozen=True, slots=True)
class Load:
    """A server's own figures at one moment, on the clock of the samples."""

    endpoint: str
    at_s: float
    running: int
    waiting: int
    preemptions: int | None
    kv_used: float | None


@dataclass(frozen=True, slots=True)
class Round:
    """One constraint at one concurrency (requests in flight at each endpoint), measured once.

    Times count from its beginning. `client_cpu` is the share of one core that funcdex itself used.
    """

    constraint: Constraint
    concurrency: int
    repeat: int
    samples: Sequence[Sample]
    loads: Sequence[Load] = ()
    client_cpu: float = 0.0


@dataclass(frozen=True, slots=True)
class FirstUse:
    """Time to the first token under a grammar that the endpoint had never seen, and under the same again;
    to the end of a short answer where it does not stream. The prompt was in its cache both times."""

    endpoint: str
    constraint: Constraint
    fresh_s: float
    repeated_s: float
    grammar_bytes: int


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What a projection takes for given besides the rates measured. `source` says where it is from.

    `samples` are the conversations written for each that is planned, corrections included; `other_tokens`
    what the other stages write for it.
    """

    conversations: int = 10_000
    gpus_per_endpoint: float = 1.0
    accepted_share: float = 1.0
    samples: float = 1.0
    other_tokens: float = 1000.0
    source: str = "assumed; --run takes them from a run of yours"


@dataclass(frozen=True, slots=True)
class Setup:
    """How it was measured. `prompts` is a digest of them: only results with the same one compare in full."""

    created_at: str
    funcdex: str
    client: str
    source: str
    prompts: str
    constraints: tuple[Constraint, ...]
    requests: int
    repeats: int
    tool_sets: int
    max_tokens: int
    seed: int
    limits: Limits = Limits()
    assumptions: Assumptions = Assumptions()


@dataclass(frozen=True, slots=True)
class Result:
    """A whole load test, finished or broken off."""

    setup: Setup
    endpoints: Sequence[Endpoint]
    rounds: Sequence[Round]
    first_uses: Sequence[FirstUse] = ()
    notes: Sequence[str] = ()
    format: int = field(default=FORMAT)


def read_result(path: Path) -> Result:
    """A result that `--json` wrote. Raises ConfigError."""
    from pydantic import TypeAdapter, ValidationError

    fix = "Give a file that `funcdex bench --json FILE` wrote."
    try:
        found = TypeAdapter(Result).validate_json(read_ordinary(path, LARGEST_BYTES))
    except OSError as error:
        raise ConfigError(f"cannot read it: {error.strerror}", where=str(path), fix=fix) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise ConfigError(
            f"this is no result of a load test: {place}: {first['msg']}", where=str(path), fix=fix
        ) from None
    if found.format != FORMAT:
        raise ConfigError(f"a result of format {found.format}", where=str(path), fix=f"Known is {FORMAT}.")
    return found
