"""Which messages of a kept conversation are worth training on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from funcdex.export.messages import ChatMessage


def faulty_turns(verdicts: Mapping[str, Any] | None) -> frozenset[int]:
    """The turns, from 1, in which the assistant did anything that was judged flawed or wrong."""
    turns = (verdicts or {}).get("turns", ())
    return frozenset(entry["turn"] for entry in turns if entry["verdict"] != "good")


def loss_mask(messages: Sequence[ChatMessage], masked: Collection[int]) -> list[bool]:
    """For each message whether to train on it: the assistant's are, but for those of the `masked` turns,
    from 1. A turn begins with the user's message."""
    turn, mask = 0, []
    for message in messages:
        turn += message["role"] == "user"
        mask.append(message["role"] == "assistant" and turn not in masked)
    return mask
