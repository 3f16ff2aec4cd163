"""How requests are sent, retried and withheld."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from funcdex.settings.node import Frozen


class PoolSettings(Frozen):
    """How requests are sent, retried and withheld."""

    max_in_flight: int | None = Field(
        default=None, ge=1, le=65_536, description="per endpoint, fixed; None: found while it works"
    )
    most_in_flight: int = Field(
        default=2048, ge=1, le=65_536, description="per endpoint, beyond which nothing is tried"
    )
    load_poll_s: float = Field(default=2, gt=0, description="time between two looks at a server's /metrics")
    stream: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="whether answers come token by token; auto: from llama.cpp, which stops sooner then",
    )
    stall_after_s: float = Field(
        default=60, gt=0, description="shortest time without progress after which a request goes elsewhere"
    )
    hedge: Literal["off", "tail"] = Field(
        default="tail",
        description="tail: when nothing waits, the last requests that take long go to an idle endpoint too",
    )
    max_attempts: int = Field(default=5, ge=1, le=100, description="tries of one request, the first included")
    backoff_base_s: float = Field(default=0.5, gt=0, description="first wait before a retry")
    backoff_max_s: float = Field(default=30, gt=0, description="longest wait before a retry")
    failures_to_open: int = Field(default=5, ge=1, description="faults in a row that open the circuit")
    open_for_s: float = Field(default=5, gt=0, description="time before an open circuit is probed")
    give_up_after_s: float = Field(default=600, gt=0, description="no endpoint for so long ends the run")
    probe_timeout_s: float = Field(default=60, gt=0, description="deadline of the probe at the start")
    drain_timeout_s: float = Field(
        default=60, ge=0, description="after an interrupt, time for what is in flight to be finished"
    )
