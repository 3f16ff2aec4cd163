"""Where settings come from: a YAML file, FUNCDEX_* variables, flags; the later wins.

The only module that reads the environment.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from funcdex.errors import ConfigError
from funcdex.ordinary_file import read_ordinary
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.predecessor import is_predecessor_config, translate
from funcdex.settings.tree import Settings
from funcdex.yaml_text import parse_yaml

MAX_CONFIG_BYTES = 1_000_000
"""A configuration file is small; anything else is a mistake (a data file) or an attack."""
_MOST_VALUES = 100_000

API_KEY_VARIABLE = "FUNCDEX_API_KEY"
"""The key sent to endpoints that name no variable of their own."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings and what the reader of the configuration should know about them."""

    settings: Settings
    notes: tuple[str, ...] = ()


def load(config: Path | None = None, flags: Mapping[str, Any] | None = None) -> Loaded:
    """Settings from `config`, the environment and `flags` (nested, only what was given).

    Raises ConfigError on a file that cannot be read and on any key or value that has no place.
    """
    from_file, notes = _read(config) if config else ({}, ())
    try:
        return Loaded(_merge(from_file, flags or {}), notes)
    except ValidationError as error:
        raise _explained(error, str(config or "flags and environment")) from None
    except SettingsError as error:  # its text names the setting; its cause holds the value
        fix = "Write lists and mappings in a variable as JSON."
        raise ConfigError(str(error), where="environment", fix=fix) from None


def endpoints_from(urls: Sequence[str]) -> tuple[EndpointSpec, ...]:
    """Endpoints as a user names them. Raises ConfigError."""
    return load(None, {"endpoints": list(urls)}).settings.endpoints


def api_key_of(spec: EndpointSpec) -> SecretStr | None:
    """The key for an endpoint: its own, that of the variable it names, or FUNCDEX_API_KEY.

    Raises ConfigError if the variable it names is not set.
    """
    if spec.api_key is not None:
        return spec.api_key
    name = spec.api_key_env or API_KEY_VARIABLE
    value = os.environ.get(name)
    if spec.api_key_env and value is None:
        raise ConfigError(
            f"environment variable {name} is not set",
            where=f"endpoint {spec.url}",
            fix="Set it, or leave out api_key_env.",
        )
    return SecretStr(value) if value else None


def _read(path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    data = _parse(path)
    if is_predecessor_config(data):
        return translate(data, path, os.environ)
    return data, ()


def _parse(path: Path) -> dict[str, Any]:
    fix = "Give the path of a YAML file of settings."
    try:
        text = read_ordinary(path, MAX_CONFIG_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"cannot read it: {error.strerror}", where=str(path), fix=fix) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"byte {error.start} is not UTF-8", where=str(path), fix=fix) from None
    data = parse_yaml(text, str(path), ConfigError, _MOST_VALUES)
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError("settings are a mapping of names to values", where=str(path), fix=fix)
    return data


def _merge(from_file: dict[str, Any], flags: Mapping[str, Any]) -> Settings:
    class Merged(Settings, BaseSettings):
        """The tree, filled from flags before environment before file."""

        model_config = SettingsConfigDict(
            frozen=True, extra="forbid", env_prefix="FUNCDEX_", env_nested_delimiter="__"
        )

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, from_file)

    return Merged(**flags)


def _explained(error: ValidationError, source: str) -> ConfigError:
    """The first fault of a validation as one message: what, where, what to do."""
    first = error.errors(include_url=False, include_input=False)[0]
    path = ".".join(str(part) for part in first["loc"]) or "settings"
    where = f"{path} in {source}"
    if first["type"] == "extra_forbidden":
        known = _keys_at(first["loc"][:-1])
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
        fix = f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(known)}."
        return ConfigError(f"no setting is called {first['loc'][-1]!r}", where=where, fix=fix)
    message = first["msg"].removeprefix("Value error, ")
    return ConfigError(message, where=where, fix="Change or drop this setting.")


def _keys_at(path: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in path:
        field = model.model_fields.get(str(part))
        annotation = field.annotation if field else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return sorted(EndpointSpec.model_fields) if "endpoints" in path else []
        model = annotation
    return sorted(model.model_fields)
