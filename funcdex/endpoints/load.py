"""What a server says of its own load, from its /metrics page (Prometheus' text form)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from funcdex.endpoints.http import EndpointClient
from funcdex.errors import EndpointError

_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class ServerLoad:
    """What a server says of itself. `preemptions` counts since its start, `kv_used` is a share; None: it
    does not say."""

    running: int
    waiting: int
    preemptions: int | None = None
    kv_used: float | None = None


_FIELDS: Mapping[bytes, str] = MappingProxyType(
    {
        b"vllm:num_requests_running": "running",
        b"vllm:num_requests_waiting": "waiting",
        b"vllm:num_preemptions_total": "preemptions",
        b"vllm:kv_cache_usage_perc": "kv_used",
        b"vllm:gpu_cache_usage_perc": "kv_used",
        b"llamacpp:requests_processing": "running",
        b"llamacpp:requests_deferred": "waiting",
        b"sglang:num_running_reqs": "running",
        b"sglang:num_queue_reqs": "waiting",
        b"sglang:token_usage": "kv_used",
    }
)
_BEGINNINGS = tuple({name.split(b":")[0] + b":" for name in _FIELDS})


async def read_load(client: EndpointClient) -> ServerLoad | None:
    """None if the server has no such page just now, or one that tells neither."""
    try:
        page = await client.get("/metrics", timeout_s=_TIMEOUT_S)
    except EndpointError:
        return None
    return load_of(page)


def load_of(page: bytes) -> ServerLoad | None:
    """Reads vLLM's, llama.cpp's and SGLang's names. Engines of one server are added up; of their caches the
    fullest counts. None if running and waiting requests are not told."""
    found: dict[str, float] = {}
    for line in page.splitlines():
        if not line.startswith(_BEGINNINGS):
            continue
        name, value = _sample(line)
        field = _FIELDS.get(name)
        if field is None or value is None:
            continue
        found[field] = (
            max(found.get(field, 0.0), value) if field == "kv_used" else found.get(field, 0.0) + value
        )
    if "running" not in found or "waiting" not in found:
        return None
    preemptions = found.get("preemptions")
    return ServerLoad(
        running=int(found["running"]),
        waiting=int(found["waiting"]),
        preemptions=None if preemptions is None else int(preemptions),
        kv_used=found.get("kv_used"),
    )


def _sample(line: bytes) -> tuple[bytes, float | None]:
    """Name and value of one line; a value that is no number of requests is None."""
    # A label's value may hold a brace and a blank, so the value is what follows the last brace.
    labelled = line.rfind(b"}")
    name = line.split(b"{", 1)[0].split(b" ", 1)[0]
    fields = line[labelled + 1 :].split() if labelled >= 0 else line.split()[1:]
    try:
        value = float(fields[0])
    except (ValueError, IndexError):
        return name, None
    return name, value if math.isfinite(value) and 0 <= value < 1e15 else None
