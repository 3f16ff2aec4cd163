"""What a conversation still owes before it may end: calls of certain tools, any call at all, an error."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from funcdex.dml.checks import Calls, ErrorResponses
from funcdex.errors import GrammarError
from funcdex.types.conversation import Turn
from funcdex.types.error_response import is_error
from funcdex.types.level import Level
from funcdex.types.tools import Tool

MAX_MUST_CALL = 5
MAX_STATES = 512
"""Sets of open obligations times user turns; each takes about 500 bytes of a grammar."""


@dataclass(frozen=True, slots=True)
class Owed:
    """The obligations that are open: `tools` by name, in order; `call`: any call; `error`: a response that is
    an error. A conversation that owes nothing is false."""

    tools: tuple[str, ...] = ()
    call: bool = False
    error: bool = False

    def __bool__(self) -> bool:
        return bool(self.tools) or self.call or self.error

    def __len__(self) -> int:
        return len(self.tools) + self.call + self.error

    def after_call(self, tool: str) -> Owed:
        """What is left once this tool has been called."""
        return replace(self, tools=tuple(name for name in self.tools if name != tool), call=False)

    def after_error(self) -> Owed:
        """What is left once a tool has failed."""
        return replace(self, error=False)

    def after_turns(self, turns: Iterable[Turn]) -> Owed:
        """What is left after these turns."""
        left = self
        for step in (step for turn in turns for message in turn.messages for step in message.steps):
            for call in step.calls:
                left = left.after_call(call.name)
            if any(is_error(response) for response in step.responses):
                left = left.after_error()
        return left


def owed_at_start(
    tools: Iterable[Tool],
    *,
    must_call: Collection[str],
    calls: Calls,
    error_responses: ErrorResponses,
    level: Level,
    max_user_turns: int,
) -> Owed:
    """What a conversation with these parameters owes at its beginning.

    Raises GrammarError for what cannot be asked for, or would take too large a grammar.
    """
    _refuse_names(must_call, {tool.name for tool in tools}, level)
    error = error_responses == "required"
    if calls == "none" and (must_call or error):
        asked = "must_call" if must_call else "error_responses: required"
        raise GrammarError(
            f"{asked} takes calls, and there are to be none",
            where="calls: none",
            fix=f"Leave out either calls: none or {asked}.",
        )
    if not tools and (error or calls == "required"):
        raise GrammarError(
            "calls are asked for, and there is nothing to call",
            where="error_responses" if error else "calls",
            fix="Show at least one tool, or ask for no calls.",
        )
    # A tool that has to be called, or to fail, is a call already.
    call = calls == "required" and not must_call and not error
    owed = Owed(tuple(sorted(set(must_call))), call, error)
    _refuse_size(owed, max_user_turns)
    return owed


def _refuse_names(must_call: Collection[str], known: Collection[str], level: Level) -> None:
    if must_call and level == "markup":
        raise GrammarError(
            "a grammar that does not tell tools apart cannot say which have to be called",
            where="must_call with level: markup",
            fix="Set level: names or schema, or leave must_call out.",
        )
    strange = sorted(name for name in must_call if name not in known)
    if strange:
        raise GrammarError(
            f"{', '.join(map(repr, strange))} cannot be called: no tool has this name",
            where="must_call",
            fix=f"Name some of {', '.join(sorted(known)[:8]) or 'the tools, of which there are none'}.",
        )


def _refuse_size(owed: Owed, max_user_turns: int) -> None:
    states = 2 ** len(owed) * max_user_turns
    if len(owed.tools) > MAX_MUST_CALL:
        raise GrammarError(
            f"{len(owed.tools)} tools have to be called; a grammar can ask for {MAX_MUST_CALL} at most",
            where="must_call",
            fix="Name fewer tools.",
        )
    if states > MAX_STATES:
        raise GrammarError(
            f"the grammar would need {states} states, of {MAX_STATES} at most: 2^{len(owed)} sets of what is "
            f"owed, in each of {max_user_turns} user turns",
            where="must_call, error_responses, max_user_turns",
            fix=f"Lower max_user_turns to {MAX_STATES // 2 ** len(owed)}, or name fewer tools in must_call.",
        )
