"""Whether endpoints keep to grammars: every constrained answer is matched here before it is believed.

A server may stop enforcing in mid-run: it was restarted with other flags, it falls back when a grammar costs
too much, one of several behind an address is of another version. Nothing in its answer tells.
"""

from __future__ import annotations

from collections import deque

from funcdex.errors import GrammarIgnored
from funcdex.grammar.check import fault_at, is_read
from funcdex.off_loop import off_loop, off_loop_if_long
from funcdex.types.request import Completion, Grammar, Request

WINDOW = 10
MOST_IGNORED = 2
"""One stray answer is an accident, and so are two; a server that ignores every grammar is out after three."""

_SHOWN_CHARS = 60


class TrustWindow:
    """The latest constrained answers of one endpoint."""

    def __init__(self) -> None:
        self._kept: deque[bool] = deque(maxlen=WINDOW)

    def record(self, *, kept: bool) -> None:
        """One more answer: whether it kept to its grammar."""
        self._kept.append(kept)

    @property
    def ignored(self) -> int:
        """How many of them did not."""
        return self._kept.count(False)

    @property
    def trusted(self) -> bool:
        """Whether the endpoint may go on."""
        return self.ignored <= MOST_IGNORED


async def believe(request: Request, completion: Completion) -> None:
    """Returns if the answer is in the language of its grammar, or, broken off, the beginning of one.

    Raises GrammarIgnored, and GrammarError for a grammar that cannot be read.
    """
    if request.grammar is None or _is_reasoning_alone(completion):
        return
    asked = request.grammar, completion.text, completion.finish_reason == "stop"
    if is_read(request.grammar):
        stray = await off_loop_if_long(len(completion.text), stray_at, *asked)
    else:
        stray = await off_loop(stray_at, *asked)
    if stray is not None:
        raise _ignored(completion, stray)


def stray_at(grammar: Grammar, text: str, whole: bool) -> int | None:
    """Where an answer leaves the language, in characters; None if it does not.

    White space around it, which chat layers add and take away, does not count, nor does the half of a
    character at which an answer was broken off.
    """
    if not whole:
        text = text.rstrip("\ufffd")
    stray = _stray_at(grammar, text, whole)
    if stray is None or (bare := text.strip()) == text:
        return stray
    return None if _stray_at(grammar, bare, whole) is None else stray


def _stray_at(grammar: Grammar, text: str, whole: bool) -> int | None:
    fault = fault_at(grammar, text)
    return None if not whole and fault == len(text) else fault


def _is_reasoning_alone(completion: Completion) -> bool:
    """The model never came to its answer, so the grammar had nothing to rule."""
    return completion.reasoning_tokens > 0 and not completion.text.strip()


def _ignored(completion: Completion, stray: int) -> GrammarIgnored:
    text = completion.text
    return GrammarIgnored(
        f"the answer leaves its grammar at character {stray} of {len(text)}: "
        f"{text[max(0, stray - 20) : stray + _SHOWN_CHARS]!r}",
        where=completion.endpoint,
        fix="It is asked for again; `funcdex doctor` tells whether the server enforces grammars.",
    )
