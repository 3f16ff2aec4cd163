"""What is known of a conversation beside its text and its tools; None and () where nothing is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Given:
    """`system`: the system prompt, if the assistant had it while it was written. `persona` and `scenario` are
    what the writer was told of the user and the situation. `language`: what user and assistant were to speak,
    as in `en` or `pt-BR`. `today`: the day on which they speak. `refusals`: the kind of conversation calls
    for an assistant that declines.
    """

    system: str | None = None
    persona: str | None = None
    scenario: str | None = None
    language: str | None = None
    today: date | None = None
    refusals: bool = False

    @property
    def english(self) -> bool:
        """Whether what is said can be read: the words for numbers, days, names of things and errors are
        English. An unknown language counts as English."""
        return self.language is None or self.language.lower().partition("-")[0].partition("_")[0] == "en"


NOTHING = Given()
