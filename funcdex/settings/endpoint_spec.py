"""How a user names an endpoint: `http://host:8000;model=m;max_in_flight=128;kind=vllm`, or `sim:4`.

Or where endpoints are listed, which may change in mid-run: `file:workers.txt`, `dns:workers.ml.svc:8000`,
`srv:_http._tcp.workers.ml.svc`, `command:list-workers`. Options behind it are for all that are listed.
"""

from __future__ import annotations

import re
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from funcdex.types.record import ROLES
from funcdex.types.request import Dialect

Kind = Literal["auto", "vllm", "sglang", "llamacpp", "fireworks"]

_OPTION_NAME = re.compile(r"[a-z_]{1,20}")
_SIMULATED = re.compile(r"sim(?::(\d{1,3}))?")
_HOST = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_.])?"
_SOURCES = {
    "file": re.compile(r"\S.*"),
    "dns": re.compile(rf"{_HOST}(?::\d{{1,5}})?"),
    "srv": re.compile(rf"_https?\._tcp\.{_HOST}"),
    "command": re.compile(r"\S.*"),
}
_SOURCE_FORMS = "file:PATH, dns:NAME:PORT, srv:_http._tcp.NAME or command:PROGRAM"


class EndpointSpec(BaseModel):
    """One endpoint as asked for. What it really is, the probe finds out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(description="base URL without /v1, `sim`, `sim:4`, or what lists endpoints")
    model: str | None = Field(default=None, description="model to ask for; None: the server's first")
    max_in_flight: int | None = Field(default=None, ge=1, le=65_536, description="limit of this endpoint")
    kind: Kind = Field(default="auto", description="which server it is; auto: ask it")
    dialect: Dialect | None = Field(default=None, description="notation of grammars; None: the best it takes")
    stages: tuple[str, ...] = Field(
        default=(), description="stages it serves, `correction` among them; empty: all"
    )
    api_key_env: str | None = Field(default=None, description="environment variable that holds its key")
    api_key: SecretStr | None = Field(default=None, exclude=True, repr=False, description="never written")

    @field_validator("url")
    @classmethod
    def _base_url(cls, url: str) -> str:
        if _SIMULATED.fullmatch(url):
            return url
        if (listing := _listing(url)) is not None:
            if not _SOURCES[listing[0]].fullmatch(listing[1]):
                raise ValueError(f"endpoints are listed by {_SOURCE_FORMS}")
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
        unknown = sorted(set(stages) - set(ROLES))
        if unknown:
            raise ValueError(f"no stage is called {unknown[0]!r}; stages are {', '.join(ROLES)}")
        return stages

    @property
    def listing(self) -> tuple[str, str] | None:
        """The kind of source and where it is, for one that lists endpoints; None for an endpoint."""
        return _listing(self.url)

    @property
    def simulated(self) -> int:
        """How many simulated endpoints this stands for; 0 for a real one."""
        match = _SIMULATED.fullmatch(self.url)
        return int(match.group(1) or 1) if match else 0


def _listing(url: str) -> tuple[str, str] | None:
    kind, colon, place = url.partition(":")
    return (kind, place.strip()) if colon and kind in _SOURCES else None


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
