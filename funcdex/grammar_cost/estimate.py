"""What masks cost a server, by arithmetic: vLLM makes the masks of a step before it goes on with the next.

Up to `SERIAL_REQUESTS` constrained requests in a step it fills one mask after another, above that in up to
`THREADS` threads. Nothing is taken to overlap with the GPU's work, so the loss is an upper bound.
"""

from __future__ import annotations

from dataclasses import dataclass

SERIAL_REQUESTS = 128
THREADS = 8


@dataclass(frozen=True, slots=True)
class Throughput:
    """Of one server with `batch` requests in each step of `step_ms`; `lost` is a share, 0 to 1."""

    batch: int
    step_ms: float
    masks_ms: float
    free_tokens_per_s: float
    tokens_per_s: float
    lost: float


def throughput(mask_ms: float, *, batch: int, step_ms: float) -> Throughput:
    """With masks of `mask_ms` each, and without."""
    masks_ms = batch * mask_ms / (THREADS if batch > SERIAL_REQUESTS else 1)
    free, bound = batch / step_ms * 1e3, batch / (step_ms + masks_ms) * 1e3
    return Throughput(batch, step_ms, masks_ms, free, bound, masks_ms / (masks_ms + step_ms))
