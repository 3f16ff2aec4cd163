"""What was asked of a run, and by which version. Written once, replaced only when more is asked."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from funcdex import __version__
from funcdex.errors import CheckpointError
from funcdex.rundir.files import disk_faults, replace_file
from funcdex.rundir.layout import RunDir
from funcdex.settings.tree import Settings
from funcdex.types.conversation import JsonValue

FORMAT = 3
"""Version of the run directory. A higher one is refused. 2: the journal may hold turns of conversations that
are not whole yet, and what was said of scenarios that were compared. 3: what was given up may have its
text."""

FREE_TO_CHANGE = (
    "endpoints",
    "discovery",
    "pool",
    "ray",
    "prices",
    "tools",
    "tool_references",
    "catalog",
    "run_index",
    "dedup.device",
    "dedup.exact_up_to",
)
"""Settings that may differ on resume: where and how fast the work is done, not what comes out. `tools` and
`catalog` are paths; what lies there is compared by digest. `count` may grow."""

ABSENT = "(not set)"

_START_ANEW = "Restore the file from a copy, or begin another run with --run."


@dataclass(frozen=True, slots=True)
class Manifest:
    """`settings` is the whole effective tree as JSON, without secrets; `prompts` maps the name of each
    prompt to the hash of its template; `created_at` is ISO 8601 in UTC."""

    format: int
    funcdex: str
    python: str
    created_at: str
    tools_digest: str
    prompts: Mapping[str, str]
    settings: Mapping[str, JsonValue]

    @property
    def count(self) -> int:
        """Conversations planned."""
        return int(self.settings["count"])

    @property
    def seed(self) -> int:
        """What all randomness of the run follows from."""
        return int(self.settings["seed"])


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting, by its path in the tree, that is not what it was."""

    key: str
    old: JsonValue
    new: JsonValue

    def __str__(self) -> str:
        return f"{self.key}: {_shown(self.old)}, now {_shown(self.new)}"


def new_manifest(
    settings: Settings, *, tools_digest: str, prompts: Mapping[str, str], now: datetime
) -> Manifest:
    """The manifest of a run that begins now."""
    return Manifest(
        format=FORMAT,
        funcdex=__version__,
        python=platform.python_version(),
        created_at=now.astimezone(UTC).isoformat(timespec="seconds"),
        tools_digest=tools_digest,
        prompts=dict(prompts),
        settings=settings.model_dump(mode="json"),
    )


def settings_of(manifest: Manifest, run: RunDir) -> Settings:
    """The settings the run began with. Raises CheckpointError if this version does not understand them."""
    try:
        return Settings.model_validate(_with_kinds(manifest.settings))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise CheckpointError(
            f"setting {key!r} of the manifest cannot be used: {first['msg']}",
            where=str(run.manifest),
            fix=f"Resume with the version that began the run, {manifest.funcdex}, or begin another run.",
        ) from error


def _with_kinds(settings: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """A run begun before there were kinds has happy paths alone; its plans may not change."""
    generation = settings.get("generation")
    if not isinstance(generation, Mapping) or "kinds" in generation:
        return settings
    return {**settings, "generation": {**generation, "kinds": {"happy_path": 1.0}}}


def write_manifest(run: RunDir, manifest: Manifest) -> None:
    """Writes or replaces the manifest, durably and whole. Raises CheckpointError."""
    record = {
        "format": manifest.format,
        "funcdex": manifest.funcdex,
        "python": manifest.python,
        "created_at": manifest.created_at,
        "seed": manifest.seed,
        "count": manifest.count,
        "tools_digest": manifest.tools_digest,
        "prompts": dict(manifest.prompts),
        "settings": manifest.settings,
    }
    replace_file(run.manifest, json.dumps(record, indent=2, ensure_ascii=False).encode() + b"\n")


def read_manifest(run: RunDir) -> Manifest:
    """Raises CheckpointError if there is none, or it is damaged, or a newer version wrote it."""
    if not run.exists:
        raise CheckpointError(
            "no run is here: the manifest is missing",
            where=str(run.manifest),
            fix="Name a run directory; `funcdex generate --run DIR` begins one.",
        )
    with disk_faults(run.manifest, "reading the manifest", _START_ANEW):
        text = run.manifest.read_bytes()
    try:
        return _from_json(json.loads(text), run)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise CheckpointError(
            f"the manifest is damaged: {why}", where=str(run.manifest), fix=_START_ANEW
        ) from error


def differences(old: Manifest, new: Manifest) -> tuple[Difference, ...]:
    """What `new` asks for that would make other conversations than `old`, in the order of the tree."""
    before, after = dict(_compared(old)), dict(_compared(new))
    return tuple(
        Difference(key, before.get(key, ABSENT), after.get(key, ABSENT))
        for key in {**before, **after}
        if before.get(key, ABSENT) != after.get(key, ABSENT) and not _grown(key, before, after)
    )


def refuse_changes(old: Manifest, new: Manifest, run: RunDir) -> None:
    """Raises CheckpointError that shows the differences, if there are any."""
    if found := differences(old, new):
        shown = "; ".join(str(difference) for difference in found)
        raise CheckpointError(
            f"the run was begun with other settings: {shown}",
            where=str(run.manifest),
            fix="Go on with `funcdex resume`, begin another run with --run, or accept it: --accept-changes.",
        )


def _from_json(record: JsonValue, run: RunDir) -> Manifest:
    format, version = int(record["format"]), str(record["funcdex"])
    if format > FORMAT:
        raise CheckpointError(
            f"the run has format {format}, this version knows {FORMAT}",
            where=str(run.manifest),
            fix=f"Use funcdex {version} or newer: a run goes on with the version that began it.",
        )
    manifest = Manifest(
        format=format,
        funcdex=version,
        python=str(record["python"]),
        created_at=str(record["created_at"]),
        tools_digest=str(record["tools_digest"]),
        prompts=dict(record["prompts"]),
        settings=dict(record["settings"]),
    )
    if manifest.count < 1 or manifest.seed < 0:  # KeyError or TypeError if they are no numbers at all
        raise ValueError("count or seed is out of bounds")
    return manifest


def _compared(manifest: Manifest) -> Iterator[tuple[str, JsonValue]]:
    yield from (leaf for leaf in _leaves(manifest.settings) if not _is_free(leaf[0]))
    yield "tools_digest", manifest.tools_digest
    yield from ((f"prompts.{name}", digest) for name, digest in manifest.prompts.items())


def _leaves(tree: Mapping[str, JsonValue], path: str = "") -> Iterator[tuple[str, JsonValue]]:
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def _is_free(key: str) -> bool:
    return any(key == free or key.startswith(f"{free}.") for free in FREE_TO_CHANGE)


def _grown(key: str, before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> bool:
    return key == "count" and before.get(key, 0) <= after.get(key, 0)


def _shown(value: JsonValue) -> str:
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
