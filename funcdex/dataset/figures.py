"""What is counted of the records on their way into an export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from funcdex.export.sample import Record, Sample, name_of

UNKNOWN = "not told"


@dataclass(slots=True)
class Figures:
    """Counts over what was exported; `prompts` counts conversations by stage and version of its prompt, the
    last three how many conversations have so many messages and calls, and calls so many arguments."""

    conversations: int = 0
    messages: int = 0
    user_turns: int = 0
    calls: int = 0
    arguments: int = 0
    parallel: int = 0
    with_thoughts: int = 0
    without_calls: int = 0
    with_system: int = 0
    text_beside_calls: int = 0
    tools_shown: int = 0
    simulated: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    toolkits: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    prompts: Counter[tuple[str, str]] = field(default_factory=Counter)
    tools: Counter[str] = field(default_factory=Counter)
    called: Counter[str] = field(default_factory=Counter)
    characters: int = 0
    by_messages: Counter[int] = field(default_factory=Counter)
    by_calls: Counter[int] = field(default_factory=Counter)
    by_arguments: Counter[int] = field(default_factory=Counter)

    def add(self, sample: Sample, record: Record) -> None:
        """One conversation, as it is exported."""
        self.conversations += 1
        self.messages += len(sample.messages)
        self.by_messages[len(sample.messages)] += 1
        self.characters += len(sample.system or "")
        calls = 0
        for message in sample.messages:
            if message.role == "user":
                self.user_turns += 1
            self.characters += len(message.text) + len(message.thought or "")
            for call in message.calls:
                self.characters += len(call.name) + len(call.arguments)
                self.by_arguments[len(call.values)] += 1
                self.arguments += len(call.values)
                self.called[call.name] += 1
            calls += len(message.calls)
            self.parallel += len(message.calls) > 1
            self.text_beside_calls += bool(message.calls and message.text)
        self.calls += calls
        self.by_calls[calls] += 1
        self.without_calls += not calls
        self.with_thoughts += any(message.thought is not None for message in sample.messages)
        self.with_system += sample.system is not None
        self.tools_shown += len(sample.tools)
        self.tools.update(map(name_of, sample.tools))
        self.kinds[sample.kind or UNKNOWN] += 1
        self.toolkits[sample.toolkit or UNKNOWN] += 1
        self._add_origin(record)

    def _add_origin(self, record: Record) -> None:
        model, prompts = record.get("model"), record.get("prompts")
        self.models[model if isinstance(model, str) and model else UNKNOWN] += 1
        self.simulated += record.get("simulated") is True
        if isinstance(prompts, dict):
            self.prompts.update((str(stage), str(version)) for stage, version in prompts.items())

    @property
    def tokens(self) -> int:
        """Of all texts but the tools, roughly: four characters are a token."""
        return round(self.characters / 4)

    def as_json(self) -> Mapping[str, Any]:
        """The figures for the report; what has many values is in the card's tables."""
        return {
            "conversations": self.conversations,
            "messages": self.messages,
            "user_turns": self.user_turns,
            "calls": self.calls,
            "arguments": self.arguments,
            "tokens_estimated": self.tokens,
            "messages_with_parallel_calls": self.parallel,
            "messages_with_text_beside_calls": self.text_beside_calls,
            "conversations_with_thoughts": self.with_thoughts,
            "conversations_without_calls": self.without_calls,
            "conversations_with_system_prompt": self.with_system,
            "distinct_tools_shown": len(self.tools),
            "distinct_tools_called": len(self.called),
            "simulated": self.simulated,
            "kinds": dict(sorted(self.kinds.items())),
            "toolkits": dict(sorted(self.toolkits.items())),
            "models": dict(sorted(self.models.items())),
        }
