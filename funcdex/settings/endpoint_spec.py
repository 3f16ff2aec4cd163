"""How a user names an endpoint: `http://host:8000;model=m;max_in_flight=128;kind=vllm`, or `sim:4`."""

from __future__ import annotations

import re
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from funcdex.types.record import PARTS, STAGES
from funcdex.types.request import Dialect

Kind = Literal["auto", "vllm", "sglang", "llamacpp", "fireworks"]

_OPTION_NAME = re.compile(r"[a-z_]{1,20}")
_SIMULATED = re.compile(r"sim(?::(\d{1,3}))?")


class EndpointSpec(BaseModel):
    """One endpoint as asked for. What it really is, the probe finds out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(description="base URL without /v1, or `sim`, `sim:4`")
    model: str | None = Field(default=None, description="model to ask for; None: the server's first")
    max_in_flight: int | None = Field(default=None, ge=1, le=65_536, description="limit of this endpoint")
    kind: Kind = Field(default="auto", description="which server it is; auto: ask it")
    dialect: Dialect | None = Field(default=None, description="notation of grammars; None: the best it takes")
    stages: tuple[str, ...] = Field(default=(), description="stages it serves; empty: all")
    api_key_env: str | None = Field(default=None, description="environment variable that holds its key")
    api_key: SecretStr | None = Field(default=None, exclude=True, repr=False, description="never written")

    @field_validator("url")
    @classmethod
    def _base_url(cls, url: str) -> str:
        if _SIMULATED.fullmatch(url):
            return url
        # Before anything reads it: what follows a mistaken `/` or `;` in a password would be kept or shown.
        if "@" in url:
            raise ValueError("no credentials in an endpoint's URL; name a variable with ;api_key_env=NAME")
        try:
            parts = urlsplit(url)
            parts.port  # noqa: B018 - raises where it is none
        except ValueError:
            raise ValueError("an endpoint is http://host:port, https://host or sim") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an endpoint is http://host:port, https://host or sim")
        if parts.query or parts.fragment:
            raise ValueError("an endpoint's URL has no query and no fragment")
        return url.rstrip("/").removesuffix("/v1").rstrip("/")

    @field_validator("stages")
    @classmethod
    def _known_stages(cls, stages: tuple[str, ...]) -> tuple[str, ...]:
        known = (*STAGES, *PARTS)
        unknown = sorted(set(stages) - set(known))
        if unknown:
            raise ValueError(f"no stage is called {unknown[0]!r}; stages are {', '.join(known)}")
        return stages

    @property
    def simulated(self) -> int:
        """How many simulated endpoints this stands for; 0 for a real one."""
        match = _SIMULATED.fullmatch(self.url)
        return int(match.group(1) or 1) if match else 0


def parse_endpoint(value: Any) -> Any:
    """The text form as fields of EndpointSpec; anything but a string is left to pydantic."""
    if not isinstance(value, str):
        return value
    url, *options = (part.strip() for part in value.split(";"))
    fields: dict[str, Any] = {"url": url}
    for option in filter(None, options):
        key, equals, text = option.partition("=")
        if not equals or key not in _OPTIONS:
            # Never the value, nor what may be the rest of a password: it is a message.
            named = f"{key!r} is" if equals and _OPTION_NAME.fullmatch(key) else "what follows a `;` is"
            raise ValueError(f"{named} no option of an endpoint; options are {', '.join(_OPTIONS)}")
        fields[key] = tuple(text.split("+")) if key == "stages" else text
    return fields


_OPTIONS = ("model", "max_in_flight", "kind", "dialect", "stages", "api_key_env")
