"""What an export is asked to change on its way from records to files."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

Thoughts = Literal["keep", "strip", "reasoning_content"]
Encoding = Literal["json", "strings"]


@dataclass(frozen=True, slots=True)
class Options:
    """The same options and records give the same bytes.

    `encoding`: tools and calls as JSON values, or as JSON text. `system_prompt_dropout` is the share of
    conversations, 0 to 1, without their system prompt. `max_tools`: at most so many tools, in another order;
    those that are called always stay. `mask_names`: functions get names that say nothing. `loss_mask`: each
    row says which of its messages are to be learnt.
    """

    thoughts: Thoughts = "keep"
    encoding: Encoding = "json"
    system_prompt_dropout: float = 0.0
    max_tools: int | None = None
    mask_names: bool = False
    loss_mask: bool = False
    seed: int = 0

    def dice(self, purpose: str, id: str) -> random.Random:
        """Randomness of one conversation and purpose: it does not depend on the records around it."""
        return random.Random(f"{self.seed}/{purpose}/{id}")
