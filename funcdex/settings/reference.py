"""The reference of all settings as Markdown, made from the tree itself (`docs/settings.md`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from funcdex.settings.sampling import SamplingSettings
from funcdex.settings.tree import Settings
from funcdex.settings.variety import Described, DifficultyLevel

INTRODUCTION = """# Settings

A YAML file, `FUNCDEX_*` variables and flags fill one tree; the later wins. In a file a dot is a level of
indentation, in a variable it is two underscores: `generation.level` is `FUNCDEX_GENERATION__LEVEL`. A key
that is not known is refused, with the nearest one that is. The effective tree is written to the run's
`manifest.json`, without secrets.

API keys come from the environment: `FUNCDEX_API_KEY`, or the variable that an endpoint names with
`;api_key_env=NAME`.

An endpoint is a base URL, with or without `/v1`, and options behind semicolons:
`http://host:8000;model=m;max_in_flight=128;kind=vllm`, `;stages=judge+system_prompt` for one that serves only
some stages; `sim` and `sim:4` are simulated ones that live as long as the run. `file:PATH`, `dns:NAME:PORT`,
`srv:_http._tcp.NAME` and `command:PROGRAM` list endpoints that may come and go ([fleets](fleets.md)).
"""

_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "below"}


def as_markdown() -> str:
    """The whole page."""
    rows = "\n".join(_rows(Settings, ""))
    return f"{INTRODUCTION}\n| setting | default | meaning |\n| --- | --- | --- |\n{rows}\n"


def _rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True, validated_data={})
        if isinstance(default, SamplingSettings):
            yield f"| `{prefix}{name}` | {_given(default)} | how this stage samples, see below |"
        elif isinstance(default, BaseModel):
            yield from _rows(type(default), f"{prefix}{name}.")
        elif isinstance(default, dict) and default:
            levels = ", ".join(f"{level}: {_weight(one)}" for level, one in default.items())
            yield f"| `{prefix}{name}` | {levels} | {_meaning(field)} |"
        else:
            yield f"| `{prefix}{name}` | {_shown(default)} | {_meaning(field)} |"
    if model is Settings:
        yield from _sampling_rows()


def _sampling_rows() -> Iterator[str]:
    for name, field in SamplingSettings.model_fields.items():
        yield f"| `sampling.STAGE.{name}` | as above | {_meaning(field)} |"


def _given(sampling: SamplingSettings) -> str:
    given = {key: value for key, value in sampling.model_dump().items() if value is not None}
    return ", ".join(f"{key} {value:g}" for key, value in given.items())


def _weight(one: float | Described | DifficultyLevel) -> str:
    return f"{one if isinstance(one, float) else one.weight:g}"


def _shown(default: Any) -> str:
    if default is None or default in ("", (), {}):
        return "-"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _meaning(field: FieldInfo) -> str:
    bounds = ", ".join(filter(None, map(_bound, field.metadata)))
    return (field.description or "whether it is on") + (f" ({bounds})" if bounds else "")


def _bound(metadata: object) -> str:
    found = [
        f"{words} {getattr(metadata, name)}" for name, words in _BOUNDS.items() if hasattr(metadata, name)
    ]
    return ", ".join(found)
