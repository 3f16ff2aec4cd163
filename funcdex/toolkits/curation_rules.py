"""The rules of curation, as the user sees and changes them: one YAML file, its keys and its limits."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from funcdex.errors import ConfigError, ToolDefinitionError
from funcdex.toolkits.load import load_document

SHIPPED = Path(__file__).with_name("curation_rules.yaml")
_LONGEST_PATTERN = 1000


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Lengths(_Rules):
    """Longest descriptions, in characters."""

    toolkit_chars: int = Field(default=1000, ge=20, le=10_000)
    tool_chars: int = Field(default=600, ge=20, le=10_000)
    parameter_chars: int = Field(default=300, ge=20, le=10_000)


class DropParameters(_Rules):
    """Arguments to take away: by name, whatever its case, or by a pattern that matches the whole name."""

    rule: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
    names: tuple[str, ...] = ()
    pattern: str = Field(default="", max_length=_LONGEST_PATTERN)
    even_required: bool = False

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from error
        return value

    def takes(self, name: str, is_required: bool) -> bool:
        """Whether an argument of this name goes."""
        if is_required and not self.even_required:
            return False
        if name.lower() in _lowered(self.names):
            return True
        return bool(self.pattern) and re.fullmatch(self.pattern, name) is not None


@lru_cache(maxsize=64)
def _lowered(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


class Budget(_Rules):
    """How much of a schema stays: levels of objects, and properties of one object."""

    levels: int = Field(default=5, ge=1, le=40)
    properties: int = Field(default=40, ge=1, le=10_000)


class Rules(_Rules):
    """All of curation. Without a key its shipped value holds."""

    descriptions: Lengths = Lengths()
    drop_parameters: tuple[DropParameters, ...] = ()
    schemas: Budget = Budget()
    merge_versions: bool = True
    merge_same: bool = True
    deprecated: Literal["keep", "mark", "drop"] = "mark"


def load_rules(path: Path = SHIPPED) -> Rules:
    """The rules in a file. Raises ConfigError with the key that is wrong."""
    try:
        return Rules.model_validate(load_document(path) or {})
    except ToolDefinitionError as error:
        raise ConfigError(error.what, where=error.where, fix=error.fix) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the file"
        fix = f"Correct it; {SHIPPED.name} of the package shows every key."
        raise ConfigError(f"{key}: {first['msg']}", where=str(path), fix=fix) from error
