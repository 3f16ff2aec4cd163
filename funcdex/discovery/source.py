"""What lists endpoints that come and go, and which source an endpoint's spec names."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from funcdex.discovery.command import CommandSource
from funcdex.discovery.dns import AddressSource, ServiceSource
from funcdex.discovery.file import FileSource
from funcdex.settings.endpoint_spec import EndpointSpec


class Source(Protocol):
    """Where endpoints are listed. `name` is for messages, and tells no argument of a command."""

    @property
    def name(self) -> str:
        """One line."""

    async def listed(self) -> tuple[EndpointSpec, ...]:
        """All endpoints as of now, each once. Takes `timeout_s` at most; raises DiscoveryError."""


def source_of(spec: EndpointSpec, timeout_s: float) -> Source:
    """The source that a spec names, whose options are for all endpoints it lists. Raises DiscoveryError where
    a package is missing, and ValueError for a spec that is an endpoint itself."""
    match spec.listing:
        case ("file", place):
            return FileSource(Path(place), spec, timeout_s)
        case ("dns", place):
            return AddressSource(place, spec, timeout_s)
        case ("srv", place):
            return ServiceSource(place, spec, timeout_s)
        case ("command", place):
            return CommandSource(place, spec, timeout_s)
    raise ValueError(f"{spec.url} lists no endpoints")
