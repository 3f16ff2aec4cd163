"""A conversation that grows message by message, in markup at every moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from funcdex.dml.jsontext import encode
from funcdex.dml.lexer import tokens
from funcdex.dml.parser import parse
from funcdex.dml.text import escape
from funcdex.types.conversation import JsonValue, ToolCall, Turn

_SPEAKER = "</assistant>\n"
_SILENT = f"{_SPEAKER}<tool>"


@dataclass(slots=True)
class Talk:
    """`lines` are whole lines of markup, one or several each. `turns` counts the messages of the user."""

    lines: list[str] = field(default_factory=list)
    turns: int = 0
    _turn_begins: int = 0
    _answered: bool = False

    @property
    def text(self) -> str:
        """All that was said, without a line break at the end."""
        return "\n".join(self.lines)

    @property
    def latest_turn(self) -> str:
        """The same of the turn that began last."""
        return "\n".join(self.lines[self._turn_begins :])

    def take_up(self, turns: Sequence[str]) -> None:
        """Begins with whole turns that were said before."""
        self.lines += turns
        self.turns += len(turns)

    def user_says(self, words: str) -> None:
        """The next turn begins. The words are not empty."""
        self._turn_begins = len(self.lines)
        self.lines += ["</user>", escape(words.strip())]
        self.turns += 1
        self._answered = False

    def assistant_says(self, message: str) -> tuple[ToolCall, ...]:
        """One message in markup, from its speaker to its words or its last call; returns its calls.

        A silent call after a response is a further step of the message before, so it loses its speaker.
        Raises MarkupError.
        """
        message = message.strip()
        self.lines.append(message.removeprefix(_SPEAKER) if self._is_further_step(message) else message)
        called = (token.value for token in tokens(message) if token.kind == "<tool>")
        return tuple(ToolCall(call["name"], call["arguments"]) for call in called)

    def tools_answer(self, responses: Sequence[JsonValue]) -> None:
        """One response for each call of the message, in order. Raises ValueError for what is no JSON."""
        self.lines += [f"<tool_response>{encode(response)}</tool_response>" for response in responses]
        self._answered = True

    def whole_turns(self) -> tuple[Turn, ...]:
        """What was said, once a turn has come to its end; none before the first. Raises MarkupError."""
        return parse(self.text).turns if self.lines else ()

    def _is_further_step(self, message: str) -> bool:
        return self._answered and message.startswith(_SILENT)
