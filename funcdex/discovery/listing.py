"""A list of endpoints as text: one a line, or JSON or YAML as in a file of settings.

    # comment                                  ["http://a:8000", "http://b:8000;stages=judge"]
    http://a:8000                              endpoints:
    http://b:8000;stages=judge                   - {url: "http://a:8000", max_in_flight: 256}

Who writes the list is not always who runs funcdex: it names no keys, no variables that hold keys, and
nothing that would be started or read here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from funcdex.errors import DiscoveryError
from funcdex.settings.endpoint_spec import EndpointSpec, parse_endpoint
from funcdex.yaml_text import parse_yaml

MOST_BYTES = 1_000_000
MOST_ENDPOINTS = 10_000
_MOST_VALUES = 200_000
_FIX = "List base URLs, one a line, or as a JSON or YAML list."
_OPTIONS_OF_ALL = ("model", "max_in_flight", "kind", "dialect", "stages", "api_key_env", "api_key")


def specs_of(text: str, where: str, options: EndpointSpec) -> tuple[EndpointSpec, ...]:
    """The endpoints of a list, each once and in order. Raises DiscoveryError, with the place of the fault.

    What an endpoint does not say for itself (model, limit, stages), it has from `options`.
    """
    items = _items(text, where)
    if len(items) > MOST_ENDPOINTS:
        raise DiscoveryError(f"more than {MOST_ENDPOINTS:,} endpoints", where=where, fix=_FIX)
    specs = [_spec(item, f"{where}, endpoint {number}") for number, item in enumerate(items, start=1)]
    return with_options(specs, options)


def with_options(specs: Iterable[EndpointSpec], options: EndpointSpec) -> tuple[EndpointSpec, ...]:
    """The endpoints, each once, with those options that they have not of their own."""
    given = {name: getattr(options, name) for name in options.model_fields_set.intersection(_OPTIONS_OF_ALL)}
    return tuple(
        dict.fromkeys(
            spec.model_copy(update={k: v for k, v in given.items() if k not in spec.model_fields_set})
            for spec in specs
        )
    )


def decoded(data: bytes, where: str) -> str:
    """The list's text. Raises DiscoveryError."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DiscoveryError(f"byte {error.start} is not UTF-8", where=where, fix=_FIX) from None


def _items(text: str, where: str) -> list[Any]:
    lines = [line for raw in text.splitlines() if (line := raw.split(" #")[0].strip()) and line[0] != "#"]
    if not lines or not _is_structured(lines[0]):
        return list(lines)
    data = parse_yaml(text, where, DiscoveryError, _MOST_VALUES)
    if isinstance(data, dict) and isinstance(data.get("endpoints"), list):
        data = data["endpoints"]
    if not isinstance(data, list):
        raise DiscoveryError("it is no list of endpoints", where=where, fix=_FIX)
    return data


def _is_structured(line: str) -> bool:
    return line[0] in "[{" or line in ("-", "---") or line.startswith(("- ", "endpoints:"))


def _spec(item: Any, where: str) -> EndpointSpec:
    try:
        spec = EndpointSpec.model_validate(parse_endpoint(item))
    except (ValidationError, ValueError) as error:
        what = error.errors(include_input=False)[0]["msg"] if isinstance(error, ValidationError) else error
        raise DiscoveryError(str(what).removeprefix("Value error, "), where=where, fix=_FIX) from None
    if spec.simulated or spec.listing:
        raise DiscoveryError("a list names base URLs only", where=where, fix=_FIX)
    if spec.api_key is not None or spec.api_key_env is not None:
        raise DiscoveryError(
            "a list names no keys",
            where=where,
            fix="Name the variable with the source: `file:PATH;api_key_env=NAME` is for all that it lists.",
        )
    return spec
