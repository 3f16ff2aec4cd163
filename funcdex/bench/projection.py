"""From a rate to hours: how long a data set takes, and what was taken for granted on the way."""

from __future__ import annotations

from dataclasses import dataclass

from funcdex.bench.result import Assumptions


@dataclass(frozen=True, slots=True)
class Projection:
    """At the recommended limits. `assumptions` are sentences for people."""

    conversations: int
    conversations_per_gpu_hour: float
    hours: float
    tokens_per_conversation: float
    assumptions: tuple[str, ...]


def project(
    given: Assumptions, *, tokens_per_s: float, mean_tokens: float, endpoints: int
) -> Projection | None:
    """`mean_tokens` are of one answer, `tokens_per_s` of all endpoints. None where nothing was measured."""
    tokens = given.samples * mean_tokens + given.other_tokens
    accepted_per_s = tokens_per_s / tokens * given.accepted_share if tokens else 0.0
    gpus = given.gpus_per_endpoint * endpoints
    if accepted_per_s <= 0 or gpus <= 0:
        return None
    return Projection(
        conversations=given.conversations,
        conversations_per_gpu_hour=3600 * accepted_per_s / gpus,
        hours=given.conversations / accepted_per_s / 3600,
        tokens_per_conversation=tokens / given.accepted_share,
        assumptions=(
            f"{endpoints} endpoints of {given.gpus_per_endpoint:g} GPUs each, all busy all the time",
            f"{tokens_per_s:.0f} output tokens/s over all of them, as measured",
            f"{mean_tokens:.0f} tokens in an answer, as measured",
            f"{given.samples:.2f} answers for each conversation planned, corrections too ({given.source})",
            f"{given.other_tokens:.0f} tokens more from other stages, at the same rate ({given.source})",
            f"{given.accepted_share:.0%} of what is planned is accepted ({given.source})",
        ),
    )
